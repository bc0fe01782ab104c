//! The current user as an argument, in a program that mounts the engine.

use axum::{Router, body::Body, routing::get};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use symbolon::{CurrentUser, guard::Caller};
use tower::ServiceExt;

use crate::support::Server;

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
