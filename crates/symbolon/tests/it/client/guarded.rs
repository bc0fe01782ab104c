//! What a browser that is logged in may do, what other sites can't do with it, and logging out.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::Value;

use super::{Site, provider::query};

async fn csrf(browser: &mut super::Browser<'_>) -> String {
    browser.who().await["csrf"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn s3_what_changes_something_needs_a_page_of_this_site_and_its_token() {
    let site = Site::start().await;
    let mut browser = site.logged_in().await;
    let token = csrf(&mut browser).await;
    let same = ("sec-fetch-site", "same-origin");
    let origin = ("origin", "http://127.0.0.1:8080");
    let token = ("x-csrf-token", token.as_str());
    for headers in [
        vec![same, token],
        vec![origin, token],
        vec![same, origin, token],
    ] {
        let answer = browser.post("/change", &headers).await;
        assert_eq!(answer.status, StatusCode::OK, "{headers:?}");
        assert_eq!(answer.body, "minsu@ours");
    }
    for headers in [
        vec![],
        vec![same],
        vec![token],
        vec![same, ("x-csrf-token", "")],
        vec![same, ("x-csrf-token", "another-token")],
        vec![same, token, token],
        vec![("sec-fetch-site", "cross-site"), token],
        vec![("sec-fetch-site", "same-site"), token],
        vec![("sec-fetch-site", "none"), token],
        vec![("origin", "https://evil.example"), token],
        vec![("origin", "null"), token],
        vec![("origin", "http://127.0.0.1:8081"), token],
        vec![same, ("origin", "https://evil.example"), token],
    ] {
        let answer = browser.post("/change", &headers).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?}");
        assert_eq!(answer.code(), "cross_site");
    }
    // Reading needs neither.
    assert_eq!(browser.get("/change").await.status, StatusCode::OK);
}

#[tokio::test]
async fn s3_the_token_of_another_session_is_none() {
    let site = Site::start().await;
    let token = csrf(&mut site.logged_in().await).await;
    let mut browser = site.logged_in().await;
    let headers = [("sec-fetch-site", "same-origin"), ("x-csrf-token", &token)];
    let answer = browser.post("/change", &headers).await;
    assert_eq!(answer.code(), "cross_site");
}

#[tokio::test]
async fn nobody_who_is_not_logged_in_gets_in() {
    let site = Site::start().await;
    let answer = site.browser().get("/change").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.code(), "login_required");
    assert!(!answer.header("www-authenticate").is_empty());
}

#[tokio::test]
async fn p4_12_logging_out_ends_it_here_and_at_the_provider() {
    let site = Site::start().await;
    let mut browser = site.logged_in().await;
    let mut thief = browser.copy();
    let token = csrf(&mut browser).await;
    let answer = browser
        .post_form("/logout", &format!("csrf_token={token}"))
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let location = answer.header("location");
    assert!(location.starts_with(&format!("{}/logout?", site.provider.issuer())));
    let asked = query(location);
    assert_eq!(asked["client_id"], "client-id");
    assert_eq!(asked["post_logout_redirect_uri"], "http://127.0.0.1:8080/");
    assert!(!asked.contains_key("id_token_hint"));
    assert_eq!(browser.who().await, Value::Null);
    assert!(browser.cookies().is_empty());
    // A copied cookie opens nothing any more (row P3 of the seeds: there it did).
    assert_eq!(thief.who().await, Value::Null);
}

#[tokio::test]
async fn where_the_provider_offers_no_logging_out_the_browser_stays_here() {
    let site = Site::start_with(|registration| registration.after_logout("/bye")).await;
    site.provider.change(|manners| {
        manners.metadata = |document| {
            document
                .as_object_mut()
                .unwrap()
                .remove("end_session_endpoint");
        };
    });
    let mut browser = site.logged_in().await;
    let token = csrf(&mut browser).await;
    let answer = browser
        .post_form("/logout", &format!("csrf_token={token}"))
        .await;
    assert_eq!(answer.header("location"), "/bye");
}

#[tokio::test]
async fn s3_no_other_site_logs_anybody_out() {
    let site = Site::start().await;
    let mut browser = site.logged_in().await;
    let answer = browser.post_form("/logout", "csrf_token=guessed").await;
    assert_eq!(answer.code(), "cross_site");
    let answer = browser.post_form("/logout", "").await;
    assert_eq!(answer.code(), "missing_field");
    let token = csrf(&mut browser).await;
    let form = format!("csrf_token={token}");
    browser.headers = vec![("sec-fetch-site", "cross-site".to_owned())];
    let answer = browser.post_form("/logout", &form).await;
    assert_eq!(answer.code(), "cross_site");
    browser.headers.clear();
    assert_eq!(browser.who().await["username"], "minsu@ours");
}

#[tokio::test]
async fn s4_a_login_ends_with_its_session() {
    let site = Site::start().await;
    let mut browser = site.logged_in().await;
    site.server.clock.advance(Duration::from_mins(31));
    assert_eq!(browser.who().await, Value::Null);
}

#[tokio::test]
async fn g23_nothing_of_a_login_can_be_read_in_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("test.db");
    let provider = super::Provider::start().await;
    let registered = super::registration(&provider).keep_tokens();
    let server = crate::support::Server::open(&database.display().to_string(), |config| {
        *config = config.clone().with_client("ours", registered);
    })
    .await;
    let router = super::routes(&server.engine);
    let mut browser = super::Browser::new(&router);
    let off = browser.get("/login/ours").await;
    let asked = query(off.header("location"));
    let pending = std::fs::read(&database).unwrap();
    let back = provider.authorize(off.header("location"));
    assert_eq!(browser.get(&back).await.status, StatusCode::FOUND);
    let (_, form) = provider.last();
    server.engine.shutdown().await;
    let mut bytes = std::fs::read(&database).unwrap();
    bytes.extend(pending);
    let secrets = [
        asked["state"].as_str(),
        &asked["nonce"],
        &form["code_verifier"],
        &browser.cookies()["session"],
        "access-",
        "refresh-",
        super::SECRET,
    ];
    for secret in secrets {
        let found = bytes
            .windows(secret.len())
            .any(|bytes| bytes == secret.as_bytes());
        assert!(!found, "{secret} is in the database");
    }
}
