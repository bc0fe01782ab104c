//! A login by form or JSON at `POST /login`, and a route for whoever is signed in.
//!
//! The users are Symbolon's own. `api.rs` has the routes, `guard.rs` lets callers in and refuses them in
//! the words that they know from Flask-JWT-Extended.

mod api;
mod guard;

use std::{error::Error, process::ExitCode, time::Duration};

use demo::{Demo, USERNAME};
use symbolon::{Config, Engine, Signing};

use crate::{api::Api, guard::guard};

#[tokio::main]
async fn main() -> ExitCode {
    demo::run(serve).await
}

async fn serve(demo: Demo) -> Result<(), Box<dyn Error>> {
    let mut config = Config::in_folder(demo.url(), demo.folder())?;
    config.signing = Signing::shared_from_env()?;
    config.access_token_lifetime = Duration::from_mins(15);
    let signing = config.signing.clone();
    let engine = Engine::open(config).await?;
    engine
        .create_user(USERNAME, demo.password(), &["admin"])
        .await?;

    let api = Api {
        guard: guard(&engine, &signing)?,
        engine: engine.clone(),
    };
    demo.serve(api::routes(api)).await?;
    engine.shutdown().await;
    Ok(())
}
