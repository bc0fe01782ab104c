//! An engine and a route of its own that it guards: `login-server FOLDER`.
//!
//! What a program does that embeds Symbolon, with the runtime as most set it up. The user is `alice`.

use std::{
    io::{self, Write},
    net::Ipv4Addr,
    path::PathBuf,
};

use anyhow::{Context, Result};
use axum::{Router, routing::get};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use symbolon::{Config, Engine};
use symbolon_guard::Caller;
use tokio::{net::TcpSocket, runtime::Builder};

/// Random enough for a folder that is gone in a minute; `login` knows it too.
const PASSWORD: &str = "correct horse battery staple";

/// The usual 128 make some of a thousand who come at once try again after a second.
const BACKLOG: u32 = 4096;

fn main() -> Result<()> {
    let folder = std::env::args().nth(1).context("which folder?")?;
    // A storm of a thousand needs as many descriptors.
    let files = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: files.maximum,
            maximum: files.maximum,
        },
    )?;
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(folder.into()))
}

async fn serve(folder: PathBuf) -> Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    let listener = socket.listen(BACKLOG)?;
    let issuer = format!("http://{}", listener.local_addr()?);
    let engine = Engine::open(Config::in_folder(&issuer, folder)?).await?;
    engine.create_user("alice", PASSWORD, &["user"]).await?;
    let check = get(async |caller: Caller| caller.subject().to_owned());
    let guarded = Router::new()
        .route("/check", check)
        .with_state(engine.guard());
    writeln!(io::stdout(), "{issuer}")?;
    axum::serve(listener, engine.router().merge(guarded)).await?;
    Ok(())
}
