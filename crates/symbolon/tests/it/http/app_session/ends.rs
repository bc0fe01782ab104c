//! New ids, and every way a session ends.

use std::time::Duration;

use http::{Method, header};
use symbolon::ConfigError;

use super::{Program, sent_back, sets_nothing};
use crate::support::{Answer, Server, request};

#[tokio::test]
async fn s2_a_login_gives_a_new_id_and_the_old_one_opens_nothing() {
    let program = Program::start().await;
    let planted = program.begin().await;
    let login = program.send(Method::POST, "/login", Some(&planted)).await;
    let cookie = sent_back(&login);
    assert_ne!(cookie, planted);
    // The values came along.
    assert_eq!(
        program.get("/all", Some(&cookie)).await.body,
        "[true,true,false]"
    );
    assert_eq!(
        program.get("/all", Some(&planted)).await.body,
        "[false,false,false]"
    );
}

#[tokio::test]
async fn s4_a_logout_ends_it_and_what_is_set_then_is_another() {
    let program = Program::start().await;
    let cookie = program.begin().await;
    let logout = program.send(Method::POST, "/logout", Some(&cookie)).await;
    assert_eq!(sent_back(&logout), "session=");
    // A copied cookie doesn't work any more.
    assert_eq!(
        program.get("/session", Some(&cookie)).await.body,
        "현재 사용자: None"
    );
    assert!(sets_nothing(
        &program.send(Method::POST, "/logout", None).await
    ));

    let cookie = program.begin().await;
    let next = sent_back(&program.send(Method::POST, "/next", Some(&cookie)).await);
    assert_eq!(
        program.get("/all", Some(&cookie)).await.body,
        "[false,false,false]"
    );
    assert_eq!(
        program.get("/all", Some(&next)).await.body,
        "[false,false,true]"
    );
}

#[tokio::test]
async fn s4_it_ends_half_an_hour_after_its_last_use() {
    let program = Program::start().await;
    let cookie = program.begin().await;
    let minutes = |minutes| program.server.clock.advance(Duration::from_mins(minutes));
    // Used now and then it goes on; a use is noted after five minutes and not before.
    for pause in [29, 29, 4] {
        minutes(pause);
        assert_eq!(
            program.get("/session", Some(&cookie)).await.body,
            "현재 사용자: user1"
        );
    }
    minutes(26);
    let over = program.get("/session", Some(&cookie)).await;
    assert_eq!(over.body, "현재 사용자: None");
    // Its id isn't taken up again.
    assert_ne!(program.begin().await, cookie);
    let begun = sent_back(&program.get("/", Some(&cookie)).await);
    assert_ne!(begun, cookie);
}

#[tokio::test]
async fn s4_it_ends_a_day_after_its_beginning_however_much_it_is_used() {
    let program = Program::start().await;
    let mut cookie = program.begin().await;
    // Three times an hour, until twenty minutes are left.
    for passed in 1..3 * 24 {
        program.server.clock.advance(Duration::from_mins(20));
        // A new id, and with the other key a write, don't lengthen it.
        cookie = sent_back(&program.send(Method::POST, "/login", Some(&cookie)).await);
        let body = program.get("/all", Some(&cookie)).await.body;
        assert_eq!(body, "[true,true,false]", "after {passed}");
    }
    let almost = Duration::from_millis(20 * 60 * 1000 - 1);
    program.server.clock.advance(almost);
    assert_eq!(
        program.get("/session", Some(&cookie)).await.body,
        "현재 사용자: user1"
    );
    program.server.clock.advance(Duration::from_millis(1));
    assert_eq!(
        program.get("/session", Some(&cookie)).await.body,
        "현재 사용자: None"
    );
}

#[tokio::test]
async fn s4_lifetimes_and_the_cookies_name_are_the_programs_to_choose() {
    let program = Program::around(Server::start().await, |engine| {
        let layer = engine.app_sessions().idle_lifetime(Duration::from_mins(1));
        let layer = layer.absolute_lifetime(Duration::from_secs(90));
        layer.cookie_name("shop").unwrap()
    });
    let cookie = program.begin().await;
    assert!(cookie.starts_with("shop="), "{cookie}");
    for (seconds, there) in [(59, true), (30, true), (1, false)] {
        program.server.clock.advance(Duration::from_secs(seconds));
        let body = program.get("/session", Some(&cookie)).await.body;
        assert_eq!(body.ends_with("user1"), there, "{seconds}");
    }
    for name in ["", "__Host-shop", "a b", "a;b", "세션"] {
        let refused = program.server.engine.app_sessions().cookie_name(name);
        let error = refused.unwrap_err();
        assert_eq!(error, ConfigError::CookieName(name.to_owned()));
    }
}

#[tokio::test]
async fn s4_one_that_hangs_on_a_sign_in_ends_with_it() {
    for ending in ["disabled", "password"] {
        let program = Program::start().await;
        let planted = program.begin().await;
        let cookie = sent_back(&hang_on(&program, &planted).await);
        assert_ne!(cookie, planted);
        let read = program.get("/session", Some(&cookie)).await;
        assert!(!read.body.ends_with("None"), "{read:?}");
        let engine = &program.server.engine;
        match ending {
            "disabled" => engine.disable_user("alice").await.unwrap(),
            _ => engine
                .set_password("alice", "another long enough password")
                .await
                .unwrap(),
        }
        let read = program.get("/session", Some(&cookie)).await;
        assert_eq!(read.body, "현재 사용자: None", "{ending}");
        // A session that hangs on nothing is the program's own affair.
        let own = program.begin().await;
        assert_eq!(
            program.get("/session", Some(&own)).await.body,
            "현재 사용자: user1"
        );
    }
}

async fn hang_on(program: &Program, cookie: &str) -> Answer {
    let mut request = request(Method::POST, "/hang-on");
    let token = format!("Bearer {}", program.server.token().await);
    let headers = request.headers_mut();
    headers.insert(header::AUTHORIZATION, token.parse().unwrap());
    headers.insert(header::COOKIE, cookie.parse().unwrap());
    program.send_request(request).await
}
