//! Providers of plain OAuth 2.0: endpoints instead of discovery, and no ID token.

use axum::http::StatusCode;
use serde_json::{Value, json};
use symbolon::client::{Authentication, ClaimNames, Endpoints, Registration};

use super::{CLIENT_ID, Site, provider::query};

async fn site() -> Site {
    Site::start_with(|discovered| {
        let issuer = format!("{discovered:?}");
        let issuer = issuer.split('"').nth(1).unwrap();
        let endpoints = Endpoints {
            authorization: format!("{issuer}/authorize"),
            token: format!("{issuer}/token"),
            userinfo: Some(format!("{issuer}/userinfo")),
            ..Endpoints::default()
        };
        let names = ClaimNames {
            subject: "/response/id".to_owned(),
            username: "/response/nick".to_owned(),
            ..ClaimNames::default()
        };
        Registration::with_endpoints(issuer, CLIENT_ID, endpoints)
            .authentication(Authentication::SecretPost(super::secret()))
            .parameter("resource", "https://api.example/한글")
            .claims(names)
    })
    .await
}

fn wrap(claims: &mut Value) {
    *claims = json!({"response": {"id": 42, "nick": "민수"}});
}

#[tokio::test]
async fn somebody_is_who_the_userinfo_says() {
    let site = site().await;
    site.provider.change(|manners| {
        manners.userinfo = wrap;
        // Such a provider gives no ID token, and if it did nobody would look at it.
        manners.token_answer = |answer| answer["id_token"] = "not.a.token".into();
    });
    let mut browser = site.browser();
    let off = browser.get("/login/ours").await;
    let asked = query(off.header("location"));
    assert!(!asked.contains_key("nonce") && !asked.contains_key("scope"));
    assert_eq!(asked["resource"], "https://api.example/한글");
    assert_eq!(asked["code_challenge_method"], "S256");
    let back = site.provider.authorize(off.header("location"));
    assert_eq!(browser.get(&back).await.status, StatusCode::FOUND);
    let who = browser.who().await;
    assert_eq!(who["profile"]["subject"], "42");
    assert_eq!(who["username"], "민수@ours");
    let (headers, form) = site.provider.last();
    assert!(!headers.contains_key("authorization"));
    assert_eq!(form["client_secret"], "client-secret");
    assert_eq!(
        (site.provider.asked("metadata"), site.provider.asked("jwks")),
        (0, 0)
    );
}

#[tokio::test]
async fn u2_an_answer_that_names_nobody_logs_nobody_in() {
    let site = site().await;
    for userinfo in [
        (|claims| *claims = json!({})) as fn(&mut Value),
        |claims| *claims = json!({"response": {"id": null}}),
        |claims| *claims = json!({"response": {"id": ["42"]}}),
        |claims| *claims = json!({"id": 42}),
        |claims| *claims = json!([42]),
    ] {
        site.provider.change(|manners| manners.userinfo = userinfo);
        let mut browser = site.browser();
        let answer = site.log_in(&mut browser, "/login/ours").await;
        assert_eq!(answer.code(), "provider_faulty");
        assert_eq!(browser.who().await, Value::Null);
    }
}

#[tokio::test]
async fn u1_a_provider_that_names_another_issuer_is_not_heard_here_either() {
    let site = site().await;
    site.provider.change(|manners| {
        manners.userinfo = wrap;
        manners.named = Some("https://evil.example".to_owned());
    });
    let answer = site.log_in(&mut site.browser(), "/login/ours").await;
    assert_eq!(answer.code(), "login_answer_of_another");
    // One that names none is as most of them are.
    site.provider.change(|manners| manners.named = None);
    let answer = site.log_in(&mut site.browser(), "/login/ours").await;
    assert_eq!(answer.status, StatusCode::FOUND);
}
