//! What can't be kept or read is told.

use std::sync::{Arc, Mutex};

use axum::{Router, routing::get};
use http::{Method, StatusCode, header};
use symbolon::{AppSession, AppSessionError};

use super::{Program, routes, sent_back, sets_nothing};
use crate::support::{Answer, Server, answer_of, request};

#[tokio::test]
async fn a_value_that_is_too_large_is_told_and_changes_nothing() {
    let program = Program::start().await;
    let cookie = program.begin().await;
    let mut large = request(Method::POST, "/large");
    large
        .headers_mut()
        .insert(header::COOKIE, cookie.parse().unwrap());
    *large.body_mut() = "x".repeat(4095).into();
    let answer = program.send_request(large).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.code(), "app_session_full");
    assert_eq!(
        program.get("/session", Some(&cookie)).await.body,
        "현재 사용자: user1"
    );
}

#[tokio::test]
async fn a_store_that_fails_is_a_503_and_never_an_empty_session() {
    let program = Program::start().await;
    let cookie = program.begin().await;
    program.server.engine.shutdown().await;
    for (method, path, cookie) in [
        (Method::GET, "/session", Some(&*cookie)),
        (Method::DELETE, "/session", Some(&cookie)),
        (Method::POST, "/logout", Some(&cookie)),
        // Read from nothing, and then not kept.
        (Method::GET, "/", None),
    ] {
        let answer = program.send(method, path, cookie).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.code(), "temporarily_unavailable");
        assert_eq!(answer.header(header::RETRY_AFTER), "1");
        assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
        assert!(sets_nothing(&answer), "{path}");
    }
    // What looks at no session needs no store.
    let other = program.get("/static", Some(&cookie)).await;
    assert_eq!(other.status, StatusCode::OK);
}

#[tokio::test]
async fn what_a_failing_handler_has_set_is_kept_and_its_answer_stands() {
    let program = Program::start().await;
    let answer = program.send(Method::POST, "/fails", None).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    let cookie = sent_back(&answer);
    let body = program.get("/session", Some(&cookie)).await.body;
    assert_eq!(body, "현재 사용자: set before it failed");
}

#[tokio::test]
async fn a_route_outside_the_layer_is_a_clean_500() {
    let server = Server::start().await;
    let router = routes(&server.engine);
    let answer = answer_of(&router, request(Method::GET, "/session")).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.code(), "internal_error");
}

#[tokio::test]
async fn what_is_set_after_the_answer_is_an_error_and_not_lost_silently() {
    let server = Server::start().await;
    let kept: Arc<Mutex<Option<AppSession>>> = Arc::default();
    let keep = Arc::clone(&kept);
    let router = Router::new()
        .route(
            "/",
            get(async move |session: AppSession| *keep.lock().unwrap() = Some(session)),
        )
        .layer(server.engine.app_sessions());
    let answer = answer_of(&router, request(Method::GET, "/")).await;
    assert!(sets_nothing(&answer));
    let session = kept.lock().unwrap().take().unwrap();
    assert_eq!(session.set("late", 1), Err(AppSessionError::Answered));
    assert_eq!(session.end(), Err(AppSessionError::Answered));
    assert_eq!(session.get::<u8>("late"), Err(AppSessionError::Answered));
}

#[tokio::test]
async fn what_the_program_says_of_caching_and_variance_stands_beside_ours() {
    let server = Server::start().await;
    let headers = [
        (header::VARY, "Accept, cookie"),
        (header::CACHE_CONTROL, "private"),
    ];
    let read = async move |_: AppSession| (headers, "read");
    let set = async |session: AppSession| {
        session.set("a", 1).unwrap();
        (
            [(header::VARY, "Accept"), (header::CACHE_CONTROL, "public")],
            "set",
        )
    };
    let router = Router::new()
        .route("/read", get(read))
        .route("/set", get(set))
        .layer(server.engine.app_sessions());
    let read = answer_of(&router, request(Method::GET, "/read")).await;
    let vary = |answer: &Answer| {
        let values = answer.headers.get_all(header::VARY).iter();
        values
            .map(|value| value.to_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(vary(&read), ["Accept, cookie"]);
    assert_eq!(read.header(header::CACHE_CONTROL), "private");
    // A cookie that a shared cache kept would be everybody's.
    let set = answer_of(&router, request(Method::GET, "/set")).await;
    assert_eq!(vary(&set), ["Accept", "Cookie"]);
    assert_eq!(set.header(header::CACHE_CONTROL), "no-store");
}
