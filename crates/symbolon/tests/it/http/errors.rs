//! What is nowhere, what isn't allowed, and what the database keeps from being answered.

use http::{HeaderValue, Method, StatusCode, header};

use crate::support::{PASSWORD, Server, request};

#[tokio::test]
async fn unknown_paths_are_a_problem_of_the_one_shape() {
    let server = Server::start().await;
    for path in [
        "/",
        "/api",
        "/api/",
        "/api/login/",
        "/api/me/x",
        "/API/me",
        "/.well-known",
        "/%00",
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.code(), "not_found");
    }
}

#[tokio::test]
async fn wrong_methods_are_told_the_right_ones() {
    let server = Server::start().await;
    for (method, path, allowed) in [
        (Method::GET, "/api/login", "POST"),
        (Method::PUT, "/api/login", "POST"),
        (Method::OPTIONS, "/api/login", "POST"),
        (Method::POST, "/api/me", "GET,HEAD"),
        (Method::DELETE, "/.well-known/jwks.json", "GET,HEAD"),
        (Method::from_bytes(b"BREW").unwrap(), "/healthz", "GET,HEAD"),
    ] {
        let answer = server.send(request(method.clone(), path)).await;
        assert_eq!(
            answer.status,
            StatusCode::METHOD_NOT_ALLOWED,
            "{method} {path}"
        );
        assert_eq!(answer.code(), "method_not_allowed");
        assert_eq!(answer.header(header::ALLOW), allowed, "{method} {path}");
    }
}

#[tokio::test]
async fn people_are_answered_in_their_language_with_the_same_code() {
    let server = Server::start().await;
    let mut korean = request(Method::GET, "/nowhere");
    korean.headers_mut().insert(
        header::ACCEPT_LANGUAGE,
        HeaderValue::from_static("ko-KR, en;q=0.5"),
    );
    let korean = server.send(korean).await;
    let english = server.get("/nowhere").await;
    assert_eq!(korean.code(), english.code());
    assert_eq!(korean.header(header::CONTENT_LANGUAGE), "ko");
    assert_eq!(english.header(header::CONTENT_LANGUAGE), "en");
    assert_eq!(korean.header(header::VARY), "Accept-Language");
    assert_ne!(korean.json()["detail"], english.json()["detail"]);
}

#[tokio::test]
async fn no_answer_may_be_taken_for_another_type() {
    let server = Server::start().await;
    for (_, path) in symbolon::Engine::routes() {
        let answer = server.get(path).await;
        assert_eq!(
            answer.header(header::X_CONTENT_TYPE_OPTIONS),
            "nosniff",
            "{path}"
        );
        assert!(!answer.header(header::CACHE_CONTROL).is_empty(), "{path}");
    }
}

#[tokio::test]
async fn without_a_database_it_is_a_503_and_neither_a_yes_nor_a_no() {
    let server = Server::start().await;
    let token = server.token().await;
    assert_eq!(server.get("/readyz").await.status, StatusCode::OK);
    server.engine.shutdown().await;

    for answer in [
        server.get("/readyz").await,
        server.login("alice", PASSWORD).await,
        server.login("nobody", "wrong").await,
        server.get_with("/api/me", &token).await,
    ] {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.code(), "temporarily_unavailable");
        assert_eq!(answer.header(header::RETRY_AFTER), "1");
    }
    // What needs no database goes on.
    assert_eq!(server.get("/healthz").await.status, StatusCode::OK);
    assert_eq!(
        server.get("/.well-known/jwks.json").await.status,
        StatusCode::OK
    );
}
