//! Refusals in a shape of the program's own: they stay refusals, and say how to send a token.

use axum::{Extension, Router, routing::get};
use http::{HeaderMap, HeaderValue, StatusCode, header::WWW_AUTHENTICATE};
use symbolon_guard::{Answers, Caller, CallerWith, Guard, Reason, Rejection, Role};

use crate::support::{Mint, bearer, call, refused, text};

struct Admin;

impl Role for Admin {
    const NAME: &'static str = "admin";
}

fn routes(guard: &Guard) -> Router {
    Router::new()
        .route("/required", get(async |_: Caller| "let in"))
        .route("/optional", get(async |_: Option<Caller>| "let in"))
        .route("/admin", get(async |_: CallerWith<Admin>| "let in"))
        .with_state(guard.clone())
        .merge(layered("/layer", guard, &[]))
        .merge(layered("/layer/admin", guard, &["user", "admin"]))
}

fn layered(path: &str, guard: &Guard, roles: &[&'static str]) -> Router {
    let layer = roles
        .iter()
        .fold(guard.layer(), |layer, role| layer.require_role(*role));
    let view = get(async |Extension(_): Extension<Caller>| "let in");
    Router::new().route(path, view).layer(layer)
}

fn plain(rejection: &Rejection) -> http::Response<String> {
    http::Response::new(format!("{:?}", rejection.reason()))
}

/// A shape that says nothing but a status.
fn status_only(status: u16) -> impl Answers {
    let status = StatusCode::from_u16(status).unwrap();
    move |_: &Rejection| {
        let mut answer = http::Response::new(String::new());
        *answer.status_mut() = status;
        answer
    }
}

#[tokio::test]
async fn one_shape_answers_in_extractors_and_layer_alike() {
    let mint = Mint::new();
    let routes = routes(&mint.guard().0.with_answers(plain));
    let all = ["/required", "/admin", "/layer", "/layer/admin"];
    let cases = [
        (HeaderMap::new(), 401, "Absent(NoHeader)", &all[..]),
        (bearer("a b"), 400, "Invalid(Request(ExtraWords))", &all),
        (
            bearer("a b"),
            400,
            "Invalid(Request(ExtraWords))",
            &["/optional"],
        ),
        (
            bearer(&mint.token()),
            403,
            "MissingRole(\"admin\")",
            &["/admin", "/layer/admin"],
        ),
    ];
    for (headers, status, body, paths) in cases {
        for path in paths {
            let answer = call(&routes, path, headers.clone()).await;
            assert_eq!(answer.status().as_u16(), status, "{path}");
            assert_eq!(text(answer).await, body, "{path}");
        }
    }
    for path in ["/optional", "/required"] {
        let forged = call(&routes, path, bearer(&Mint::new().token())).await;
        assert_eq!(forged.status(), 401, "{path}");
        assert!(text(forged).await.starts_with("Invalid(Token("), "{path}");
        let good = call(&routes, path, bearer(&mint.token())).await;
        assert_eq!(text(good).await, "let in", "{path}");
    }
}

/// A new `Response` has the status 200: the shape's author needn't think of it to be safe.
#[tokio::test]
async fn a_shape_cannot_turn_a_refusal_into_a_success() {
    let mint = Mint::new();
    let (guard, _) = mint.guard();
    for status in [100, 101, 200, 204, 206, 299, 600, 999] {
        let routes = routes(&guard.with_answers(status_only(status)));
        for (headers, path, own) in [
            (HeaderMap::new(), "/required", 401),
            (HeaderMap::new(), "/layer", 401),
            (bearer("a.b.c"), "/optional", 401),
            (bearer(""), "/optional", 400),
            (bearer(&mint.token()), "/admin", 403),
        ] {
            let answer = call(&routes, path, headers).await;
            assert_eq!(answer.status().as_u16(), own, "{status} at {path}");
        }
    }
}

#[tokio::test]
async fn a_shape_may_choose_another_refusal() {
    let (guard, _) = Mint::new().guard();
    for status in [302, 303, 400, 401, 404, 422, 499, 500] {
        let routes = routes(&guard.with_answers(status_only(status)));
        let answer = call(&routes, "/required", bearer("a b")).await;
        assert_eq!(answer.status().as_u16(), status);
    }
}

/// Keys that can't be had are a failure of ours: a shape that knows only "bad token" mustn't say so.
#[tokio::test]
async fn a_shape_cannot_turn_a_failure_into_a_no() {
    let mint = Mint::new();
    let issuer = Guard::remote("http://127.0.0.1:9").start().unwrap();
    for (status, expected) in [(200, 503), (303, 503), (401, 503), (500, 500), (504, 504)] {
        let routes = routes(&issuer.with_answers(status_only(status)));
        for path in ["/required", "/optional", "/layer"] {
            let answer = call(&routes, path, bearer(&mint.token())).await;
            assert_eq!(answer.status().as_u16(), expected, "{path}");
            assert_eq!(answer.headers()["retry-after"], "1");
            assert!(!answer.headers().contains_key(WWW_AUTHENTICATE));
        }
    }
}

#[tokio::test]
async fn a14_the_challenge_stays_unless_the_shape_has_its_own() {
    let mint = Mint::new();
    let (guard, _) = mint.guard();
    let silent = routes(&guard.with_answers(plain));
    let answer = call(&silent, "/required", HeaderMap::new()).await;
    assert_eq!(answer.headers()[WWW_AUTHENTICATE], r#"Bearer realm="api""#);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let answer = call(&silent, "/layer", bearer("a.b.c")).await;
    let challenge = answer.headers()[WWW_AUTHENTICATE].to_str().unwrap();
    assert!(challenge.starts_with(r#"Bearer error="invalid_token""#));

    let own = routes(&guard.with_answers(|_: &Rejection| {
        let mut answer = http::Response::new(String::new());
        for (name, value) in [("www-authenticate", "Mine"), ("cache-control", "private")] {
            let value = HeaderValue::from_static(value);
            answer.headers_mut().insert(name, value);
        }
        answer
    }));
    for path in ["/required", "/layer"] {
        let answer = call(&own, path, HeaderMap::new()).await;
        let challenges = answer.headers().get_all(WWW_AUTHENTICATE);
        assert_eq!(challenges.iter().collect::<Vec<_>>(), ["Mine"]);
        assert_eq!(answer.headers()["cache-control"], "private");
    }
}

/// What a shape leaves alone is answered as ever.
#[tokio::test]
async fn a_shape_may_leave_the_rest() {
    let mint = Mint::new();
    let guard = mint
        .guard()
        .0
        .with_answers(|rejection: &Rejection| match rejection.reason() {
            Reason::MissingRole(_) => http::Response::new("not for you".to_owned()),
            _ => rejection.problem(),
        });
    let routes = routes(&guard);
    let answer = call(&routes, "/required", bearer("a.b.c")).await;
    refused(answer, 401, "invalid_token").await;
    let answer = call(&routes, "/admin", bearer(&mint.token())).await;
    assert_eq!(text(answer).await, "not for you");
}

/// A refusal that a handler makes itself, from a role of its own or from claims that don't fit.
#[tokio::test]
async fn a_handlers_own_refusal_is_answered_by_the_guard() {
    #[derive(Debug, serde::Deserialize)]
    struct Own {
        #[expect(dead_code, reason = "only its absence matters")]
        user_id: String,
    }

    let mint = Mint::new();
    let (guard, _) = mint.guard();
    let shaped = guard.with_answers(plain);
    let caller = shaped.require(&bearer(&mint.token())).await.unwrap();
    let refusals = [
        Rejection::missing_role("editor").answered_by(&shaped),
        caller.extra::<Own>().unwrap_err(),
    ];
    for refusal in refusals {
        let reason = format!("{:?}", refusal.reason());
        assert_eq!(text(refusal.into_http_response()).await, reason);
    }
    let usual = Rejection::missing_role("editor").into_http_response();
    refused(usual, 403, "insufficient_scope").await;
}

#[tokio::test]
async fn who_is_signed_out_is_told_so_in_the_guards_own_shape() {
    let (guard, _) = Mint::new().guard();
    let usual = Rejection::signed_out().answered_by(&guard);
    let challenge = refused(usual.into_http_response(), 401, "invalid_token").await;
    assert!(challenge.unwrap().contains(r#"error="invalid_token""#));
    let shaped = Rejection::signed_out().answered_by(&guard.with_answers(plain));
    let shaped: http::Response<String> = shaped.into_http_response();
    assert_eq!(
        (shaped.status().as_u16(), shaped.body().as_str()),
        (401, "SignedOut")
    );
    assert!(shaped.headers().contains_key(WWW_AUTHENTICATE));
}
