//! The server on real sockets of this machine: its limits met by those who would break them, its end,
//! its certificates, and what it says to logs, scrapers and systemd.
//!
//! Nothing waits for an amount of time: limits are short, and every wait is for something to happen,
//! under a deadline that only a failure reaches.

mod admin;
mod attacks;
mod canaries;
mod connections;
mod cors;
mod document;
mod drain;
mod http2;
mod lines;
mod systemd;
mod tls;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, routing::get};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::{Notify, oneshot},
    task::JoinHandle,
};

use super::{ServeError, Serving, serve};
use crate::{Config, Engine};

/// Only a failure reaches it.
const DEADLINE: Duration = Duration::from_mins(1);
/// A limit that the tests wait for.
const SHORT: Duration = Duration::from_millis(400);
/// One that they don't.
const LONG: Duration = Duration::from_mins(10);
const PASSWORD: &str = "correct horse battery staple";

/// A server, and what ends it.
struct Running {
    address: SocketAddr,
    engine: Engine,
    /// Lets `/gate` answer.
    gate: Arc<Notify>,
    end: oneshot::Sender<()>,
    task: JoinHandle<Result<(), ServeError>>,
    folder: tempfile::TempDir,
}

impl Running {
    async fn start(change: impl FnOnce(&mut Serving)) -> Self {
        Self::try_start(change).await.unwrap()
    }

    async fn try_start(change: impl FnOnce(&mut Serving)) -> Result<Self, ServeError> {
        let folder = tempfile::tempdir().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let config = Config::in_folder(format!("http://{address}"), folder.path()).unwrap();
        let engine = Engine::open(config).await.unwrap();
        engine
            .create_user("alice", PASSWORD, &["user"])
            .await
            .unwrap();
        let gate = Arc::new(Notify::new());
        let (end, ended) = oneshot::channel();
        let (ready, readiness) = oneshot::channel();
        let mut serving = Serving {
            on_ready: Box::new(move || ready.send(()).unwrap()),
            ..Serving::new(listener)
        };
        change(&mut serving);
        let app = Arc::clone(&engine.app);
        let router = engine.router().merge(routes(Arc::clone(&gate)));
        let task = tokio::spawn(serve(app, router, serving, async move {
            let _ = ended.await;
        }));
        if readiness.await.is_err() {
            return Err(task.await.unwrap().unwrap_err());
        }
        Ok(Self {
            address,
            engine,
            gate,
            end,
            task,
            folder,
        })
    }

    async fn connect(&self) -> Client<TcpStream> {
        Client(within(TcpStream::connect(self.address)).await.unwrap())
    }

    /// An honest caller, with a connection of their own.
    async fn assert_serves(&self) {
        let mut client = self.connect().await;
        assert_eq!(client.get("/healthz").await.status, 200);
    }

    /// Ends it and waits until it has.
    async fn stop(self) {
        self.end.send(()).unwrap();
        within(self.task).await.unwrap().unwrap();
        self.engine.shutdown().await;
    }
}

async fn fall() -> &'static str {
    panic!("on purpose")
}

fn routes(gate: Arc<Notify>) -> Router {
    let gated = move || {
        let gate = Arc::clone(&gate);
        async move {
            gate.notified().await;
            "open"
        }
    };
    Router::new()
        .route("/gate", get(gated))
        .route("/never", get(std::future::pending::<&'static str>))
        .route("/panic", get(fall))
        .route("/big", get(async || vec![b'x'; 64 << 20]))
        .route("/things/{id}", get(async || "a thing"))
}

/// The caller's end of a connection.
struct Client<S>(S);

/// An answer of HTTP/1.1.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    /// The value of a header, several of them joined.
    fn header(&self, name: &str) -> String {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let values = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name));
        values
            .map(|(_, value)| value)
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn code(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{self:?}"
        );
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        body["code"].as_str().unwrap().to_owned()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        within(self.0.write_all(bytes.as_ref())).await.unwrap();
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.send_get(path, "").await
    }

    async fn send_get(&mut self, path: &str, headers: &str) -> Answer {
        self.send(format!(
            "GET {path} HTTP/1.1\r\nHost: here\r\n{headers}\r\n"
        ))
        .await;
        self.answer().await
    }

    /// Reads one answer.
    async fn answer(&mut self) -> Answer {
        within(self.read_answer()).await
    }

    async fn read_answer(&mut self) -> Answer {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let mut answer = Answer {
            status: head[9..12].parse().unwrap(),
            head,
            body: String::new(),
        };
        let length = answer.header("content-length").parse().unwrap_or(0);
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.unwrap();
        answer.body = String::from_utf8(body).unwrap();
        answer
    }

    /// Waits until the server closes; what it said before.
    async fn rest(&mut self) -> Vec<u8> {
        let mut said = Vec::new();
        // A reset is a close too.
        let _ = within(self.0.read_to_end(&mut said)).await;
        said
    }

    /// Sends a byte now and then, until the server has had enough.
    async fn trickle(&mut self, byte: u8) -> Vec<u8> {
        let (mut read, mut write) = tokio::io::split(&mut self.0);
        let mut said = Vec::new();
        let drip = async {
            let mut ticks = tokio::time::interval(SHORT / 8);
            loop {
                ticks.tick().await;
                if write.write_all(&[byte]).await.is_err() {
                    return std::future::pending::<()>().await;
                }
            }
        };
        let closed = async {
            tokio::select! {
                _ = read.read_to_end(&mut said) => {}
                () = drip => {}
            }
        };
        within(closed).await;
        said
    }
}

/// Whether this is a process for this one test. If not, the test runs in one: what it does reaches every
/// thread of its process.
fn is_alone(test: &str) -> bool {
    const ALONE: &str = "SYMBOLON_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let ran = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            &format!("http::serve::tests::{test}"),
            "--exact",
            "--nocapture",
        ])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
    false
}

async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(DEADLINE, future)
        .await
        .expect("nothing happened")
}

/// What is logged on this thread while the guard is there, at TRACE.
fn capture() -> (Captured, tracing::subscriber::DefaultGuard) {
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    (captured, tracing::subscriber::set_default(subscriber))
}

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Captured {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The lines with this message.
    fn lines(&self, message: &str) -> Vec<serde_json::Value> {
        let text = self.text();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines
            .filter(|line: &serde_json::Value| line["message"] == message)
            .collect()
    }
}
