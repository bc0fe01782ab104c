//! The way of a code through the page, on an engine of the test's own.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header, request::Builder},
};
use http_body_util::BodyExt;
use symbolon_guard::{Clock, ManualClock};
use symbolon_rules::setup::SETUP_LIFETIME;
use symbolon_token::Timestamp;
use tower::ServiceExt;

use crate::{Config, Engine, KeyEncryptionKey, KeySource, Randomness};

const ISSUER: &str = "http://127.0.0.1:8080";
const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const PASSWORD: &str = "correct horse battery staple";

struct Server {
    engine: Engine,
    clock: ManualClock,
    router: Router,
    _folder: tempfile::TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: header::HeaderName) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }
}

impl Server {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("test.db").display().to_string();
        let key = KeyEncryptionKey::generate(&mut Randomness::system());
        let clock = Clock::fixed(NOW);
        let mut config = Config::new(ISSUER, database.parse().unwrap(), KeySource::Given(key));
        config.clock = clock.clock();
        let engine = Engine::open(config).await.unwrap();
        Self {
            router: engine.router(),
            engine,
            clock,
            _folder: folder,
        }
    }

    async fn code(&self) -> String {
        let link = self.engine.app.begin_setup().await.unwrap().unwrap();
        assert_eq!(link.page, format!("{ISSUER}/setup"));
        assert_eq!(
            link.expires_at,
            self.engine.app.clock.now() + SETUP_LIFETIME
        );
        link.code.to_string()
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// As a browser sends what is typed into the page.
    async fn submit(&self, code: &str, username: &str, passwords: [&str; 2]) -> Answer {
        let [password, repeated] = passwords.map(|password| password.replace(' ', "+"));
        let body =
            format!("code={code}&username={username}&password={password}&repeated={repeated}");
        self.send(post(body).with("sec-fetch-site", "same-origin").body_of())
            .await
    }

    async fn refused(&self, code: &str, username: &str, passwords: [&str; 2]) -> String {
        let answer = self.submit(code, username, passwords).await;
        assert!(answer.status.is_client_error(), "{}", answer.status);
        code_of(&answer.body)
    }
}

/// A request whose body is already said.
struct Post {
    builder: Builder,
    body: String,
}

fn post(body: String) -> Post {
    let builder = Request::builder().method("POST").uri("/setup");
    let builder = builder
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "text/html,application/xhtml+xml");
    Post { builder, body }
}

impl Post {
    fn with(self, name: &str, value: &str) -> Self {
        let builder = self.builder.header(name, value);
        Self { builder, ..self }
    }

    fn body_of(self) -> Request<Body> {
        self.builder.body(Body::from(self.body)).unwrap()
    }
}

/// The code of the alert on a page.
fn code_of(page: &str) -> String {
    let alert = page.split("role=\"alert\"").nth(1).expect("no alert");
    let code = alert.split("<code>").nth(1).unwrap();
    code.split("</code>").next().unwrap().to_owned()
}

#[tokio::test]
async fn w7_nobody_is_there_by_default_and_one_code_makes_one_administrator() {
    let server = Server::start().await;
    let app = &server.engine.app;
    for (username, password) in [
        ("admin", "admin"),
        ("admin", PASSWORD),
        ("root", "password"),
    ] {
        assert!(app.login(username, password).await.is_err());
    }
    let code = server.code().await;
    let answer = server.submit(&code, "Alice", [PASSWORD; 2]).await;
    // A10: what was sent isn't sent again; relative, so that a path in front stays.
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header(header::LOCATION), "setup/done");
    app.login("alice", PASSWORD).await.unwrap();
    // The right is in the store, and in no token (an API that receives one can't act here with it).
    let login = app.login("alice", PASSWORD).await.unwrap();
    assert!(!login.access_token.contains("symbolon"));
    assert_eq!(
        server.refused(&code, "bob", [PASSWORD; 2]).await,
        "setup_code_refused"
    );
    assert!(app.begin_setup().await.unwrap().is_none());
    assert!(app.login("bob", PASSWORD).await.is_err());
}

#[tokio::test]
async fn w7_a_mistake_leaves_the_code_good() {
    let server = Server::start().await;
    server
        .engine
        .create_user("taken", PASSWORD, &[])
        .await
        .unwrap();
    let code = server.code().await;
    for (username, passwords, expected) in [
        ("a+b", [PASSWORD; 2], "invalid_username"),
        ("", [PASSWORD; 2], "invalid_username"),
        ("alice", ["too short"; 2], "invalid_password"),
        (
            "alice",
            [PASSWORD, "another one of that length"],
            "passwords_differ",
        ),
        ("TAKEN", [PASSWORD; 2], "username_taken"),
    ] {
        assert_eq!(server.refused(&code, username, passwords).await, expected);
    }
    let lower = code.to_lowercase().replace('-', "");
    let answer = server.submit(&lower, "alice", [PASSWORD; 2]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
}

#[tokio::test]
async fn w7_wrong_used_replaced_expired_and_none_are_one_answer() {
    let server = Server::start().await;
    // Nothing is out yet, and nobody can tell.
    let none = server.submit("AAAA", "alice", [PASSWORD; 2]).await;
    let replaced = server.code().await;
    let expired = server.code().await;
    let mut answers = vec![none];
    for code in [
        replaced.as_str(),
        "",
        "sym_setup_",
        &"A".repeat(32),
        &"A".repeat(10_000),
    ] {
        answers.push(server.submit(code, "alice", [PASSWORD; 2]).await);
        // Without a good code nothing else is judged.
        answers.push(server.submit(code, "a+b", ["x", "y"]).await);
    }
    server.clock.advance(SETUP_LIFETIME);
    answers.push(server.submit(&expired, "alice", [PASSWORD; 2]).await);
    for answer in &answers {
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(code_of(&answer.body), "setup_code_refused");
        assert_eq!(answer.body, answers[0].body);
        assert_eq!(answer.headers, answers[0].headers);
    }
    server.clock.advance(Duration::from_secs(1));
    let good = server.code().await;
    let answer = server.submit(&good, "alice", [PASSWORD; 2]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn s3_only_this_page_may_send_the_form() {
    let server = Server::start().await;
    let code = server.code().await;
    let body = format!("code={code}&username=alice&password={PASSWORD}&repeated={PASSWORD}");
    let body = body.replace(' ', "+");
    for sent in [
        &[][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "same-origin"), ("origin", "null")],
    ] {
        let request = sent.iter().fold(post(body.clone()), |post, (name, value)| {
            post.with(name, value)
        });
        let answer = server.send(request.body_of()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{sent:?}");
        assert_eq!(code_of(&answer.body), "cross_site", "{sent:?}");
    }
    let answer = server
        .send(post(body).with("origin", ISSUER).body_of())
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn w7_a_code_in_an_address_counts_for_nothing() {
    let server = Server::start().await;
    let code = server.code().await;
    let query = format!("/setup?code={code}&username=alice&password=x&repeated=x");
    let request = Request::get(&query).body(Body::empty()).unwrap();
    let page = server.send(request).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.body.contains(&code));
    let mut request = post(String::new()).with("origin", ISSUER).body_of();
    *request.uri_mut() = query.parse().unwrap();
    let answer = server.send(request).await;
    assert_eq!(code_of(&answer.body), "missing_field");
}

#[tokio::test]
async fn the_pages_run_nothing_and_are_framed_by_nobody() {
    let server = Server::start().await;
    for (path, language, text) in [
        ("/setup", "en", "The first user"),
        ("/setup", "ko", "첫 사용자"),
        ("/setup/done", "en", "That's it"),
        ("/setup/done", "ko", "다 됐습니다"),
    ] {
        let request = Request::get(path).header(header::ACCEPT_LANGUAGE, language);
        let page = server.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(page.status, StatusCode::OK);
        assert_eq!(page.header(header::CONTENT_LANGUAGE), language);
        assert!(page.body.contains(text), "{}", page.body);
        assert_eq!(page.header(header::CACHE_CONTROL), "no-store");
        assert_eq!(page.header(header::REFERRER_POLICY), "same-origin");
        let policy = page.header(header::CONTENT_SECURITY_POLICY);
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
    }
}

#[tokio::test]
async fn a_program_is_answered_as_programs_are() {
    let server = Server::start().await;
    let request = Request::post("/setup")
        .header("origin", ISSUER)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from("{}"));
    let answer = server.send(request.unwrap()).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        answer.header(header::CONTENT_TYPE),
        "application/problem+json"
    );
    assert!(answer.body.contains("missing_field"));
}
