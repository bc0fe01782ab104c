//! axum-jwt-auth as its documents show it, on one guarded route: `guard-peer-axum-jwt-auth ALGORITHM FOLDER`.

use std::{
    fs,
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use anyhow::{Context, Result};
use axum::{Router, routing::get};
use axum_jwt_auth::{Claims, Decoder, LocalDecoder};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use tokio::{net::TcpListener, runtime::Builder};

/// What a program that reads the same claims as ours would deserialize.
#[derive(Deserialize)]
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
    let folder = Path::new(&folder);
    let (key, algorithm) = if algorithm == "HS256" {
        let secret = fs::read(folder.join("secret"))?;
        (DecodingKey::from_secret(&secret), Algorithm::HS256)
    } else {
        let pem = fs::read(folder.join("public.pem"))?;
        (DecodingKey::from_ec_pem(&pem)?, Algorithm::ES256)
    };
    let mut validation = Validation::new(algorithm);
    validation.leeway = 0;
    validation.set_issuer(&["https://id.example.com"]);
    validation.set_audience(&["https://api.example.com"]);
    let decoder = LocalDecoder::builder()
        .keys(vec![key])
        .validation(validation)
        .build()?;
    let state: Decoder<Access> = Arc::new(decoder);
    let me = get(async |caller: Claims<Access>| caller.claims.sub);
    let router = Router::new().route("/me", me).with_state(state);
    // One thread, as the others have.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        writeln!(io::stdout(), "http://{}", listener.local_addr()?)?;
        Ok(axum::serve(listener, router).await?)
    })
}
