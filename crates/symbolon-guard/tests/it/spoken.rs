//! Refusals in the caller's language, and where the metadata is.

use axum::{Router, routing::get};
use http::{HeaderMap, HeaderValue, header::ACCEPT_LANGUAGE};
use symbolon_guard::{
    Caller, Guard, Language, MetadataError, Rejection, ResourceMetadata, Scheme, Sources,
    TokenCookie, testing::TestIssuer,
};

use crate::support::{bearer, call, text};

const API: &str = "https://api.example";

fn routes(guard: &Guard) -> Router {
    Router::new()
        .route("/extractor", get(async |_: Caller| "in"))
        .with_state(guard.clone())
        .merge(
            Router::new()
                .route("/layer", get(async || "in"))
                .layer(guard.layer()),
        )
        .layer(guard.metadata_layer())
}

fn speaking(mut headers: HeaderMap, language: &str) -> HeaderMap {
    headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_str(language).unwrap());
    headers
}

#[tokio::test]
async fn people_read_their_language_and_programs_english() {
    let issuer = TestIssuer::new();
    let routes = routes(&issuer.guard(API));
    let expired = issuer.mint("ada").claim("exp", 1).headers();
    let cases = [
        (
            HeaderMap::new(),
            "missing_token",
            "액세스 토큰이 필요합니다",
        ),
        (expired, "invalid_token", "만료되었습니다"),
        (bearer("a b"), "invalid_request", "여러 단어"),
    ];
    for path in ["/extractor", "/layer"] {
        for (headers, code, korean) in &cases {
            for (asked, is_korean) in [
                ("ko", true),
                ("ko-KR,ko;q=0.9,en;q=0.8", true),
                ("KO", true),
                ("fr, ko;q=0.1", true),
                ("en;q=0.5, ko;q=0.6", true),
                ("*;q=0.1, ko", true),
                ("en, ko", false),
                ("fr", false),
                ("", false),
                ("ko;q=0", false),
                ("ko;q=2", false),
                ("kok", false),
                ("*", false),
                ("en;q=0.5, *;q=0.9", true),
            ] {
                let answer = call(&routes, path, speaking(headers.clone(), asked)).await;
                let answered = answer.headers().clone();
                let tag = if is_korean { "ko" } else { "en" };
                assert_eq!(answered["content-language"], tag, "{asked}");
                assert_eq!(answered["vary"], "accept-language");
                let challenge = answered["www-authenticate"].to_str().unwrap();
                assert!(challenge.is_ascii(), "{challenge}");
                let body: serde_json::Value = serde_json::from_str(&text(answer).await).unwrap();
                assert_eq!(body["code"], *code);
                let detail = body["detail"].as_str().unwrap();
                assert_eq!(detail.contains(korean), is_korean, "{asked}: {detail}");
                assert_eq!(detail.is_ascii(), !is_korean, "{asked}: {detail}");
            }
        }
    }
}

/// Each refusal that there is, in both languages: different words, and the English fit for a challenge.
#[test]
fn every_refusal_is_written_in_both_languages() {
    use std::time::Duration;
    let refusals = [
        Rejection::missing_token(),
        Rejection::signed_out(),
        Rejection::missing_role("admin"),
        Rejection::missing_scope("read"),
        Rejection::not_allowed(),
        Rejection::not_fresh(Duration::from_mins(1)),
    ];
    for refusal in refusals {
        let detail = |language| {
            let body: serde_json::Value =
                serde_json::from_str(refusal.clone().in_language(language).problem().body())
                    .unwrap();
            body["detail"].as_str().unwrap().to_owned()
        };
        let (english, korean) = (detail(Language::English), detail(Language::Korean));
        assert!(
            english.is_ascii() && !korean.is_ascii(),
            "{english} / {korean}"
        );
    }
}

#[tokio::test]
async fn m3_the_challenge_leads_to_the_metadata() {
    let issuer = TestIssuer::new();
    let metadata = ResourceMetadata::new("https://api.example/posts")
        .unwrap()
        .authorization_server("https://login.example")
        .scope("posts:read")
        .name("Posts")
        .documentation("https://api.example/docs");
    let guard = issuer.guard(API).with_metadata(metadata);
    let routes = routes(&guard);
    let url = "https://api.example/.well-known/oauth-protected-resource/posts";
    let insufficient = issuer.mint("ada").headers();
    let layered = Router::new()
        .route("/", get(async || "in"))
        .layer(guard.layer().require_scope("posts:write"));
    for answer in [
        call(&routes, "/extractor", HeaderMap::new()).await,
        call(&routes, "/layer", bearer("a.b.c")).await,
        call(&routes, "/layer", bearer("a b")).await,
        call(&layered, "/", insufficient).await,
    ] {
        let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
        let expected = format!(r#", resource_metadata="{url}""#);
        assert!(challenge.contains(&expected), "{challenge}");
    }
    // Whatever the request says of hosts, the document is the same.
    let mut spoofed = HeaderMap::new();
    for name in [
        "host",
        "x-forwarded-host",
        "x-forwarded-proto",
        "forwarded",
        "x-original-url",
    ] {
        spoofed.insert(name, HeaderValue::from_static("evil.example"));
    }
    let path = "/.well-known/oauth-protected-resource/posts";
    for headers in [HeaderMap::new(), spoofed, bearer("a b")] {
        let answer = call(&routes, path, headers).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "application/json");
        assert_eq!(answer.headers()["access-control-allow-origin"], "*");
        let document: serde_json::Value = serde_json::from_str(&text(answer).await).unwrap();
        assert_eq!(
            document,
            serde_json::json!({
                "resource": "https://api.example/posts",
                "authorization_servers": ["https://login.example"],
                "scopes_supported": ["posts:read"],
                "bearer_methods_supported": ["header"],
                "resource_name": "Posts",
                "resource_documentation": "https://api.example/docs",
            })
        );
    }
    for elsewhere in [
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/posts/",
    ] {
        let answer = call(&routes, elsewhere, HeaderMap::new()).await;
        assert_ne!(answer.status(), 200, "{elsewhere}");
    }
    let post = http::Request::post(path)
        .body(axum::body::Body::empty())
        .unwrap();
    let answer = tower::ServiceExt::oneshot(routes, post).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["allow"]),
        (405, &HeaderValue::from_static("GET, HEAD"))
    );
}

#[test]
fn m3_a_resource_is_a_url_that_clients_can_trust() {
    for (resource, url) in [
        (
            "https://api.example",
            "https://api.example/.well-known/oauth-protected-resource",
        ),
        (
            "https://api.example/",
            "https://api.example/.well-known/oauth-protected-resource",
        ),
        (
            "https://api.example:8443/a/b",
            "https://api.example:8443/.well-known/oauth-protected-resource/a/b",
        ),
        (
            "http://localhost:3000",
            "http://localhost:3000/.well-known/oauth-protected-resource",
        ),
        (
            "http://127.0.0.1:1",
            "http://127.0.0.1:1/.well-known/oauth-protected-resource",
        ),
    ] {
        assert_eq!(ResourceMetadata::new(resource).unwrap().url(), url);
    }
    for (resource, error) in [
        ("", MetadataError::NotAUrl),
        ("api.example", MetadataError::NotAUrl),
        ("/posts", MetadataError::NotAUrl),
        ("http://api.example", MetadataError::NotSecure),
        ("ftp://api.example", MetadataError::NotSecure),
        ("http://localhost.evil.example", MetadataError::NotSecure),
        ("https://api.example/?x=1", MetadataError::NotAUrl),
        ("https://api.example/#x", MetadataError::NotAUrl),
        ("https://user@api.example/", MetadataError::NotAUrl),
        ("https://api.example/\"x", MetadataError::NotAUrl),
    ] {
        assert_eq!(ResourceMetadata::new(resource), Err(error), "{resource}");
    }
}

#[tokio::test]
async fn a14_each_source_is_named_once_in_the_challenges() {
    let issuer = TestIssuer::new();
    let cookie = TokenCookie::new("t").unwrap();
    for (sources, expected) in [
        (Sources::bearer(), vec!["Bearer"]),
        (Sources::cookie(cookie.clone()), vec!["Cookie"]),
        (
            Sources::bearer().and_scheme(Scheme::JWT).and_cookie(cookie),
            vec!["Bearer", "JWT", "Cookie"],
        ),
        (
            Sources::bearer()
                .dangerous_and_query("t")
                .dangerous_and_json_field("t"),
            vec!["Bearer"],
        ),
        (
            Sources::raw_token().dangerous_and_query("t"),
            vec!["Raw", "Bearer"],
        ),
    ] {
        let routes = routes(&issuer.guard(API).with_sources(sources));
        let answer = call(&routes, "/extractor", HeaderMap::new()).await;
        let challenges: Vec<String> = answer
            .headers()
            .get_all("www-authenticate")
            .iter()
            .map(|value| value.to_str().unwrap().to_owned())
            .collect();
        let expected: Vec<String> = expected
            .iter()
            .map(|word| format!(r#"{word} realm="api""#))
            .collect();
        assert_eq!(challenges, expected);
    }
}
