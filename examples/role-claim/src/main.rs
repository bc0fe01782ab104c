//! Members with a role: log in at `POST /login`, then send the token as it is in `Authorization`.
//!
//! `member.rs` holds who may log in, `guard.rs` lets them in, `message.rs` has the words in Korean and
//! English, `api.rs` the routes.

mod api;
mod guard;
mod member;
mod message;

use std::{error::Error, process::ExitCode};

use demo::{Demo, USERNAME};
use symbolon::{Config, Engine, Signing};

use crate::{
    api::Api,
    guard::Guards,
    member::{Members, Role},
};

#[tokio::main]
async fn main() -> ExitCode {
    demo::run(serve).await
}

async fn serve(demo: Demo) -> Result<(), Box<dyn Error>> {
    let members = Members::new();
    members.add(USERNAME, demo.password(), Role::Admin).await?;
    // A second one, to see what a role keeps closed.
    members.add("user", demo.password(), Role::User).await?;

    let mut config = Config::in_folder(demo.url(), demo.folder())?.with_users(members.clone());
    config.signing = Signing::shared_from_env()?;
    let signing = config.signing.clone();
    let engine = Engine::open(config).await?;
    let api = Api {
        guards: Guards::new(&engine, &signing)?,
        engine: engine.clone(),
        members,
    };
    demo.serve(api::routes(api)).await?;
    engine.shutdown().await;
    Ok(())
}
