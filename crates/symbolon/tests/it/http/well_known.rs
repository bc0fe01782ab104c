//! What anybody may know.

use http::{HeaderValue, Method, StatusCode, header};
use serde_json::json;

use crate::support::{ISSUER, Server, request};

const JWKS: &str = "/.well-known/jwks.json";

#[tokio::test]
async fn m2_the_jwks_holds_public_keys_and_a_standby() {
    let server = Server::start().await;
    let answer = server.get(JWKS).await;
    assert_eq!(
        answer.header(header::CONTENT_TYPE),
        "application/jwk-set+json"
    );
    assert_eq!(answer.header(header::CACHE_CONTROL), "public, max-age=300");
    let body = answer.json();
    let keys = body["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0]["kid"], keys[1]["kid"]);
    for key in keys {
        let mut members: Vec<_> = key.as_object().unwrap().keys().cloned().collect();
        members.sort();
        // A private key would show as `d` (RFC 7518 §6.2.2).
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
        assert_eq!(key["alg"], "ES256");
    }
}

#[tokio::test]
async fn the_jwks_is_not_sent_twice_to_who_has_it() {
    let server = Server::start().await;
    let etag = server.get(JWKS).await.header(header::ETAG).to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
    for (sent, status) in [
        (etag.clone(), StatusCode::NOT_MODIFIED),
        (format!("W/{etag}"), StatusCode::NOT_MODIFIED),
        (format!("\"other\", {etag}"), StatusCode::NOT_MODIFIED),
        ("*".to_owned(), StatusCode::NOT_MODIFIED),
        ("\"other\"".to_owned(), StatusCode::OK),
    ] {
        let mut request = request(Method::GET, JWKS);
        let value = HeaderValue::try_from(&sent).unwrap();
        request.headers_mut().insert(header::IF_NONE_MATCH, value);
        let answer = server.send(request).await;
        assert_eq!(answer.status, status, "{sent}");
        assert_eq!(answer.header(header::ETAG), etag);
        assert_eq!(answer.body.is_empty(), status == StatusCode::NOT_MODIFIED);
    }
}

#[tokio::test]
async fn m1_both_forms_of_metadata_say_only_what_is_true() {
    let server = Server::start().await;
    let oauth = server.get("/.well-known/oauth-authorization-server").await;
    let openid = server.get("/.well-known/openid-configuration").await;
    assert_eq!(oauth.body, openid.body);
    assert_eq!(
        oauth.json(),
        json!({
            "issuer": ISSUER,
            "jwks_uri": format!("{ISSUER}/.well-known/jwks.json"),
            "response_types_supported": [],
            "grant_types_supported": [],
            "subject_types_supported": ["public"],
        })
    );
}

#[tokio::test]
async fn m1_no_header_changes_a_byte() {
    let server = Server::start().await;
    for path in [JWKS, "/.well-known/openid-configuration"] {
        let plain = server.get(path).await.body;
        for (name, value) in [
            ("host", "evil.example"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "https"),
            ("forwarded", "host=evil.example;proto=https"),
        ] {
            let mut request = request(Method::GET, path);
            request
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
            assert_eq!(server.send(request).await.body, plain, "{name}");
        }
    }
}

#[tokio::test]
async fn keys_stay_the_same_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("test.db").display().to_string();
    let first = Server::open(&database, |_| {}).await;
    let before = first.get(JWKS).await;
    first.engine.shutdown().await;
    let second = Server::open(&database, |_| {}).await;
    let after = second.get(JWKS).await;
    assert_eq!(before.body, after.body);
    assert_eq!(before.header(header::ETAG), after.header(header::ETAG));
}
