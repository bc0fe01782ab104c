//! A REST API with a user table of its own: log in at `POST /auth`, then send `Authorization: JWT …`.
//!
//! `user.rs` is the table, `jwt.rs` the guard with the answers that callers of the Python program know,
//! `api.rs` the routes.

mod api;
mod jwt;
mod user;

use std::{error::Error, process::ExitCode};

use demo::{Demo, USERNAME};
use symbolon::{Config, Engine, Signing};

use crate::{
    api::Api,
    jwt::Jwt,
    user::{NewUser, UserTable},
};

#[tokio::main]
async fn main() -> ExitCode {
    demo::run(serve).await
}

async fn serve(demo: Demo) -> Result<(), Box<dyn Error>> {
    let users = UserTable::open(&demo.folder().join("users.db"))?;
    users.add(&NewUser::new(USERNAME, demo.password())?)?;

    let mut config = Config::in_folder(demo.url(), demo.folder())?.with_users(users.clone());
    config.signing = Signing::shared_from_env()?;
    let signing = config.signing.clone();
    let engine = Engine::open(config).await?;
    let api = Api {
        jwt: Jwt::new(&engine, &signing)?,
        engine: engine.clone(),
        users,
    };
    demo.serve(api::routes(api)).await?;
    engine.shutdown().await;
    Ok(())
}
