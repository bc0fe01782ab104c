//! Guarding by layer: nothing under it runs without a caller.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Extension, Router,
    body::Body,
    routing::{any, get},
};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::Full;
use symbolon_guard::{Caller, Guard, GuardLayer};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{ISSUER, Mint, NOW, bearer, call, refused, text};

fn routes(layer: GuardLayer) -> (Router, Arc<AtomicUsize>) {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let view = async move |Extension(caller): Extension<Caller>| {
        counted.fetch_add(1, Ordering::SeqCst);
        caller.subject().to_owned()
    };
    let view = any(move |caller| {
        let view = view.clone();
        async move { view(caller).await }
    });
    (Router::new().route("/in", view).layer(layer), runs)
}

#[tokio::test]
async fn a14_the_layer_answers_refusals_itself() {
    let mint = Mint::new();
    let (routes, runs) = routes(mint.guard().0.layer());

    refused(
        call(&routes, "/in", HeaderMap::new()).await,
        401,
        "missing_token",
    )
    .await;
    refused(
        call(&routes, "/in", bearer("a.b.c")).await,
        401,
        "invalid_token",
    )
    .await;
    refused(
        call(&routes, "/in", bearer("a b")).await,
        400,
        "invalid_request",
    )
    .await;
    assert_eq!(runs.load(Ordering::SeqCst), 0);

    let answer = call(&routes, "/in", bearer(&mint.token())).await;
    assert_eq!(text(answer).await, "ada");
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_layer_with_roles_wants_all_of_them() {
    let mint = Mint::new();
    let layer = mint.guard().0.layer();
    let (routes, runs) = routes(
        layer
            .require_role("user")
            .require_role("auditor".to_owned()),
    );

    for roles in [vec![], vec!["user"], vec!["auditor"], vec!["admin"]] {
        let mut claims = mint.claims(NOW);
        claims.roles = roles.into_iter().map(str::to_owned).collect();
        let answer = call(&routes, "/in", bearer(&mint.sign(&claims))).await;
        refused(answer, 403, "insufficient_scope").await;
    }
    assert_eq!(runs.load(Ordering::SeqCst), 0);

    let mut claims = mint.claims(NOW);
    claims.roles = vec!["auditor".into(), "user".into()];
    let answer = call(&routes, "/in", bearer(&mint.sign(&claims))).await;
    assert_eq!(answer.status(), 200);
}

/// Flask-JWT-Extended runs the view of an OPTIONS request without looking at the token.
#[tokio::test]
async fn a_preflight_never_runs_the_view() {
    let mint = Mint::new();
    let (routes, runs) = routes(mint.guard().0.layer());
    let methods = [
        Method::OPTIONS,
        Method::HEAD,
        Method::TRACE,
        Method::POST,
        Method::from_bytes(b"PROPFIND").unwrap(),
    ];
    for method in methods {
        let request = Request::builder()
            .method(method.clone())
            .uri("/in")
            .header("origin", "https://evil.example")
            .header("access-control-request-method", "POST")
            .body(Body::empty())
            .unwrap();
        let answer = routes.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), 401, "{method}");
    }
    assert_eq!(runs.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn t12_a_caller_of_another_guard_is_no_caller_here() {
    let (ours, theirs) = (Mint::new(), Mint::named("other", "https://other.example"));
    let (our_guard, _) = ours.guard();
    let (their_guard, _) = theirs.guard();

    let inner = |guard: &Guard| {
        Router::new()
            .route(
                "/in",
                get(async |caller: Caller| caller.subject().to_owned()),
            )
            .with_state(guard.clone())
    };
    let mixed = inner(&our_guard).layer(their_guard.layer());
    let answer = call(&mixed, "/in", bearer(&theirs.token())).await;
    refused(answer, 401, "invalid_token").await;

    let nested = Router::new()
        .route("/in", get(async || "opened"))
        .layer(our_guard.layer())
        .layer(their_guard.layer());
    let answer = call(&nested, "/in", bearer(&theirs.token())).await;
    refused(answer, 401, "invalid_token").await;

    let same = inner(&our_guard).layer(our_guard.layer());
    let answer = call(&same, "/in", bearer(&ours.token())).await;
    assert_eq!(text(answer).await, "ada");
}

/// What the layer has checked isn't checked again: the extractor behind it doesn't need the header.
#[tokio::test]
async fn a_caller_of_the_same_guard_is_taken_over() {
    let mint = Mint::new();
    let (guard, _) = mint.guard();
    let caller = guard.admit(&bearer(&mint.token())).await.unwrap().unwrap();
    assert!(caller.is_from(&guard.clone()));
    assert!(!caller.is_from(&mint.guard().0));

    let routes = Router::new()
        .route(
            "/in",
            get(async |caller: Caller| caller.subject().to_owned()),
        )
        .with_state(guard)
        .layer(Extension(caller));
    let answer = call(&routes, "/in", HeaderMap::new()).await;
    assert_eq!(text(answer).await, "ada");
}

#[tokio::test]
async fn the_layer_needs_tower_and_nothing_else() {
    let mint = Mint::named("k", ISSUER);
    let service = mint.guard().0.layer().layer(service_fn(
        async |request: Request<()>| -> Result<_, std::convert::Infallible> {
            let caller = request.extensions().get::<Caller>().unwrap();
            Ok(Response::new(Full::from(caller.subject().to_owned())))
        },
    ));
    let answer: Response<Full<axum::body::Bytes>> =
        service.clone().oneshot(Request::new(())).await.unwrap();
    assert_eq!(answer.status(), 401);

    let mut request = Request::new(());
    *request.headers_mut() = bearer(&mint.token());
    assert_eq!(service.oneshot(request).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a14_a_missing_scope_is_named() {
    let mint = Mint::new();
    let layer = mint.guard().0.layer();
    let (routes, runs) = routes(layer.require_scope("posts:write"));
    let answer = call(&routes, "/in", bearer(&mint.token())).await;
    let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
    assert!(
        challenge.contains(r#"error="insufficient_scope""#),
        "{challenge}"
    );
    assert!(challenge.contains(r#"scope="posts:write""#), "{challenge}");
    refused(answer, 403, "insufficient_scope").await;
    assert_eq!(runs.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_scope_that_is_none_does_not_break_the_challenge() {
    let answer: Response<String> =
        symbolon_guard::Rejection::missing_scope("a\"\r\nb").into_http_response();
    let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains("insufficient_scope") && !challenge.contains("scope=\"a"));
}
