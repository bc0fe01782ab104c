//! The limit for `start`: a program that listens on a free port, says so, and answers `/healthz`.
//!
//! Runtime and framework are those of the server, set up the way most programs do it, so what the
//! server has beyond this is what it does.

use std::io::{self, Write};

use axum::{Json, Router, routing::get};
use serde_json::{Value, json};
use tokio::{net::TcpListener, runtime::Builder};

fn main() -> io::Result<()> {
    Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(serve())
}

async fn serve() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(io::stdout(), "http://{}", listener.local_addr()?)?;
    axum::serve(listener, Router::new().route("/healthz", get(alive))).await
}

async fn alive() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}
