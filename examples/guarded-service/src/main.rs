//! A service that accepts the access tokens of a Symbolon: its routes, and how it starts and ends.
//!
//! It listens at once, whether or not the issuer is up: `/readyz` says when the keys are here, and
//! until then guarded routes answer 503. Once it holds the keys it goes on without the issuer.

mod routes;

use std::{
    error::Error,
    io::{self, Write},
    net::SocketAddr,
    process::ExitCode,
};

use clap::Parser;
use symbolon_guard::Guard;
use tokio::net::TcpListener;

/// A small service whose callers prove who they are with a token.
#[derive(Parser)]
struct Args {
    /// Whose tokens to accept: the issuer that Symbolon prints when it starts.
    #[arg(long)]
    issuer: String,
    /// By which name tokens mean this service; may be given several times. The issuer if left out.
    #[arg(long)]
    audience: Vec<String>,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if stderr is closed.
            let _ = writeln!(io::stderr(), "guarded-service: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(args: Args) -> Result<(), Box<dyn Error>> {
    let guard = args
        .audience
        .into_iter()
        .fold(Guard::remote(&args.issuer), |guard, audience| {
            guard.audience(audience)
        })
        .start()
        .map_err(|error| format!("--issuer {}: {error}", args.issuer))?;

    let listener = TcpListener::bind(args.listen)
        .await
        .map_err(|error| format!("--listen {}: {error}", args.listen))?;
    let address = listener.local_addr()?;
    let stop = stop_signal()?;
    writeln!(io::stdout(), "listening on http://{address}")?;

    axum::serve(listener, routes::routes(guard))
        .with_graceful_shutdown(stop)
        .await?;
    Ok(())
}

/// Ends with the first Ctrl-C or SIGTERM. Registered before the service says that it listens, so
/// that whoever waits for that line can end it cleanly.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a handler the process can still be killed; there is nothing better to wait for.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
