//! `POST /api/login`.

use std::collections::BTreeSet;

use data_encoding::BASE64URL_NOPAD;
use http::{StatusCode, header};
use serde_json::{Value, json};
use symbolon::{Signing, guard::token::Algorithm};

use crate::support::{Answer, ISSUER, NOW, PASSWORD, Server};

/// The header and the claims of a token, unverified.
fn parts(token: &str) -> (Value, Value) {
    let mut segments = token.split('.').map(|segment| {
        let bytes = BASE64URL_NOPAD.decode(segment.as_bytes()).unwrap();
        serde_json::from_slice(&bytes).unwrap_or_default()
    });
    (segments.next().unwrap(), segments.next().unwrap())
}

#[tokio::test]
async fn a_login_gives_a_token() {
    let server = Server::start().await;
    let answer = server.login("alice", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::OK);
    // RFC 6749 §5.1: nothing that holds a token is kept by a cache.
    assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
    assert_eq!(answer.header(header::CONTENT_TYPE), "application/json");
    let body = answer.json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 600);
    let members: BTreeSet<_> = body.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        members,
        ["access_token", "expires_in", "token_type"]
            .map(str::to_owned)
            .into()
    );
}

#[tokio::test]
async fn j1_the_token_is_what_rfc_9068_says() {
    let server = Server::start().await;
    let (header, claims) = parts(&server.token().await);
    assert_eq!(header["typ"], "at+jwt");
    assert_eq!(header["alg"], "ES256");
    let jwks = server.get("/.well-known/jwks.json").await.json();
    assert_eq!(header["kid"], jwks["keys"][0]["kid"]);

    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(claims["aud"], ISSUER);
    assert_eq!(claims["client_id"], "local");
    assert_eq!(claims["roles"], json!(["user"]));
    assert_eq!(claims["iat"], NOW.as_secs());
    assert_eq!(claims["auth_time"], NOW.as_secs());
    assert_eq!(claims["exp"], NOW.as_secs() + 600);
    for text in ["sub", "jti", "sid"] {
        assert!(claims[text].is_string(), "{text}");
    }
    let (_, again) = parts(&server.token().await);
    assert_ne!(claims["jti"], again["jti"]);
    assert_ne!(claims["sid"], again["sid"]);
    assert_eq!(claims["sub"], again["sub"]);
}

/// With Ed25519 keys signing is deterministic: two servers of one seed differ in their keys only.
#[tokio::test]
async fn the_claims_of_a_seeded_server_repeat() {
    let server =
        Server::start_with(|config| config.signing = Signing::Published(Algorithm::EdDSA)).await;
    let (mut header, claims) = parts(&server.token().await);
    header["kid"] = "[thumbprint]".into();
    insta::assert_json_snapshot!((header, claims), @r#"
    [
      {
        "alg": "EdDSA",
        "kid": "[thumbprint]",
        "typ": "at+jwt"
      },
      {
        "aud": "http://127.0.0.1:8080",
        "auth_time": 1800000000,
        "client_id": "local",
        "exp": 1800000600,
        "iat": 1800000000,
        "iss": "http://127.0.0.1:8080",
        "jti": "01a3185c-5000-7102-aa1a-537271deb82d",
        "roles": [
          "user"
        ],
        "sid": "01a3185c-5000-7e81-982a-c2be6756184f",
        "sub": "01a3185c-5000-75e0-a5df-efb6897bbd74"
      }
    ]
    "#);
}

#[tokio::test]
async fn a_login_carries_the_scopes_that_are_configured() {
    let server = Server::start_with(|config| {
        config.login_scopes = vec!["posts:read".to_owned(), "posts:write".to_owned()];
    })
    .await;
    let (_, claims) = parts(&server.token().await);
    assert_eq!(claims["scope"], "posts:read posts:write");
}

#[tokio::test]
async fn a_login_lasts_as_long_as_is_configured() {
    let server = Server::start_with(|config| {
        config.access_token_lifetime = std::time::Duration::from_mins(15);
    })
    .await;
    let answer = server.login("alice", PASSWORD).await.json();
    assert_eq!(answer["expires_in"], 900);
    let (_, claims) = parts(answer["access_token"].as_str().unwrap());
    assert_eq!(claims["exp"], NOW.as_secs() + 900);
}

/// The body stays away: after ten seconds the caller is told so, and the connection ends.
#[tokio::test]
async fn a_body_that_never_comes_is_not_waited_for() {
    let server = Server::start().await;
    tokio::time::pause();
    let never = futures_util::stream::pending::<Result<axum::body::Bytes, std::io::Error>>();
    let body = axum::body::Body::from_stream(never);
    let answer = server.post_json("/api/login", body).await;
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(answer.code(), "request_timeout");
    assert_eq!(answer.header(header::CONNECTION), "close");
}

#[tokio::test]
async fn a_form_will_do_too() {
    let server = Server::start().await;
    let form = "username=Alice&password=correct+horse%20battery+staple";
    for kind in [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=UTF-8",
        "Application/X-WWW-Form-Urlencoded",
    ] {
        let answer = server.post("/api/login", kind, form).await;
        assert_eq!(answer.status, StatusCode::OK, "{kind}: {}", answer.body);
    }
}

#[tokio::test]
async fn w4_wrong_unknown_and_disabled_are_one_answer() {
    let server = Server::start().await;
    server
        .engine
        .create_user("bob", PASSWORD, &[])
        .await
        .unwrap();
    server.engine.disable_user("bob").await.unwrap();
    let answers = [
        server.login("alice", "wrong").await,
        server.login("nobody", PASSWORD).await,
        server.login("bob", PASSWORD).await,
        server.login("bob", "wrong").await,
    ];
    for answer in &answers {
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.code(), "invalid_credentials");
        assert_eq!(answer.headers, answers[0].headers);
        assert_eq!(answer.body, answers[0].body);
    }
    server.engine.enable_user("bob").await.unwrap();
    assert_eq!(server.login("bob", PASSWORD).await.status, StatusCode::OK);
}

#[tokio::test]
async fn spellings_of_a_name_are_one_user() {
    let server = Server::start().await;
    for username in ["alice", "ALICE", " Alice ", "ａｌｉｃｅ", "alice\u{3000}"] {
        let answer = server.login(username, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::OK, "{username:?}");
    }
}

#[tokio::test]
async fn rights_of_symbolon_never_come_from_a_program() {
    let server = Server::start().await;
    for role in ["symbolon:admin", "SYMBOLON:admin"] {
        let refused = server.engine.create_user("eve", PASSWORD, &[role]).await;
        assert!(refused.is_err(), "{role}");
    }
    assert_eq!(
        server.login("eve", PASSWORD).await.code(),
        "invalid_credentials"
    );
}

/// Each body, what it is refused with, and the field that is named.
#[tokio::test]
async fn every_wrong_body_is_told_what_is_wrong() {
    let server = Server::start().await;
    let long_name = json!({ "username": "a".repeat(10_000), "password": "x" }).to_string();
    let emoji = json!({ "username": "😀".repeat(10_000), "password": "x" }).to_string();
    let long_password = json!({ "username": "alice", "password": "x".repeat(1025) }).to_string();
    for (body, status, code, field) in [
        ("", 400, "malformed_json", None),
        ("{", 400, "malformed_json", None),
        ("{'username': 1}", 400, "malformed_json", None),
        (
            r#"{"username":"a","password":"b"} x"#,
            400,
            "malformed_json",
            None,
        ),
        (
            r#"{"username":"\ud800","password":"b"}"#,
            400,
            "malformed_json",
            None,
        ),
        ("\u{feff}{}", 400, "malformed_json", None),
        ("[]", 422, "not_an_object", None),
        ("null", 422, "not_an_object", None),
        ("\"alice\"", 422, "not_an_object", None),
        ("1e400", 400, "malformed_json", None),
        ("{}", 422, "missing_field", Some("username")),
        (
            r#"{"username":"alice"}"#,
            422,
            "missing_field",
            Some("password"),
        ),
        (
            r#"{"password":"x"}"#,
            422,
            "missing_field",
            Some("username"),
        ),
        (
            r#"{"username":1,"password":"x"}"#,
            422,
            "invalid_field_type",
            Some("username"),
        ),
        (
            r#"{"username":"a","password":null}"#,
            422,
            "invalid_field_type",
            Some("password"),
        ),
        (
            r#"{"username":["a"],"password":"x"}"#,
            422,
            "invalid_field_type",
            Some("username"),
        ),
        (
            r#"{"username":{"$ne":""},"password":"x"}"#,
            422,
            "invalid_field_type",
            Some("username"),
        ),
        (
            r#"{"username":true,"password":"x"}"#,
            422,
            "invalid_field_type",
            Some("username"),
        ),
        (
            r#"{"username":"a","username":"b","password":"x"}"#,
            422,
            "duplicate_field",
            Some("username"),
        ),
        (
            r#"{"username":"a","password":"x","password":"x"}"#,
            422,
            "duplicate_field",
            Some("password"),
        ),
        (
            r#"{"username":"a","password":"x","roles":["admin"]}"#,
            422,
            "unknown_field",
            None,
        ),
        (
            r#"{"username":"","password":"x"}"#,
            422,
            "invalid_username",
            Some("username"),
        ),
        (
            r#"{"username":"a b","password":"x"}"#,
            422,
            "invalid_username",
            Some("username"),
        ),
        (
            r#"{"username":"a\u0000","password":"x"}"#,
            422,
            "invalid_username",
            Some("username"),
        ),
        (
            r#"{"username":"😀","password":"x"}"#,
            422,
            "invalid_username",
            Some("username"),
        ),
        (&long_name, 422, "invalid_username", Some("username")),
        (&emoji, 422, "invalid_username", Some("username")),
        (
            r#"{"username":"alice","password":""}"#,
            422,
            "invalid_password",
            Some("password"),
        ),
        (
            r#"{"username":"alice","password":"x\u0000"}"#,
            422,
            "invalid_password",
            Some("password"),
        ),
        (&long_password, 422, "invalid_password", Some("password")),
    ] {
        let answer = server.post_json("/api/login", body.to_owned()).await;
        let start: String = body.chars().take(60).collect();
        check(&answer, &start, status, code, field);
    }
}

#[tokio::test]
async fn every_wrong_form_is_told_what_is_wrong() {
    let server = Server::start().await;
    for (body, status, code, field) in [
        (&b""[..], 422, "missing_field", Some("username")),
        (b"username=alice", 422, "missing_field", Some("password")),
        (
            b"username=a&username=b&password=x",
            422,
            "duplicate_field",
            Some("username"),
        ),
        (b"username=a&password=x&admin=1", 422, "unknown_field", None),
        (b"username=%ff&password=x", 400, "not_utf8", None),
        (b"username=\xff&password=x", 400, "not_utf8", None),
        (b"username=%c3%28&password=x", 400, "not_utf8", None),
        (b"username=%zz&password=x", 400, "malformed_form", None),
        (b"username=100%&password=x", 400, "malformed_form", None),
        (
            b"username=a%00&password=x",
            422,
            "invalid_username",
            Some("username"),
        ),
    ] {
        let kind = "application/x-www-form-urlencoded";
        let answer = server.post("/api/login", kind, body.to_vec()).await;
        check(&answer, &String::from_utf8_lossy(body), status, code, field);
    }
}

fn check(answer: &Answer, body: &str, status: u16, code: &str, field: Option<&str>) {
    assert_eq!(answer.status, status, "{body}: {}", answer.body);
    assert_eq!(answer.code(), code, "{body}");
    assert_eq!(answer.json()["field"].as_str(), field, "{body}");
}

#[tokio::test]
async fn w1_a_password_beyond_any_bound_is_refused_before_it_is_read() {
    let server = Server::start().await;
    let body = json!({ "username": "alice", "password": "x".repeat(1_000_000) }).to_string();
    let answer = server.post_json("/api/login", body).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.code(), "body_too_large");
    assert_eq!(answer.header(header::CONNECTION), "close");
}

#[tokio::test]
async fn an_endless_body_ends_at_the_bound() {
    let server = Server::start().await;
    let chunks = futures_util::stream::repeat_with(|| {
        Ok::<_, std::convert::Infallible>(axum::body::Bytes::from_static(&[b' '; 1024]))
    });
    let body = axum::body::Body::from_stream(chunks);
    let answer = server.post_json("/api/login", body).await;
    assert_eq!(answer.code(), "body_too_large");
}

#[tokio::test]
async fn only_json_and_forms_are_read() {
    let server = Server::start().await;
    let body = json!({ "username": "alice", "password": PASSWORD }).to_string();
    for kind in [
        "text/plain",
        "application/xml",
        "multipart/form-data; boundary=x",
        "",
    ] {
        let answer = server.post("/api/login", kind, body.clone()).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
        assert_eq!(answer.code(), "unsupported_media_type");
    }
    let mut none = crate::support::request(http::Method::POST, "/api/login");
    *none.body_mut() = body.clone().into();
    assert_eq!(server.send(none).await.code(), "unsupported_media_type");

    let mut doubled = crate::support::request(http::Method::POST, "/api/login");
    for kind in ["application/json", "application/x-www-form-urlencoded"] {
        let value = http::HeaderValue::from_static(kind);
        doubled.headers_mut().append(header::CONTENT_TYPE, value);
    }
    *doubled.body_mut() = body.into();
    assert_eq!(server.send(doubled).await.code(), "duplicate_header");
}
