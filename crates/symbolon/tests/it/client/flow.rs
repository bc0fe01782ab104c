//! The way to the provider and back, and what binds it to one browser and one use.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::Value;
use symbolon::client::Userinfo;

use super::{Site, provider::query};

#[tokio::test]
async fn p4_02_the_browser_is_sent_with_state_nonce_and_s256() {
    let site = Site::start().await;
    let answer = site.browser().get("/login/ours").await;
    assert_eq!(answer.status, StatusCode::FOUND);
    let location = answer.header("location");
    // The endpoint's own query stays.
    let endpoint = format!("{}/authorize?tenant=a&", site.provider.issuer());
    assert!(location.starts_with(&endpoint), "{location}");
    let asked = query(location);
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "client-id"),
        ("redirect_uri", "http://127.0.0.1:8080/login/ours/callback"),
        ("scope", "openid email profile"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(asked[name], value);
    }
    assert!(asked["state"].len() > 50 && asked["nonce"].len() == 43);
    assert_eq!(asked["code_challenge"].len(), 43);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
}

#[tokio::test]
async fn s1_the_cookie_of_a_login_is_as_strict_as_it_can_be() {
    let cookie = async |issuer: &'static str| {
        let site = Site::configured(
            |registration| registration,
            |mut config| {
                issuer.clone_into(&mut config.issuer);
                config
            },
        );
        let answer = site.await.browser().get("/login/ours").await;
        answer.header("set-cookie").to_owned()
    };
    let secure = cookie("https://shop.example").await;
    assert!(secure.starts_with("__Host-login_"), "{secure}");
    let attributes: Vec<_> = secure.split("; ").skip(1).collect();
    let all = [
        "Path=/",
        "Secure",
        "HttpOnly",
        "SameSite=Lax",
        "Max-Age=600",
    ];
    assert_eq!(attributes, all);
    assert!(!cookie("http://127.0.0.1:8080").await.contains("Secure"));
}

#[tokio::test]
async fn p4_04_a_good_answer_logs_in_and_leads_to_the_page_that_was_asked_for() {
    let site = Site::start().await;
    for (path, lands) in [
        ("/login/ours", "/"),
        ("/login/ours?next=/posts%3Fpage%3D2", "/posts?page=2"),
        ("/login/ours?next=%2F%2Fevil.example", "/"),
        ("/login/ours?next=https%3A%2F%2Fevil.example", "/"),
        ("/login/ours?next=%2F%09%2Fevil.example", "/"),
        ("/login/ours?next=%2Fa%0D%0ASet-Cookie%3A%20a%3Db", "/"),
        ("/login/ours?next=/a&next=/b", "/"),
        ("/login/ours?next=%ZZ", "/"),
    ] {
        let mut browser = site.browser();
        let answer = site.log_in(&mut browser, path).await;
        assert_eq!(answer.status, StatusCode::FOUND, "{answer:?}");
        assert_eq!(answer.header("location"), lands, "{path}");
        // Nothing of the login is left but the session.
        let names: Vec<_> = browser.cookies().keys().cloned().collect();
        assert_eq!(names, ["session"]);
    }
}

#[tokio::test]
async fn p4_06_the_client_proves_itself_and_the_verifier_comes_along() {
    let site = Site::start().await;
    site.logged_in().await;
    let (headers, form) = site.provider.last();
    assert_eq!(
        headers["authorization"],
        format!(
            "Basic {}",
            data_encoding::BASE64.encode(b"client-id:client-secret")
        )
    );
    assert_eq!(form["grant_type"], "authorization_code");
    assert_eq!(form["code_verifier"].len(), 43);
    // One way of authenticating (row A6).
    assert!(!form.contains_key("client_secret") && !form.contains_key("client_id"));
}

#[tokio::test]
async fn o2_a_maximum_age_is_asked_for_and_held_to() {
    let site = Site::start_with(|registration| registration.max_age(Duration::from_secs(1))).await;
    let mut browser = site.browser();
    let off = browser.get("/login/ours").await;
    assert_eq!(query(off.header("location"))["max_age"], "1");
    let back = site.provider.authorize(off.header("location"));
    assert_eq!(browser.get(&back).await.status, StatusCode::FOUND);
    // A provider that lets an older sign-in pass.
    site.provider.change(|manners| {
        manners.id_claims =
            |claims| claims["auth_time"] = (claims["iat"].as_i64().unwrap() - 62).into();
    });
    let answer = site.log_in(&mut browser, "/login/ours").await;
    assert_eq!(answer.code(), "provider_faulty");
}

#[tokio::test]
async fn o3_userinfo_is_asked_as_the_registration_says() {
    for (userinfo, complete, asked) in [
        (Userinfo::Never, false, 0),
        (Userinfo::WhenNeeded, true, 0),
        (Userinfo::WhenNeeded, false, 1),
        (Userinfo::Always, true, 1),
    ] {
        let site = Site::start_with(|registration| registration.userinfo(userinfo)).await;
        if complete {
            site.provider.change(|manners| {
                manners.id_claims = |claims| {
                    claims["name"] = "Minsu".into();
                    claims["email"] = "minsu@example.com".into();
                };
            });
        }
        site.logged_in().await;
        assert_eq!(
            site.provider.asked("userinfo"),
            asked,
            "{userinfo:?} {complete}"
        );
    }
}

#[tokio::test]
async fn u1_an_answer_counts_once() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let off = browser.get("/login/ours").await;
    let back = site.provider.authorize(off.header("location"));
    let mut copy = browser.copy();
    assert_eq!(browser.get(&back).await.status, StatusCode::FOUND);
    let again = copy.get(&back).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert_eq!(again.code(), "login_not_under_way");
    assert_eq!(copy.who().await, Value::Null);
    assert_eq!(site.provider.asked("token"), 1);
}

#[tokio::test]
async fn u1_many_answers_at_once_count_once() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let off = browser.get("/login/ours").await;
    let back = site.provider.authorize(off.header("location"));
    let racers = (0..10).map(|_| {
        let (mut copy, back) = (browser.copy(), back.clone());
        async move { copy.get(&back).await.status }
    });
    let statuses = futures_util::future::join_all(racers).await;
    let good = statuses.iter().filter(|status| status.is_redirection());
    assert_eq!(good.count(), 1, "{statuses:?}");
    assert_eq!(site.provider.asked("token"), 1);
}

#[tokio::test]
async fn u1_another_browser_can_neither_use_an_answer_nor_use_it_up() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let off = browser.get("/login/ours").await;
    let back = site.provider.authorize(off.header("location"));
    // One that never began a login, and one that began its own.
    let mut stranger = site.browser();
    assert_eq!(stranger.get(&back).await.code(), "login_not_under_way");
    stranger.get("/login/ours").await;
    assert_eq!(stranger.get(&back).await.code(), "login_not_under_way");
    assert_eq!(site.provider.asked("token"), 0);
    assert_eq!(browser.get(&back).await.status, StatusCode::FOUND);
}

#[tokio::test]
async fn u1_a_login_takes_ten_minutes_at_the_most() {
    let site = Site::start().await;
    for (wait, status) in [(599, StatusCode::FOUND), (600, StatusCode::BAD_REQUEST)] {
        let mut browser = site.browser();
        let off = browser.get("/login/ours").await;
        let wait = Duration::from_secs(wait);
        site.server.clock.advance(wait);
        site.provider.advance(wait);
        let back = site.provider.authorize(off.header("location"));
        assert_eq!(browser.get(&back).await.status, status);
    }
}

#[tokio::test]
async fn several_tabs_log_in_side_by_side_and_the_oldest_give_way() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let mut backs = Vec::new();
    for _ in 0..12 {
        let off = browser.get("/login/ours").await;
        backs.push(site.provider.authorize(off.header("location")));
        site.server.clock.advance(Duration::from_millis(5));
    }
    assert_eq!(browser.cookies().len(), 8);
    for (number, back) in backs.iter().enumerate() {
        let answer = browser.get(back).await;
        let expected = if number < 4 {
            StatusCode::BAD_REQUEST
        } else {
            StatusCode::FOUND
        };
        assert_eq!(answer.status, expected, "tab {number}");
    }
}

#[tokio::test]
async fn p4_05_an_answer_that_is_none_is_a_clear_400() {
    let site = Site::start().await;
    for path in [
        "/login/ours/callback",
        "/login/ours/callback?",
        "/login/ours/callback?code=a",
        "/login/ours/callback?state=guessed&code=a",
        "/login/ours/callback?code=%FF&state=a",
        "/login/ours/callback?code=a&code=b&state=c",
    ] {
        let answer = site.browser().get(path).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(answer.code().starts_with("login_"), "{path}");
    }
    assert_eq!(site.provider.asked("token"), 0);
}

#[tokio::test]
async fn p4_11_a_name_that_nobody_registered_is_told_at_the_start() {
    let site = Site::start().await;
    let unknown = site.server.engine.log_in_route::<()>("jwt").unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "there is no client \"jwt\"; Config::with_client registered ours"
    );
    assert!(site.server.engine.callback_route::<()>("jwt").is_err());
    assert!(site.server.engine.client("jwt").is_none());
    let answer = site.browser().get("/login/jwt").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn other_methods_are_refused() {
    let site = Site::start().await;
    for path in ["/login/ours", "/login/ours/callback"] {
        let answer = site.browser().post(path, &[]).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
    let answer = site.browser().get("/logout").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
}
