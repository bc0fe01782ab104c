//! A site that people log in to at another provider, and a posts API for them and for programs.
//!
//! `reader.rs` says who may use the API: the signed-in browser, or a program with one of the provider's
//! access tokens. `page.rs` is what a browser shows. Everything else about logging in is the engine's.

mod arguments;
mod page;
mod reader;

use std::{error::Error, process::ExitCode, sync::Arc};

use axum::{Router, extract::FromRef, routing::get};
use clap::Parser;
use demo::Demo;
use posts_api::Posts;
use symbolon::{Config, Engine, client::Registration};

use crate::{
    arguments::Arguments,
    reader::{Reader, Tokens},
};

/// The name of our client; it has one provider only.
const PROVIDER: &str = "provider";

/// What the routes need.
#[derive(Clone, FromRef)]
struct App {
    engine: Engine,
    posts: Arc<Posts>,
    tokens: Tokens,
}

#[tokio::main]
async fn main() -> ExitCode {
    demo::tell(run(Arguments::parse()).await)
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let authentication = arguments.authentication()?;
    let demo = Demo::listen(arguments.listen).await?;
    let audience = arguments.audience.unwrap_or_else(|| demo.url().to_owned());
    let registration = Registration::discovered(&arguments.issuer, &arguments.client_id)
        .authentication(authentication)
        .scopes(["openid", "profile", "email"])
        .login_path("/login")
        .redirect_path("/authorize")
        // The provider's own logging out is smoother when it is told whose login it is.
        .keep_tokens();
    let config = Config::in_folder(demo.url(), demo.folder())?;
    let engine = Engine::open(config.with_client(PROVIDER, registration)).await?;

    let posts = Posts::open(&demo.folder().join("posts.db"))?;
    for title in ["First Post", "Second Post"] {
        posts.add("nobody", title)?;
    }
    let app = App {
        tokens: Tokens::new(&engine, &arguments.issuer, audience, arguments.introspect)?,
        posts: Arc::new(posts),
        engine: engine.clone(),
    };
    let router = Router::new()
        .route("/", get(page::index))
        .merge(posts_api::routes::<Reader, App>())
        .merge(engine.log_in_with()) // /login, /authorize, /logout, /login/keys
        .layer(engine.app_sessions())
        .merge(page::routes());
    demo.serve_others(router.with_state(app)).await?;
    engine.shutdown().await;
    Ok(())
}
