//! Who somebody is here, whom a provider has named.

use axum::http::StatusCode;
use serde_json::{Value, json};
use symbolon::{
    Identity,
    client::{ClaimNames, NewUsers},
};

use super::{CLIENT, Site};
use crate::support::PASSWORD;

#[tokio::test]
async fn p4_12_the_browser_is_signed_in_and_the_program_sees_who() {
    let site = Site::start().await;
    let mut browser = site.logged_in().await;
    let who = browser.who().await;
    assert_eq!(who["username"], "minsu@ours");
    assert_eq!(who["client"], "ours");
    let profile = &who["profile"];
    assert_eq!(profile["issuer"], site.provider.issuer());
    assert_eq!(profile["subject"], "subject-1");
    assert_eq!(profile["name"], "김민수");
    assert_eq!(profile["email"], "minsu@example.com");
    assert_eq!(who["csrf"].as_str().unwrap().len(), 43);
}

#[tokio::test]
async fn u2_the_same_subject_is_the_same_user_whatever_else_changes() {
    let site = Site::start().await;
    let first = site.logged_in().await.who().await;
    site.provider.change(|manners| {
        manners.userinfo = |claims| {
            claims["preferred_username"] = "renamed".into();
            claims["email"] = "new@example.com".into();
        };
    });
    let second = site.logged_in().await.who().await;
    assert_eq!(first["subject"], second["subject"]);
    assert_eq!(second["username"], "minsu@ours");
    assert_eq!(second["profile"]["username"], "renamed");
}

#[tokio::test]
async fn u2_an_email_address_or_a_name_never_finds_anybody() {
    let (site, other) = Site::with_two_providers().await;
    let engine = &site.server.engine;
    for name in ["minsu", "minsu@example.com"] {
        engine
            .create_user(name, PASSWORD, &["admin"])
            .await
            .unwrap();
    }
    let ours = site.logged_in().await.who().await;
    // The same subject, name and verified address, at another provider.
    let mut browser = site.browser();
    let off = browser.get("/login/theirs").await;
    let back = other.authorize(off.header("location"));
    browser.get(&back).await;
    let theirs = browser.who().await;
    assert_eq!(theirs["username"], "minsu@theirs");
    assert_ne!(ours["subject"], theirs["subject"]);
    for who in [ours, theirs] {
        assert_eq!(who["roles"], json!([]));
    }
}

#[tokio::test]
async fn u2_a_name_that_is_taken_gets_a_number() {
    let site = Site::start().await;
    let engine = &site.server.engine;
    engine
        .create_user("minsu@ours", PASSWORD, &["admin"])
        .await
        .unwrap();
    let who = site.logged_in().await.who().await;
    assert_eq!(who["username"], "minsu-2@ours");
    assert_eq!(who["roles"], json!([]));
}

#[tokio::test]
async fn u2_first_logins_of_one_subject_at_once_make_one_user() {
    let site = Site::start().await;
    let racers = (0..8).map(|_| async {
        let mut browser = site.logged_in().await;
        browser.who().await["subject"].clone()
    });
    let subjects = futures_util::future::join_all(racers).await;
    assert!(subjects[0].is_string());
    assert!(subjects.iter().all(|subject| *subject == subjects[0]));
}

#[tokio::test]
async fn somebody_whom_nobody_knows_is_refused_where_that_is_wanted_until_linked() {
    let site = Site::start_with(|registration| registration.new_users(NewUsers::Refused)).await;
    let mut browser = site.browser();
    let answer = site.log_in(&mut browser, "/login/ours").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.code(), "login_not_admitted");
    assert_eq!(browser.who().await, Value::Null);

    let (engine, issuer) = (&site.server.engine, site.provider.issuer());
    assert!(
        engine
            .link_user("nobody", issuer, "subject-1")
            .await
            .is_err()
    );
    engine
        .link_user("Alice", issuer, "subject-1")
        .await
        .unwrap();
    assert!(
        engine
            .link_user("alice", issuer, "subject-1")
            .await
            .is_err()
    );
    let who = site.logged_in().await.who().await;
    assert_eq!(who["username"], "alice");
    assert_eq!(who["roles"], json!(["user"]));
}

#[tokio::test]
async fn a13_a_disabled_user_is_out_at_once_and_stays_out() {
    let site = Site::start().await;
    let mut browser = site.logged_in().await;
    site.server.engine.disable_user("minsu@ours").await.unwrap();
    assert_eq!(browser.who().await, Value::Null);
    assert_eq!(browser.get("/change").await.code(), "login_required");
    let mut browser = site.browser();
    let answer = site.log_in(&mut browser, "/login/ours").await;
    assert_eq!(answer.code(), "login_not_admitted");
}

#[tokio::test]
async fn s2_a_login_gives_the_session_a_new_id_and_ends_the_one_before() {
    let site = Site::start().await;
    let mut browser = site.logged_in().await;
    let mut old = browser.copy();
    let again = site.log_in(&mut browser, "/login/ours").await;
    assert_eq!(again.status, StatusCode::FOUND);
    assert_ne!(old.cookies()["session"], browser.cookies()["session"]);
    assert_eq!(old.who().await, Value::Null);
    assert_eq!(browser.who().await["username"], "minsu@ours");
}

#[tokio::test]
async fn a_program_decides_itself_who_comes_in() {
    let site = Site::configured(
        |registration| registration,
        |config| {
            config.with_admission(async |profile| {
                if profile.subject != "subject-1" {
                    return Ok(None);
                }
                Ok(Some(Identity::new("7", "minsu").with_roles(["editor"])?))
            })
        },
    )
    .await;
    let who = site.logged_in().await.who().await;
    assert_eq!(
        (&who["subject"], &who["username"]),
        (&json!("7"), &json!("minsu"))
    );
    assert_eq!(who["roles"], json!(["editor"]));

    site.provider.change(|manners| {
        manners.id_claims = |claims| claims["sub"] = "subject-2".into();
        manners.userinfo = |claims| claims["sub"] = "subject-2".into();
    });
    let answer = site.log_in(&mut site.browser(), "/login/ours").await;
    assert_eq!(answer.code(), "login_not_admitted");
}

#[tokio::test]
async fn a_program_that_cannot_tell_is_neither_a_yes_nor_a_no() {
    let site = Site::configured(
        |registration| registration,
        |config| config.with_admission(async |_| Err("the table is locked".into())),
    )
    .await;
    let mut browser = site.browser();
    let answer = site.log_in(&mut browser, "/login/ours").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(browser.who().await, Value::Null);
}

#[tokio::test]
async fn claims_come_from_where_the_registration_says() {
    let site = Site::start_with(|registration| {
        registration.claims(ClaimNames {
            username: "/account/nick".to_owned(),
            ..ClaimNames::default()
        })
    })
    .await;
    site.provider.change(|manners| {
        manners.userinfo = |claims| claims["account"] = json!({"nick": "지수"});
    });
    let who = site.logged_in().await.who().await;
    assert_eq!(who["username"], "지수@ours");
    assert_eq!(who["client"], CLIENT);
}

#[tokio::test]
async fn s2_whoever_comes_next_in_a_browser_finds_nothing_of_who_was_there() {
    let site = Site::start().await;
    let mut browser = site.browser();
    browser.get("/remember").await;
    // What a visitor put there before logging in is still theirs after, and after another login.
    for _ in 0..2 {
        site.log_in(&mut browser, "/login/ours").await;
        assert_eq!(browser.get("/note").await.json(), "remembered");
    }
    site.provider.change(|manners| {
        manners.id_claims = |claims| claims["sub"] = "subject-2".into();
        manners.userinfo = |claims| claims["sub"] = "subject-2".into();
    });
    site.log_in(&mut browser, "/login/ours").await;
    assert_eq!(browser.who().await["profile"]["subject"], "subject-2");
    assert_eq!(browser.get("/note").await.json(), Value::Null);
}

#[tokio::test]
async fn s2_people_of_a_program_get_a_new_id_too() {
    let site = Site::configured(
        |registration| registration,
        |config| config.with_admission(async |_| Ok(Some(Identity::new("7", "minsu")))),
    )
    .await;
    let mut browser = site.browser();
    browser.get("/remember").await;
    let mut planted = browser.copy();
    site.log_in(&mut browser, "/login/ours").await;
    assert_ne!(planted.cookies()["session"], browser.cookies()["session"]);
    assert_eq!(planted.who().await, Value::Null);
    assert_eq!(browser.who().await["subject"], "7");
}
