//! Guarding by type: required, optional, with a role.

use axum::{Router, extract::FromRef, routing::get};
use http::HeaderMap;
use symbolon_guard::{Caller, CallerWith, Guard, Role};

use crate::support::{Mint, NOW, bearer, call, refused, text};

struct User;

impl Role for User {
    const NAME: &'static str = "user";
}

struct Admin;

impl Role for Admin {
    const NAME: &'static str = "admin";
}

fn routes(guard: Guard) -> Router {
    Router::new()
        .route(
            "/me",
            get(async |caller: Caller| caller.subject().to_owned()),
        )
        .route(
            "/maybe",
            get(async |caller: Option<Caller>| match caller {
                Some(caller) => caller.subject().to_owned(),
                None => "nobody".to_owned(),
            }),
        )
        .route(
            "/user",
            get(async |caller: CallerWith<User>| caller.subject().to_owned()),
        )
        .route("/admin", get(async |_: CallerWith<Admin>| "opened"))
        .with_state(guard)
}

#[tokio::test]
async fn a_good_token_opens_what_it_is_good_for() {
    let mint = Mint::new();
    let routes = routes(mint.guard().0);
    for path in ["/me", "/maybe", "/user"] {
        let answer = call(&routes, path, bearer(&mint.token())).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(text(answer).await, "ada", "{path}");
    }
}

#[tokio::test]
async fn the_caller_is_who_the_token_says() {
    let mint = Mint::new();
    let (guard, _) = mint.guard();
    let caller = guard.admit(&bearer(&mint.token())).await.unwrap().unwrap();
    assert_eq!(caller.subject(), "ada");
    assert_eq!(caller.client_id(), "local");
    assert_eq!(caller.session_id(), Some("session-1"));
    assert_eq!(caller.roles(), ["user"]);
    assert!(caller.has_role("user"));
    assert!(!caller.has_role("use") && !caller.has_role("User") && !caller.has_role(""));
    assert_eq!(caller.scopes().collect::<Vec<_>>(), ["read", "write"]);
    assert!(caller.has_scope("read"));
    assert!(!caller.has_scope("read write") && !caller.has_scope(""));
    assert_eq!(caller.expires_at().as_secs(), NOW.as_secs() + 600);
    assert_eq!(caller.claims().jti, "token-1");
    assert!(!format!("{caller:?}").contains("session-1"));
}

#[tokio::test]
async fn a14_nothing_sent_is_401_without_an_error_code() {
    let routes = routes(Mint::new().guard().0);
    for path in ["/me", "/user", "/admin"] {
        let answer = call(&routes, path, HeaderMap::new()).await;
        let challenge = refused(answer, 401, "missing_token").await.unwrap();
        assert!(!challenge.contains("error"), "{challenge}");
    }
    let answer = call(&routes, "/maybe", HeaderMap::new()).await;
    assert_eq!(text(answer).await, "nobody");
}

#[tokio::test]
async fn a14_a_token_in_the_query_is_ignored() {
    let mint = Mint::new();
    let routes = routes(mint.guard().0);
    for query in ["access_token", "token", "jwt", "authorization"] {
        let path = format!("/me?{query}={}", mint.token());
        let challenge = refused(
            call(&routes, &path, HeaderMap::new()).await,
            401,
            "missing_token",
        );
        assert!(!challenge.await.unwrap().contains("error"));

        let path = format!("/maybe?{query}={}", mint.token());
        let answer = call(&routes, &path, HeaderMap::new()).await;
        assert_eq!(text(answer).await, "nobody");
    }
}

#[tokio::test]
async fn a14_a_bad_token_is_refused_where_none_would_do() {
    let mint = Mint::new();
    let forged = Mint::new().token();
    let routes = routes(mint.guard().0);
    for path in ["/me", "/maybe", "/user", "/admin"] {
        for token in ["x", "a.b.c", &forged, &format!("{}x", mint.token())] {
            let answer = call(&routes, path, bearer(token)).await;
            let challenge = refused(answer, 401, "invalid_token").await.unwrap();
            assert!(
                challenge.starts_with(r#"Bearer error="invalid_token", error_description=""#),
                "{path}: {challenge}"
            );
        }
    }
}

#[tokio::test]
async fn a14_a_missing_role_is_403() {
    let mint = Mint::new();
    let routes = routes(mint.guard().0);
    for roles in [
        vec![],
        vec!["user"],
        vec!["Admin"],
        vec!["admin "],
        vec!["user,admin"],
    ] {
        let mut claims = mint.claims(NOW);
        claims.roles = roles.into_iter().map(str::to_owned).collect();
        let answer = call(&routes, "/admin", bearer(&mint.sign(&claims))).await;
        let challenge = refused(answer, 403, "insufficient_scope").await.unwrap();
        assert!(
            challenge.starts_with(r#"Bearer error="insufficient_scope""#),
            "{challenge}"
        );
    }
    let mut claims = mint.claims(NOW);
    claims.roles = vec!["user".into(), "admin".into()];
    let answer = call(&routes, "/admin", bearer(&mint.sign(&claims))).await;
    assert_eq!(text(answer).await, "opened");
}

#[tokio::test]
async fn the_guard_is_found_in_a_state_of_ones_own() {
    #[derive(Clone)]
    struct State {
        guard: Guard,
    }

    impl FromRef<State> for Guard {
        fn from_ref(state: &State) -> Self {
            state.guard.clone()
        }
    }

    let mint = Mint::new();
    let state = State {
        guard: mint.guard().0,
    };
    let routes = Router::new()
        .route(
            "/me",
            get(async |caller: Caller| caller.subject().to_owned()),
        )
        .with_state(state);
    let answer = call(&routes, "/me", bearer(&mint.token())).await;
    assert_eq!(text(answer).await, "ada");
}
