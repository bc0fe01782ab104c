//! What every example does around its few lines, so that those stay few: it reads `--listen`, binds,
//! gives the example a folder of its own that goes away at the end, makes up a password, says where it
//! listens, and ends cleanly.
//!
//! A program of your own has most of this already, or wants it otherwise; copy what is in the examples,
//! not this.

use std::{
    error::Error,
    io::{self, Write},
    net::SocketAddr,
    path::Path,
    process::ExitCode,
};

use axum::Router;
use clap::Parser;
use data_encoding::BASE64URL_NOPAD;
use symbolon::{Entropy, Randomness};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// The user of every example.
pub const USERNAME: &str = "admin";

#[derive(Parser)]
struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
}

/// Runs an example; what keeps it from running is told in words, on stderr.
pub async fn run(example: impl AsyncFnOnce(Demo) -> Result<(), Box<dyn Error>>) -> ExitCode {
    let ended = match Demo::start().await {
        Ok(demo) => example(demo).await,
        Err(error) => Err(error),
    };
    tell(ended)
}

/// How an example ended, in words on stderr where something kept it from running.
pub fn tell(ended: Result<(), Box<dyn Error>>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if stderr is closed.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// An example that is about to run.
#[derive(Debug)]
pub struct Demo {
    listener: TcpListener,
    url: String,
    password: String,
    folder: TempDir,
}

impl Demo {
    /// Reads the command line and takes the port.
    pub async fn start() -> Result<Self, Box<dyn Error>> {
        Self::listen(Args::parse().listen).await
    }

    /// Takes this port; for an example that reads more from its command line.
    pub async fn listen(listen: SocketAddr) -> Result<Self, Box<dyn Error>> {
        let listener = TcpListener::bind(listen).await.map_err(|error| {
            format!("can't listen on {listen}: {error}; choose another with --listen")
        })?;
        let url = format!("http://{}", listener.local_addr()?);
        let mut random = [0; 18];
        Randomness::system().fill(&mut random);
        Ok(Self {
            listener,
            url,
            password: BASE64URL_NOPAD.encode(&random),
            folder: tempfile::Builder::new().prefix("symbolon-").tempdir()?,
        })
    }

    /// Where it listens, as a URL: the issuer of its tokens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A random password for [`USERNAME`].
    pub fn password(&self) -> &str {
        &self.password
    }

    /// A folder that is gone at the end.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Says where it listens and how to log in, and serves until Ctrl-C or SIGTERM.
    pub async fn serve(self, app: Router) -> Result<(), Box<dyn Error>> {
        let how = format!("log in as {USERNAME} with {}\n", self.password);
        self.announce(app, &how).await
    }

    /// As [`Demo::serve`], for an example whose users aren't its own.
    pub async fn serve_others(self, app: Router) -> Result<(), Box<dyn Error>> {
        self.announce(app, "").await
    }

    async fn announce(self, app: Router, how: &str) -> Result<(), Box<dyn Error>> {
        let end = end()?;
        let mut stdout = io::stdout();
        write!(stdout, "listening on {}\n{how}", self.url)?;
        stdout.flush()?;
        axum::serve(self.listener, app)
            .with_graceful_shutdown(end)
            .await?;
        Ok(())
    }
}

/// Ends with the first Ctrl-C or SIGTERM. Registered before the example says that it listens, so that
/// whoever waits for that line can end it cleanly.
#[cfg(unix)]
fn end() -> io::Result<impl Future<Output = ()>> {
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
fn end() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
