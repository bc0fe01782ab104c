//! jwt-authorizer as its documents show it, on one guarded route: `guard-peer-jwt-authorizer ALGORITHM FOLDER`.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use anyhow::{Context, Result, anyhow};
use axum::{Router, routing::get};
use jwt_authorizer::{Authorizer, IntoLayer, JwtAuthorizer, JwtClaims, Validation};
use serde::Deserialize;
use tokio::{net::TcpListener, runtime::Builder};

/// What a program that reads the same claims as ours would deserialize.
#[derive(Clone, Deserialize)]
#[expect(dead_code, reason = "the fields are there to be read")]
struct Access {
    iss: String,
    sub: String,
    aud: String,
    exp: i64,
    iat: i64,
    jti: String,
    client_id: String,
    roles: Vec<String>,
    scope: String,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let algorithm = arguments.next().context("which algorithm?")?;
    let folder = arguments.next().context("which folder?")?;
    // One thread, as the others have.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(&algorithm, Path::new(&folder)))
}

async fn serve(algorithm: &str, folder: &Path) -> Result<()> {
    let builder = if algorithm == "HS256" {
        JwtAuthorizer::from_secret(&fs::read_to_string(folder.join("secret"))?)
    } else {
        JwtAuthorizer::from_ec_pem_text(&fs::read_to_string(folder.join("public.pem"))?)
    };
    let validation = Validation::new()
        .iss(&["https://id.example.com"])
        .aud(&["https://api.example.com"])
        .leeway(0);
    let authorizer: Authorizer<Access> = builder
        .validation(validation)
        .build()
        .await
        .map_err(|error| anyhow!("{error}"))?;
    let me = get(async |JwtClaims(claims): JwtClaims<Access>| claims.sub);
    let router = Router::new()
        .route("/me", me)
        .layer(authorizer.into_layer());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(io::stdout(), "http://{}", listener.local_addr()?)?;
    Ok(axum::serve(listener, router).await?)
}
