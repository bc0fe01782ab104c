//! G23: no secret gets into the log, at whatever level, by whatever library.
//!
//! The flows run in a process of their own, where everything that any thread logs is kept: threads of
//! the store and of the hashing pool don't belong to a test. What comes out is searched for what went
//! in.

use axum::body::Body;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tracing_subscriber::filter::{LevelFilter, Targets};

use super::*;
use crate::{
    DatabaseUrl, KeySource,
    cli::logs::{Colours, Format, subscriber},
};

const WRONG: &str = "canary-of-a-wrong-password";
const TYPED_AS_NAME: &str = "canary-typed-into-the-wrong-field";
const DATABASE_PASSWORD: &str = "canary-of-a-database";
/// Its header and claims are fine, its signature isn't.
const FORGED: &str = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJjYW5hcnkifQ.Y2FuYXJ5";

#[test]
fn g23_no_secret_is_logged_at_any_level() {
    if !is_alone("canaries::g23_no_secret_is_logged_at_any_level") {
        return;
    }
    let captured = Captured::default();
    let writer = captured.clone();
    let target = (move || writer.clone(), Colours::None);
    let log = subscriber(
        Format::Json,
        Targets::new().with_default(LevelFilter::TRACE),
        target,
    );
    tracing::subscriber::set_global_default(log).unwrap();

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut secrets: Vec<String> = runtime.block_on(every_flow());
    secrets.extend([PASSWORD, WRONG, TYPED_AS_NAME, DATABASE_PASSWORD, FORGED].map(str::to_owned));
    // Of whatever: hashes, tokens, keys.
    secrets.extend(["$argon2", "eyJ", "PRIVATE KEY"].map(str::to_owned));

    let log = captured.text();
    // It is the whole log: ours, and what libraries say at their lowest level.
    for part in ["answered", "login refused", "h2::", "hpack"] {
        assert!(log.contains(part), "nothing about {part} in the log");
    }
    for secret in secrets {
        assert!(secret.len() > 2);
        let hits: Vec<_> = log.lines().filter(|line| line.contains(&secret)).collect();
        assert!(hits.is_empty(), "{secret}:\n{}", hits.join("\n"));
    }
}

/// Everything a server is asked, well and badly; the secrets that were made on the way.
async fn every_flow() -> Vec<String> {
    let pair = tls::Pair::new();
    let server = Running::start(|serving| serving.tls = Some(pair.files())).await;
    let mut client = tls::connect(&server, &pair.der, tls::NEWEST).await.unwrap();
    let mut secrets = Vec::new();
    let json = |name: &str, password: &str| {
        (
            "application/json",
            serde_json::json!({ "username": name, "password": password }).to_string(),
        )
    };
    let form = "application/x-www-form-urlencoded";
    for ((kind, body), status) in [
        (json("alice", PASSWORD), 200),
        (json("alice", WRONG), 401),
        (json("nobody", WRONG), 401),
        (json(TYPED_AS_NAME, PASSWORD), 401),
        (json(&format!("{TYPED_AS_NAME} \u{0}"), WRONG), 422),
        (json("alice", &format!("{WRONG}\u{0}")), 422),
        (
            ("application/json", format!("{{\"password\":\"{WRONG}\"")),
            400,
        ),
        (
            (
                "application/json",
                format!("{{\"{WRONG}\":1,\"password\":\"{WRONG}\"}}"),
            ),
            422,
        ),
        ((form, format!("username=alice&password={WRONG}")), 401),
        ((form, format!("username=alice&password={WRONG}%")), 400),
        (("text/plain", WRONG.to_owned()), 415),
    ] {
        let answer = post(&mut client, &format!("Content-Type: {kind}\r\n"), &body).await;
        assert_eq!(answer.status, status, "{body}");
        if status == 200 {
            let answer: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
            secrets.push(answer["access_token"].as_str().unwrap().to_owned());
        }
    }
    let token = secrets[0].clone();
    for (bearer, status) in [(token.as_str(), 200), (FORGED, 401), (WRONG, 401)] {
        let header = format!("Authorization: Bearer {bearer}\r\n");
        assert_eq!(client.send_get("/api/me", &header).await.status, status);
        let path = format!("/api/me?access_token={bearer}");
        let cookie = format!("Cookie: access_token={bearer}\r\nX-Request-Id: {WRONG}\r\n");
        client.send_get(&path, &cookie).await;
        client.get(&format!("/nowhere/{bearer}")).await;
        over_http2(&server, &pair, bearer).await;
    }
    // What is malformed below HTTP.
    for bytes in [
        format!("GET /{token} HTTP/9\r\n\r\n"),
        format!("{token}\r\n\r\n"),
    ] {
        let mut client = server.connect().await;
        client.send(bytes).await;
        client.rest().await;
    }
    server.engine.create_user("bob", WRONG, &[]).await.unwrap();
    secrets.push(
        server
            .engine
            .issue("somebody", serde_json::json!({}))
            .unwrap(),
    );
    secrets.extend(secrets_of_folder(server.folder.path()));
    secrets.push(std::fs::read_to_string(pair.key()).unwrap()[30..90].to_owned());
    refused_starts(server.folder.path()).await;
    server.stop().await;
    secrets
}

async fn post<S: AsyncRead + AsyncWrite + Unpin>(
    client: &mut Client<S>,
    headers: &str,
    body: &str,
) -> Answer {
    let length = body.len();
    let head =
        format!("POST /api/login HTTP/1.1\r\nHost: here\r\n{headers}Content-Length: {length}");
    client.send(format!("{head}\r\n\r\n{body}")).await;
    client.answer().await
}

async fn over_http2(server: &Running, pair: &tls::Pair, bearer: &str) {
    let client = tls::connect(server, &pair.der, (b"h2", &[&rustls::version::TLS13]))
        .await
        .unwrap();
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(client.0))
            .await
            .unwrap();
    tokio::spawn(connection);
    let me = http::Request::get("https://localhost/api/me")
        .header("Authorization", format!("Bearer {bearer}"))
        .body(Body::empty());
    within(client.send_request(me.unwrap())).await.unwrap();
    let body = format!("username=alice&password={WRONG}");
    let login = http::Request::post("https://localhost/api/login")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(Body::from(body));
    let answer = within(client.send_request(login.unwrap())).await.unwrap();
    assert_eq!(answer.status(), 401);
}

/// What a data folder keeps in files of its own: the key-encryption key.
fn secrets_of_folder(folder: &std::path::Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let keys = paths.filter(|path| path.extension().is_some_and(|kind| kind == "key"));
    let texts: Vec<_> = keys
        .map(|path| std::fs::read_to_string(path).unwrap().trim().to_owned())
        .collect();
    assert!(!texts.is_empty(), "no key file");
    texts
}

/// Servers that don't start say why, without the secret that is wrong.
async fn refused_starts(folder: &std::path::Path) {
    let other_key = "8c5f02e1b97d46a3d01e7f6b2c94a85830ad6e4719bc52f0e6718d3c4b9f2a05".to_owned();
    let mut wrong_key = Config::in_folder("http://127.0.0.1:1", folder).unwrap();
    wrong_key.key_encryption_key =
        KeySource::Given(crate::KeyEncryptionKey::parse(&other_key).unwrap());
    let mut refused = vec![wrong_key];
    if cfg!(feature = "postgres") {
        let url = format!("postgres://somebody:{DATABASE_PASSWORD}@127.0.0.1:1/nothing");
        let database: DatabaseUrl = url.parse().unwrap();
        refused.push(Config {
            database,
            ..Config::in_folder("http://127.0.0.1:1", folder).unwrap()
        });
    }
    for config in refused {
        let error = Engine::open(config).await.unwrap_err();
        for text in [format!("{error}"), format!("{error:?}")] {
            assert!(
                !text.contains(&other_key) && !text.contains(DATABASE_PASSWORD),
                "{text}"
            );
            tracing::error!(%error, text, "can't start");
        }
    }
}
