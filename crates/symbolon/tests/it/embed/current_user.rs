//! The current user as an argument, in a program that mounts the engine.

use axum::{Router, body::Body, extract::FromRef, routing::get};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use symbolon::{
    CurrentUser, Engine,
    guard::{
        Caller, Guard, Rejection, SharedSecret,
        token::{AccessClaims, Typ, sign},
    },
};
use tower::ServiceExt;

use crate::support::{ISSUER, NOW, PASSWORD, Server, claims_of};

async fn protected(user: CurrentUser) -> String {
    format!(
        "Hello, {}! editor: {}",
        user.username(),
        user.has_role("editor")
    )
}

async fn by_token(caller: Caller) -> String {
    caller.subject().to_owned()
}

fn program(server: &Server) -> Router {
    server
        .engine
        .router()
        .route("/protected", get(protected))
        .route("/by-token", get(by_token))
        .with_state(server.engine.clone())
}

async fn call(program: &Router, path: &str, token: Option<&str>) -> (StatusCode, String) {
    let mut request = Request::builder().uri(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let request = request.body(Body::empty()).unwrap();
    let response = program.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_route_of_the_program_knows_who_calls() {
    let server = Server::start().await;
    let program = program(&server);
    let token = server.token().await;
    let (status, body) = call(&program, "/protected", Some(&token)).await;
    assert_eq!(
        (status.as_u16(), body.as_str()),
        (200, "Hello, alice! editor: false")
    );
    assert_eq!(call(&program, "/protected", None).await.0, 401);
    assert_eq!(call(&program, "/protected", Some("x.y.z")).await.0, 401);
    // The engine's own routes are there too.
    assert_eq!(call(&program, "/healthz", None).await.0, 200);
}

#[tokio::test]
async fn a_disabled_user_is_refused_where_the_token_alone_would_pass() {
    let server = Server::start().await;
    let program = program(&server);
    let token = server.token().await;
    server.engine.disable_user("alice").await.unwrap();
    let (status, body) = call(&program, "/protected", Some(&token)).await;
    assert_eq!(status, 401);
    assert!(body.contains("invalid_token"), "{body}");
    assert_eq!(call(&program, "/by-token", Some(&token)).await.0, 200);
}

#[tokio::test]
async fn without_a_database_the_current_user_is_unknown_and_not_nobody() {
    let server = Server::start().await;
    let program = program(&server);
    let token = server.token().await;
    server.engine.shutdown().await;
    assert_eq!(call(&program, "/protected", Some(&token)).await.0, 503);
}

/// A program's state that brings its own guard.
#[derive(Clone)]
struct Own {
    engine: Engine,
    guard: Guard,
}

impl FromRef<Own> for Engine {
    fn from_ref(own: &Own) -> Self {
        own.engine.clone()
    }
}

impl FromRef<Own> for Guard {
    fn from_ref(own: &Own) -> Self {
        own.guard.clone()
    }
}

fn program_with(server: &Server, guard: Guard) -> Router {
    let engine = server.engine.clone();
    Router::new()
        .route("/protected", get(protected))
        .with_state(Own { engine, guard })
}

#[tokio::test]
async fn a_programs_own_answers_are_given_here_too() {
    let server = Server::start().await;
    let shaped = |rejection: &Rejection| http::Response::new(format!("{:?}", rejection.reason()));
    let program = program_with(&server, server.engine.guard().with_answers(shaped));
    let token = server.token().await;
    assert_eq!(call(&program, "/protected", Some(&token)).await.0, 200);
    let absent = call(&program, "/protected", None).await;
    assert_eq!(
        (absent.0.as_u16(), absent.1.as_str()),
        (401, "Absent(NoHeader)")
    );
    server.engine.disable_user("alice").await.unwrap();
    let over = call(&program, "/protected", Some(&token)).await;
    assert_eq!((over.0.as_u16(), over.1.as_str()), (401, "SignedOut"));
}

/// The subject and the session of one of ours, said by somebody else whom the program trusts.
#[tokio::test]
async fn another_issuers_user_is_none_of_ours() {
    let server = Server::start().await;
    let secret = SharedSecret::parse("k9Q2vXo7Zt4mB1rL8wYc5NfJ3hGdPsAe6uTi0KxR").unwrap();
    let mut claims: AccessClaims =
        serde_json::from_value(claims_of(&server.token().await)).unwrap();
    for (issuer, status) in [(ISSUER, 200), ("https://other.example", 401)] {
        let verifier = secret.verifier(issuer, ISSUER, Typ::ACCESS_TOKEN).unwrap();
        let clock = symbolon::guard::Clock::fixed(NOW).clock();
        let program = program_with(&server, Guard::with_clock(verifier, clock));
        issuer.clone_into(&mut claims.iss);
        let token = sign(&secret.signing_key(), Typ::ACCESS_TOKEN, &claims).unwrap();
        let answer = call(&program, "/protected", Some(&token)).await;
        assert_eq!(answer.0, status, "{issuer}");
    }
}

#[tokio::test]
async fn a_first_user_is_made_once_and_never_changed() {
    let server = Server::start().await;
    let engine = &server.engine;
    let made = engine
        .ensure_user("first", PASSWORD, &["admin"])
        .await
        .unwrap();
    let again = engine.ensure_user("First", "some other long password", &[]);
    assert_eq!(again.await.unwrap(), made);
    assert_eq!(server.login("first", PASSWORD).await.status, 200);
    let refused = engine
        .ensure_user("second", "short", &[])
        .await
        .unwrap_err();
    // What a `main` that returns it prints.
    assert_eq!(
        format!("{refused:?}"),
        "this can't be a password: it has fewer than 15 characters"
    );
}

#[tokio::test]
async fn single_routes_stand_under_paths_of_the_program() {
    let server = Server::start().await;
    let engine = &server.engine;
    let program: Router = Router::new()
        .route("/auth", engine.login_route())
        .route("/whoami", engine.me_route())
        .route("/keys", engine.jwks_route());
    let token = server.token().await;
    let (status, body) = call(&program, "/whoami", Some(&token)).await;
    assert_eq!(status, 200);
    assert!(body.contains("alice"), "{body}");
    assert_eq!(call(&program, "/keys", None).await.0, 200);
    let (status, body) = call(&program, "/auth", None).await;
    assert_eq!(status, 405);
    assert!(body.contains("method_not_allowed"), "{body}");
    // Nothing else came along.
    assert_eq!(call(&program, "/api/login", None).await.0, 404);

    let login = Request::post("/auth")
        .header("content-type", "application/json")
        .body(Body::from(format!(
            r#"{{"username": "alice", "password": "{PASSWORD}"}}"#
        )))
        .unwrap();
    assert_eq!(program.oneshot(login).await.unwrap().status(), 200);
}
