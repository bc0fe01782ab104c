//! An engine for a test, and requests to it without a socket.

use std::{
    future::Future,
    sync::{
        Once,
        atomic::{AtomicU32, Ordering},
    },
};

use axum::{Router, body::Body};
use data_encoding::BASE64URL_NOPAD;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use rand_core::Rng;
use serde_json::Value;
use symbolon::{
    Config, Engine, Entropy, KeyEncryptionKey, KeySource, Randomness, StoreOptions,
    guard::{Clock, ManualClock, token::Timestamp},
};
use tower::ServiceExt;

pub const ISSUER: &str = "http://127.0.0.1:8080";
pub const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
pub const PASSWORD: &str = "correct horse battery staple";

/// An engine on a database of its own; the folder goes with it.
pub struct Server {
    pub engine: Engine,
    pub clock: ManualClock,
    router: Router,
    folder: Option<tempfile::TempDir>,
}

impl Server {
    /// On SQLite, with the user `alice` who has the role `user`.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("test.db").display().to_string();
        let mut server = Self::open(&database, change).await;
        server.folder = Some(folder);
        server
            .engine
            .create_user("alice", PASSWORD, &["user"])
            .await
            .unwrap();
        server
    }

    /// On this database, as it is.
    pub async fn open(database: &str, change: impl FnOnce(&mut Config)) -> Self {
        let clock = Clock::fixed(NOW);
        let key = KeyEncryptionKey::parse(&key_text("0123456789abcdef")).unwrap();
        let mut config = Config::new(ISSUER, database.parse().unwrap(), KeySource::Given(key));
        config.clock = clock.clock();
        config.randomness = Randomness::dangerous_given(Seeded(ChaCha20Rng::from_seed([7; 32])));
        config.store = StoreOptions::default();
        change(&mut config);
        let engine = Engine::open(config).await.unwrap();
        Self {
            router: engine.router(),
            engine,
            clock,
            folder: None,
        }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        answer_of(&self.router, request).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path)).await
    }

    pub async fn get_with(&self, path: &str, token: &str) -> Answer {
        let mut request = request(Method::GET, path);
        let value = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, value);
        self.send(request).await
    }

    pub async fn login(&self, username: &str, password: &str) -> Answer {
        let body = serde_json::json!({ "username": username, "password": password });
        self.post_json("/api/login", body.to_string()).await
    }

    /// Logs `alice` in and gives the access token.
    pub async fn token(&self) -> String {
        let answer = self.login("alice", PASSWORD).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    pub async fn post_json(&self, path: &str, body: impl Into<Body>) -> Answer {
        self.post(path, "application/json", body).await
    }

    pub async fn post(&self, path: &str, kind: &str, body: impl Into<Body>) -> Answer {
        let mut request = request(Method::POST, path);
        request
            .headers_mut()
            .insert(header::CONTENT_TYPE, kind.parse().unwrap());
        *request.body_mut() = body.into();
        self.send(request).await
    }
}

pub fn request(method: Method, path: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .body(Body::empty())
        .unwrap()
}

/// What a router answers.
pub async fn answer_of(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn header(&self, name: impl AsRef<str>) -> &str {
        self.headers
            .get(name.as_ref())
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The stable code of a problem; fails if this is none of the one shape.
    pub fn code(&self) -> String {
        let body = self.json();
        assert_eq!(
            self.header(header::CONTENT_TYPE),
            "application/problem+json",
            "{self:?}"
        );
        assert_eq!(body["status"], self.status.as_u16(), "{self:?}");
        for member in ["type", "title", "detail", "code"] {
            assert!(body[member].is_string(), "no {member}: {self:?}");
        }
        body["code"].as_str().unwrap().to_owned()
    }
}

/// The claims of a token, unverified.
pub fn claims_of(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    let bytes = BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

struct Seeded(ChaCha20Rng);

impl Entropy for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
}

/// The PostgreSQL server to test on, where there is one.
pub fn postgres() -> Option<String> {
    static TOLD: Once = Once::new();
    let url = std::env::var("SYMBOLON_TEST_POSTGRES").ok();
    if url.is_none() {
        assert!(
            std::env::var_os("SYMBOLON_TEST_REQUIRE_POSTGRES").is_none(),
            "SYMBOLON_TEST_POSTGRES names no server"
        );
        TOLD.call_once(|| eprintln!("SYMBOLON_TEST_POSTGRES is not set: SQLite only"));
    }
    url
}

/// Runs a test on an empty SQLite database and, where there is a server, an empty PostgreSQL one.
pub async fn on_both_engines<F>(test: impl Fn(String) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let folder = tempfile::tempdir().unwrap();
    test(folder.path().join("test.db").display().to_string()).await;

    let Some(url) = postgres() else { return };
    let (admin, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("symbolon_it_{}_{number}", std::process::id());
    let (server, _) = url.rsplit_once('/').unwrap();
    admin
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .await
        .unwrap();
    let result = tokio::spawn(test(format!("{server}/{name}"))).await;
    admin
        .batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)"))
        .await
        .unwrap();
    if let Err(error) = result {
        std::panic::resume_unwind(error.into_panic());
    }
}

/// A key-encryption key for tests, of 16 hexadecimal digits: told from another one, and not the mere
/// repetition that is refused.
pub fn key_text(digits: &str) -> String {
    let turned: String = digits.chars().rev().collect();
    format!("{digits}{turned}{digits}{digits}")
}
