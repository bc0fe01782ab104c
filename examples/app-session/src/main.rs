//! A session for visitors and tokens for callers, side by side, each route taking the one it needs.
//!
//! `user.rs` is the model with its two token methods, `verifying.rs` says whom a token names, `routes.rs`
//! has the pages with a session and the resource with a token.

mod routes;
mod user;
mod verifying;

use std::{error::Error, process::ExitCode};

use demo::{Demo, USERNAME};
use symbolon::{Config, Engine, Signing, password::Pool};

use crate::{
    routes::App,
    user::{User, Users},
    verifying::Verifying,
};

#[tokio::main]
async fn main() -> ExitCode {
    demo::run(serve).await
}

async fn serve(demo: Demo) -> Result<(), Box<dyn Error>> {
    let passwords = Pool::new();
    let hash = passwords.hash(demo.password()).await?;
    let users = Users::new(passwords, [User::new("1", USERNAME, hash)]);

    let mut config = Config::in_folder(demo.url(), demo.folder())?.with_users(users.clone());
    config.signing = Signing::shared_from_env()?;
    let signing = config.signing.clone();
    let engine = Engine::open(config).await?;
    let app = App {
        verifying: Verifying::new(&engine, &signing, routes::msg)?,
        engine: engine.clone(),
        users,
    };
    demo.serve(routes::routes(app)).await?;
    engine.shutdown().await;
    Ok(())
}
