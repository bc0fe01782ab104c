//! Tokens in the query and in JSON bodies, by a choice that is called dangerous.

use axum::{
    Router,
    body::{Body, Bytes},
    routing::{get, post},
};
use http::{HeaderMap, Request};
use symbolon_guard::{Caller, Guard, Sources, testing::TestIssuer};
use tower::ServiceExt;

use crate::support::{call, text};

fn guard(issuer: &TestIssuer, sources: Sources) -> Guard {
    issuer.guard("https://api.example").with_sources(sources)
}

#[tokio::test]
async fn a_query_parameter_has_one_spelling() {
    let issuer = TestIssuer::new();
    let guard = guard(
        &issuer,
        Sources::bearer().dangerous_and_query("access_token"),
    );
    let routes = Router::new()
        .route("/extractor", get(async |_: Caller| "in"))
        .with_state(guard.clone())
        .merge(
            Router::new()
                .route("/layer", get(async || "in"))
                .layer(guard.layer()),
        );
    let token = issuer.token("ada");
    let cases = [
        (format!("access_token={token}"), 200),
        (format!("a=b&access_token={token}&c=d"), 200),
        (format!("access_token={token}&access_token={token}"), 400),
        (format!("access_token=x&access_token={token}"), 400),
        (format!("access_token={token}&access%5Ftoken=x"), 400),
        (format!("access%5ftoken={token}"), 400),
        (format!("%61ccess_token={token}"), 400),
        (format!("Access_Token={token}"), 400),
        (format!("a=b;access_token={token}"), 400),
        (format!("access_token={token};a=b"), 400),
        ("access_token=".to_owned(), 400),
        ("access_token".to_owned(), 400),
        (format!("access_token={}", token.replace('.', "%2E")), 400),
        (format!("access_token=%20{token}"), 400),
        (format!("access_token={token}+"), 401),
        ("access_token=a.b.c".to_owned(), 401),
        (format!("access_tokens={token}"), 401),
        (format!("access_token[]={token}"), 401),
        (format!("xaccess_token={token}"), 401),
        (format!("access-token={token}"), 401),
        (format!("token={token}"), 401),
    ];
    for (query, expected) in cases {
        for path in ["/extractor", "/layer"] {
            let answer = call(&routes, &format!("{path}?{query}"), HeaderMap::new()).await;
            assert_eq!(answer.status().as_u16(), expected, "{path}?{query}");
        }
        let path = format!("/layer?{query}");
        let both = call(&routes, &path, issuer.headers(&token))
            .await
            .status()
            .as_u16();
        // Where the query held anything in the token's place, there are two credentials.
        assert_eq!(
            both == 200,
            expected == 401 && !query.starts_with("access_token="),
            "{query}"
        );
    }
    // Only headers are seen here.
    assert!(guard.require(&HeaderMap::new()).await.is_err());
}

async fn posted(
    routes: &Router,
    media_type: &str,
    body: &str,
    headers: HeaderMap,
) -> (u16, String) {
    let mut request = Request::post("/")
        .body(Body::from(body.to_owned()))
        .unwrap();
    *request.headers_mut() = headers;
    request
        .headers_mut()
        .insert("content-type", media_type.parse().unwrap());
    let answer = routes.clone().oneshot(request).await.unwrap();
    (answer.status().as_u16(), text(answer).await)
}

#[tokio::test]
async fn a_json_field_is_read_once_and_the_handler_sees_the_same_octets() {
    let issuer = TestIssuer::new();
    let guard = guard(
        &issuer,
        Sources::bearer().dangerous_and_json_field("access_token"),
    );
    let routes = Router::new()
        .route("/", post(async |body: Bytes| body))
        .layer(guard.layer().dangerous_read_body(4096));
    let token = issuer.token("ada");
    let json = "application/json";
    let good = format!(r#"{{ "access_token" : "{token}", "x": [1, {{}}] }}"#);
    assert_eq!(
        posted(&routes, json, &good, HeaderMap::new()).await,
        (200, good.clone())
    );
    let charset = "Application/JSON; charset=utf-8";
    assert_eq!(
        posted(&routes, charset, &good, HeaderMap::new()).await,
        (200, good.clone())
    );
    let escaped = format!(r#"{{"acc\u0065ss_token":"{token}"}}"#);
    assert_eq!(
        posted(&routes, json, &escaped, HeaderMap::new()).await.0,
        200
    );

    for (media_type, body, expected) in [
        (
            json,
            format!(r#"{{"access_token":"{token}","access_token":"{token}"}}"#),
            400,
        ),
        (
            json,
            format!(r#"{{"access_token":"{token}","acc\u0065ss_token":"x"}}"#),
            400,
        ),
        (json, r#"{"access_token":7}"#.into(), 400),
        (json, r#"{"access_token":null}"#.into(), 400),
        (json, format!(r#"{{"access_token":["{token}"]}}"#), 400),
        (json, r#"{"access_token":""}"#.into(), 400),
        (json, r#"{"access_token":"a b"}"#.into(), 400),
        (json, r#"{"access_token":"a.b.c"}"#.into(), 401),
        (
            json,
            format!(r#"{{"x":{{"access_token":"{token}"}}}}"#),
            401,
        ),
        (json, format!(r#"[{{"access_token":"{token}"}}]"#), 401),
        (json, format!(r#"{{"Access_Token":"{token}"}}"#), 401),
        (json, format!(r#"{{"access_token":"{token}""#), 401),
        (json, format!("\u{feff}{good}"), 401),
        (json, String::new(), 401),
        (
            json,
            format!(r#"{{"access_token":"{token}","x":"{}"}}"#, "x".repeat(4096)),
            400,
        ),
        (json, "[".repeat(4000), 401),
        ("text/plain", good.clone(), 401),
        ("application/jsonp", good.clone(), 401),
        (
            "application/x-www-form-urlencoded",
            format!("access_token={token}"),
            401,
        ),
    ] {
        let (status, answer) = posted(&routes, media_type, &body, HeaderMap::new()).await;
        assert_eq!(status, expected, "{media_type} {body}: {answer}");
        assert!(!answer.contains(&token));
    }
    let both = posted(&routes, json, &good, issuer.headers(&token)).await;
    assert_eq!(both.0, 400);
    let header_only = posted(&routes, json, "{}", issuer.headers(&token)).await;
    assert_eq!(header_only, (200, "{}".to_owned()));

    // Without the layer that reads bodies nobody looks there.
    let routes = Router::new()
        .route("/", post(async || "in"))
        .layer(guard.layer());
    assert_eq!(posted(&routes, json, &good, HeaderMap::new()).await.0, 401);
}
