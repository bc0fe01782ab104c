//! Values: set, read and taken away, each with its type.

use http::{Method, StatusCode, header};

use super::{Program, attributes, sent_back, sets_nothing};
use crate::support::request;

#[tokio::test]
async fn p3_07_reading_an_absent_session_writes_nothing_and_sets_no_cookie() {
    let program = Program::start().await;
    let absent = program.get("/session", None).await;
    assert_eq!(absent.body, "현재 사용자: None");
    assert!(sets_nothing(&absent));
    assert_eq!(absent.header(header::VARY), "Cookie");

    let cookie = program.begin().await;
    let found = program.get("/session", Some(&cookie)).await;
    assert_eq!(found.body, "현재 사용자: user1");
    assert!(sets_nothing(&found));
    assert_eq!(found.header(header::VARY), "Cookie");
    assert_eq!(found.header(header::CACHE_CONTROL), "no-store");

    // Who doesn't look at the session doesn't depend on it.
    let other = program.get("/static", Some(&cookie)).await;
    assert!(!other.headers.contains_key(header::VARY) && sets_nothing(&other));
    assert!(!other.headers.contains_key(header::CACHE_CONTROL));
}

#[tokio::test]
async fn p3_08_the_last_value_takes_the_cookie_along_and_removing_is_idempotent() {
    let program = Program::start().await;
    let cookie = program.begin().await;
    let removed = program
        .send(Method::DELETE, "/session", Some(&cookie))
        .await;
    assert_eq!(removed.body, "세션 값 삭제!");
    assert_eq!(sent_back(&removed), "session=");
    assert!(attributes(&removed).contains(&"Max-Age=0"));
    assert_eq!(
        program.get("/session", Some(&cookie)).await.body,
        "현재 사용자: None"
    );

    for cookie in [None, Some(&*cookie)] {
        let again = program.send(Method::DELETE, "/session", cookie).await;
        assert_eq!(
            (again.status, &*again.body),
            (StatusCode::OK, "세션 값 삭제!")
        );
        assert!(sets_nothing(&again));
    }
    // While there is another value it stays.
    let cookie = program.begin().await;
    program
        .send(Method::POST, "/set/other", Some(&cookie))
        .await;
    let removed = program
        .send(Method::DELETE, "/session", Some(&cookie))
        .await;
    assert!(sets_nothing(&removed));
}

#[tokio::test]
async fn p3_09_a_token_and_an_app_session_go_side_by_side() {
    let program = Program::start().await;
    let cookie = program.begin().await;
    let mut both = request(Method::POST, "/hang-on");
    let token = format!("Bearer {}", program.server.token().await);
    both.headers_mut()
        .insert(header::AUTHORIZATION, token.parse().unwrap());
    both.headers_mut()
        .insert(header::COOKIE, cookie.parse().unwrap());
    let answer = program.send_request(both).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    // Without the token the same route is closed, session or not.
    let refused = program.send(Method::POST, "/hang-on", Some(&cookie)).await;
    assert_eq!(refused.code(), "missing_token");
}

#[tokio::test]
async fn values_keep_their_types_and_another_type_is_an_error() {
    let program = Program::start().await;
    let cookie = sent_back(&program.get("/typed", None).await);
    // A second value is saved beside the first, which comes through unharmed.
    program
        .send(Method::POST, "/set/other", Some(&cookie))
        .await;
    assert_eq!(program.get("/typed", Some(&cookie)).await.body, "found");
}
