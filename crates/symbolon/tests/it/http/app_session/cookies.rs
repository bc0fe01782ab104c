//! The cookie: its attributes, what is at rest for it, and whose cookies are believed.

use http::{Method, StatusCode, header};
use symbolon::{Engine, Randomness};

use super::{Program, attributes, sent_back, sets_nothing};
use crate::support::{Server, request};

#[tokio::test]
async fn s1_p3_06_the_cookie_on_a_loopback_address_is_plain_and_closed_to_scripts() {
    let program = Program::start().await;
    let answer = program.get("/", None).await;
    assert_eq!(answer.body, "세션 시작!");
    assert_eq!(attributes(&answer), ["Path=/", "HttpOnly", "SameSite=Lax"]);
    let set = answer.header(header::SET_COOKIE);
    assert!(set.starts_with("session=sym_as_"), "{set}");
    assert!(set.len() < 200, "{set}");
    assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
}

#[tokio::test]
async fn s1_under_https_the_cookie_is_this_hosts_alone() {
    let program = Program::start_https().await;
    let answer = program.get("/", None).await;
    assert!(
        answer
            .header(header::SET_COOKIE)
            .starts_with("__Host-session=sym_as_")
    );
    let secure = ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"];
    assert_eq!(attributes(&answer), secure);
    // What a neighbour could plant, the name without its prefix, is not read.
    let cookie = sent_back(&answer);
    assert_eq!(
        program.get("/session", Some(&cookie)).await.body,
        "현재 사용자: user1"
    );
    let planted = cookie.strip_prefix("__Host-");
    assert_eq!(
        program.get("/session", planted).await.body,
        "현재 사용자: None"
    );
}

#[tokio::test]
async fn s1_at_rest_there_is_a_hash_and_no_id() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let server = Server::open(&path.display().to_string(), |_| {}).await;
    let program = Program::around(server, Engine::app_sessions);
    let cookie = program.begin().await;
    program.server.engine.shutdown().await;

    let id = cookie.strip_prefix("session=sym_as_").unwrap();
    let raw = data_encoding::BASE64URL_NOPAD
        .decode(id.as_bytes())
        .unwrap();
    let (moment, random) = raw.split_at(6);
    assert_eq!(random.len(), 32);
    let mut stored = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        stored.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    let holds = |needle: &[u8]| stored.windows(needle.len()).any(|window| window == needle);
    assert!(
        holds(moment) && holds(b"user1"),
        "this is not where it is kept"
    );
    assert!(!holds(random) && !holds(id.as_bytes()));
}

#[tokio::test]
async fn s2_an_id_that_nobody_was_given_is_never_taken_over() {
    let program = Program::start().await;
    let own = program.begin().await;
    let other = Server::start_with(|config| config.randomness = Randomness::system()).await;
    let foreign = Program::around(other, Engine::app_sessions).begin().await;
    let mut altered = own.clone();
    altered.replace_range(30..31, if &own[30..31] == "A" { "B" } else { "A" });
    let long = format!("session={}", "x".repeat(100_000));
    for planted in [
        &*foreign,
        &altered,
        &own[..own.len() - 1],
        &format!("{own}A"),
        &format!("{own}; {own}"),
        &format!("{own}; session=x"),
        &own.to_uppercase(),
        "session=",
        "session",
        "session=eyJ1c2VybmFtZSI6InVzZXIxIn0.Zz.signature",
        "=; ;;; \t",
        &long,
    ] {
        let read = program.get("/session", Some(planted)).await;
        assert_eq!(
            (read.status, &*read.body),
            (StatusCode::OK, "현재 사용자: None")
        );
        assert!(sets_nothing(&read));
        let begun = sent_back(&program.get("/", Some(planted)).await);
        assert!(
            begun != own && !planted.contains(&begun),
            "{planted} was adopted"
        );
        assert_eq!(
            program.get("/session", Some(&begun)).await.body,
            "현재 사용자: user1"
        );
    }
    let mut binary = request(Method::GET, "/session");
    let value = http::HeaderValue::from_bytes(b"session=\xff\xfe; a=\x80").unwrap();
    binary.headers_mut().insert(header::COOKIE, value);
    assert_eq!(program.send_request(binary).await.body, "현재 사용자: None");
}
