//! Ways to write a request so that a guard looks elsewhere than the service does. Oathkeeper, oauth2-proxy,
//! Keycloak and Authelia were passed by such (requirements, part 2).

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, body::Body, routing::any};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use symbolon_guard::{Caller, Guard, testing::TestIssuer};
use tower::ServiceExt;

use crate::support::{call, text};

/// A router as programs have them: some of it open, some behind a layer, some guarded by its arguments.
fn routes(guard: &Guard) -> (Router, Arc<AtomicUsize>) {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let view = any(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        async { "secret" }
    });
    let counted = Arc::clone(&runs);
    let by_type = any(move |_: Caller| {
        counted.fetch_add(1, Ordering::SeqCst);
        async { "secret" }
    });
    let guarded = Router::new()
        .route("/admin", view.clone())
        .route("/admin/", view.clone())
        .route("/admin/{id}", view.clone())
        .route("/files/{*path}", view)
        .layer(guard.layer());
    let routes = Router::new()
        .route("/public", any(async || "public"))
        .route("/typed", by_type.clone())
        .route("/typed/{id}", by_type)
        .merge(guarded)
        .with_state(guard.clone());
    (routes, runs)
}

fn paths() -> Vec<String> {
    let mut paths = Vec::new();
    for base in ["/admin", "/admin/1", "/files/a/b", "/typed", "/typed/1"] {
        let letters = &base[1..];
        for spelling in [
            base.to_owned(),
            format!("/{base}"),
            format!("//{base}"),
            format!("/.{base}"),
            format!("/./{letters}"),
            format!("/..{base}"),
            format!("/public/..{base}"),
            format!("/public/../..{base}"),
            format!("/public/%2e%2e{base}"),
            format!("/public/%2E%2E%2F{letters}"),
            format!("/public/..;{base}"),
            format!("/public;{base}"),
            format!("/%2f{letters}"),
            format!("/%5c{letters}"),
            format!("/%00{letters}"),
            format!("{base}/"),
            format!("{base}//"),
            format!("{base}/."),
            format!("{base}/.."),
            format!("{base}%2f"),
            format!("{base}%2e"),
            format!("{base}%00"),
            format!("{base}%0a"),
            format!("{base}%20"),
            format!("{base}%09"),
            format!("{base};"),
            format!("{base};x=y"),
            format!("{base};jsessionid=1"),
            format!("{base}.json"),
            format!("{base}.css"),
            format!("{base}.."),
            format!("{base}~"),
            format!("{base}%3f"),
            format!("{base}%23"),
            format!("{base}?"),
            format!("{base}?x=/public"),
            format!("{base}?/public"),
            format!("{base}??"),
            format!("{base}?access_token=x"),
            format!("{base}?;/public"),
            format!("{base}?_method=OPTIONS"),
            base.to_ascii_uppercase(),
            format!("/{}{}", letters[..1].to_ascii_uppercase(), &letters[1..]),
            format!("/%{:02x}{}", letters.as_bytes()[0], &letters[1..]),
            format!("/%25{:02x}{}", letters.as_bytes()[0], &letters[1..]),
            format!("/%c1%a1{letters}"),
            format!("{base}/public"),
            format!("{base}/../public"),
            format!("{base}@public"),
            format!("http://public.example{base}"),
            format!("http://localhost:1{base}?/public"),
        ] {
            paths.push(spelling);
        }
    }
    paths
}

#[tokio::test]
async fn no_spelling_of_a_path_reaches_a_view_without_a_token() {
    let issuer = TestIssuer::new();
    let (routes, runs) = routes(&issuer.guard("https://api.example"));
    let paths = paths();
    let (mut tried, mut refused) = (0, 0);
    for path in &paths {
        let Ok(uri) = path.parse::<Uri>() else {
            continue;
        };
        for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::POST] {
            let request = Request::builder().method(&method).uri(uri.clone());
            let request = request.body(Body::empty()).unwrap();
            let answer = routes.clone().oneshot(request).await.unwrap();
            let status = answer.status().as_u16();
            assert!(
                matches!(status, 401 | 404 | 405),
                "{method} {path}: {status}"
            );
            assert!(!text(answer).await.contains("secret"), "{method} {path}");
            tried += 1;
            refused += usize::from(status == 401);
        }
    }
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    assert!(
        paths.len() >= 200 && tried >= 800,
        "{} {tried}",
        paths.len()
    );
    assert!(refused >= 200, "the spellings do lead to views: {refused}");
    // With a token they are seen.
    let token = issuer.mint("ada").headers();
    assert_eq!(call(&routes, "/admin", token.clone()).await.status(), 200);
    assert_eq!(call(&routes, "/typed/1", token).await.status(), 200);
}

/// What proxies tell of a path or a method isn't what is served, and moves no guard.
#[tokio::test]
async fn no_header_leads_around_the_guard() {
    let issuer = TestIssuer::new();
    let (routes, runs) = routes(&issuer.guard("https://api.example"));
    for name in [
        "x-original-url",
        "x-rewrite-url",
        "x-forwarded-uri",
        "x-forwarded-path",
        "x-original-uri",
        "x-forwarded-prefix",
        "x-http-method-override",
        "x-method-override",
        "x-http-method",
        "x-forwarded-method",
        "x-middleware-subrequest",
        "x-custom-ip-authorization",
        "x-forwarded-for",
        "x-real-ip",
        "forwarded",
        "client-ip",
        "true-client-ip",
        "host",
        "referer",
        "origin",
        "upgrade",
        "connection",
        "x-internal",
        "x-envoy-internal",
        "x-debug",
        "x-bypass",
        "x-skip-auth",
        "via",
        "te",
        "x-requested-with",
    ] {
        for value in [
            "/public",
            "OPTIONS",
            "127.0.0.1",
            "localhost",
            "true",
            "1",
            "authorization",
        ] {
            for path in ["/admin", "/typed"] {
                let name = HeaderName::from_static(name);
                let headers =
                    HeaderMap::from_iter([(name.clone(), HeaderValue::from_static(value))]);
                let answer = call(&routes, path, headers).await;
                assert_eq!(answer.status(), 401, "{name}: {value}");
            }
        }
    }
    assert_eq!(runs.load(Ordering::SeqCst), 0);
}

/// Headers by which proxies tell who calls. A guard reads its token and believes none of them, whoever they
/// come from and however they are written.
#[tokio::test]
async fn no_header_says_who_calls() {
    let issuer = TestIssuer::new();
    let guard = issuer.guard("https://api.example");
    let routes = Router::new()
        .route(
            "/",
            any(async |caller: Caller| {
                format!(
                    "{}|{:?}|{:?}",
                    caller.subject(),
                    caller.roles(),
                    caller.client_id()
                )
            }),
        )
        .route(
            "/maybe",
            any(async |caller: Option<Caller>| {
                caller.map_or("nobody".to_owned(), |caller| caller.subject().to_owned())
            }),
        )
        .with_state(guard);
    let mut tried = 0;
    for name in [
        "x-user",
        "x-user-id",
        "x-auth-user",
        "x-auth-request-user",
        "x-auth-request-email",
        "x-forwarded-user",
        "x-forwarded-email",
        "x-forwarded-preferred-username",
        "x-forwarded-groups",
        "x-remote-user",
        "remote-user",
        "remote-groups",
        "x-webauth-user",
        "x-authenticated-user",
        "x-authenticated-userid",
        "x-consumer-id",
        "x-credential-identifier",
        "x-sub",
        "x-subject",
        "x-roles",
        "x-scopes",
        "x-client-id",
        "x-jwt-claims",
        "x-userinfo",
        "x-id-token",
        "x-access-token",
        "x-amzn-oidc-identity",
        "x-goog-authenticated-user-email",
        "x-ms-client-principal",
        "cf-access-jwt-assertion",
        "x-symbolon-subject",
        "x-symbolon-roles",
        "x-authorization",
        "proxy-authorization",
        "authorization-",
        "x-original-authorization",
        "authentication",
    ] {
        for spelling in [
            name.to_owned(),
            name.replace('-', "_"),
            format!("{name}_"),
            format!("http_{}", name.replace('-', "_")),
        ] {
            for case in [spelling.clone(), spelling.to_ascii_uppercase()] {
                let name = HeaderName::from_bytes(case.as_bytes()).unwrap();
                let value =
                    HeaderValue::try_from(format!("Bearer {}", issuer.token("admin"))).unwrap();
                let mut headers = issuer.mint("ada").headers();
                headers.append(&name, HeaderValue::from_static("admin"));
                headers.append(&name, value.clone());
                let answer = text(call(&routes, "/", headers).await).await;
                assert_eq!(answer, r#"ada|[]|"test-client""#, "{case}");
                let alone = HeaderMap::from_iter([(name, value)]);
                assert_eq!(
                    text(call(&routes, "/maybe", alone.clone()).await).await,
                    "nobody",
                    "{case}"
                );
                assert_eq!(call(&routes, "/", alone).await.status(), 401, "{case}");
                tried += 1;
            }
        }
    }
    assert!(tried >= 200, "{tried}");
}

/// Ways to write a good token that are another text: all refused, cached original or not.
#[tokio::test]
async fn t8_a_token_has_one_spelling() {
    let issuer = TestIssuer::new();
    let guard = issuer.guard("https://api.example");
    let token = issuer.token("ada");
    let segments: Vec<&str> = token.split('.').collect();
    let (header, payload, signature) = (segments[0], segments[1], segments[2]);
    let mut spellings = vec![
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.."),
        format!("{header}..{signature}"),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!(".{payload}.{signature}"),
        format!("{header}.{payload}.{signature}.{signature}"),
        format!("{header}:{payload}:{signature}"),
        token.replace('.', "%2e"),
        token.replace('.', ","),
        token.to_ascii_uppercase(),
        token.to_ascii_lowercase(),
        format!("{{\"token\":\"{token}\"}}"),
        format!("[{token}]"),
        format!("<{token}>"),
        format!("'{token}'"),
        format!("{token},{token}"),
        format!("{token};{token}"),
        format!("{token} {token}"),
        format!("{token}\t"),
        token.chars().rev().collect(),
        "null".into(),
        "undefined".into(),
        "none".into(),
        "true".into(),
        "0".into(),
        "*".into(),
        "..".into(),
        "e30.e30.".into(),
        "e30.e30.e30".into(),
    ];
    for pad in [
        "=", "==", "===", "+", "/", "-", "_", "~", "%3d", "%00", "\u{a0}",
    ] {
        spellings.push(format!("{token}{pad}"));
        spellings.push(format!("{pad}{token}"));
        spellings.push(format!("{header}{pad}.{payload}.{signature}"));
        spellings.push(format!("{header}.{payload}{pad}.{signature}"));
        spellings.push(format!("{header}.{pad}{payload}.{signature}"));
    }
    // The last letter of a segment has bits that decode to nothing: strict readers see one spelling.
    for segment in 0..3 {
        for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars() {
            let mut changed: Vec<String> = segments.iter().map(|it| (*it).to_owned()).collect();
            changed[segment].pop();
            changed[segment].push(letter);
            spellings.push(changed.join("."));
        }
    }
    spellings.retain(|spelling| *spelling != token);
    assert!(spellings.len() >= 250, "{}", spellings.len());
    for warm in [false, true] {
        if warm {
            assert!(guard.require(&issuer.headers(&token)).await.is_ok());
        }
        for spelling in &spellings {
            let Ok(value) = HeaderValue::try_from(format!("Bearer {spelling}")) else {
                continue;
            };
            let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, value)]);
            let refused = guard.require(&headers).await.map(|_| spelling).unwrap_err();
            assert!(matches!(refused.status().as_u16(), 400 | 401), "{spelling}");
            assert!(guard.require_token(spelling).await.is_err(), "{spelling}");
        }
    }
}
