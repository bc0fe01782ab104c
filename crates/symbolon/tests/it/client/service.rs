//! Tokens for the program itself, and asking whether a token counts.

use std::time::Duration;

use symbolon::client::Client;

use super::{Site, provider::TokenEndpoint};

fn client(site: &Site) -> Client {
    site.server.engine.client("ours").unwrap()
}

fn wait(site: &Site, secs: u64) {
    let by = Duration::from_secs(secs);
    site.server.clock.advance(by);
    site.provider.advance(by);
}

#[tokio::test]
async fn a_service_token_is_asked_for_once_and_shared() {
    let site = Site::start().await;
    let client = client(&site);
    let scopes = ["stock:read", "stock:write"];
    let racers = (0..20).map(|_| client.service_token(&scopes));
    let tokens = futures_util::future::join_all(racers).await;
    let first = tokens[0].as_ref().unwrap().access_token().to_owned();
    for token in &tokens {
        assert_eq!(token.as_ref().unwrap().access_token(), first);
    }
    let (_, form) = site.provider.last();
    assert_eq!(form["grant_type"], "client_credentials");
    assert_eq!(form["scope"], "stock:read stock:write");
    assert_eq!(site.provider.asked("token"), 1);
    // Other scopes are another token.
    let other = client.service_token(&[]).await.unwrap();
    assert_ne!(other.access_token(), first);
    let (_, form) = site.provider.last();
    assert!(!form.contains_key("scope"));
}

#[tokio::test]
async fn it_is_renewed_ahead_of_its_end_and_outlives_an_outage_until_then() {
    let site = Site::start().await;
    let client = client(&site);
    let token = async || {
        let token = client.service_token(&[]).await;
        token.map(|token| token.access_token().to_owned())
    };
    let first = token().await.unwrap();
    wait(&site, 509);
    assert_eq!(token().await.unwrap(), first);
    // 90 s before the end the next is fetched; as long as that fails, the first goes on.
    wait(&site, 1);
    let honest = site.provider.manners();
    site.provider
        .change(|manners| manners.token_endpoint = TokenEndpoint::Fails(500, "x"));
    assert_eq!(token().await.unwrap(), first);
    wait(&site, 59);
    assert_eq!(token().await.unwrap(), first);
    wait(&site, 1);
    let error = token().await.unwrap_err();
    assert_eq!(error.code(), "provider_unavailable");
    assert!(error.is_temporary());
    let now = site.provider.manners().now;
    site.provider.change(|manners| *manners = honest);
    site.provider.change(|manners| manners.now = now);
    assert_ne!(token().await.unwrap(), first);
}

#[tokio::test]
async fn while_one_renews_the_others_go_on() {
    let site =
        Site::start_with(|registration| registration.timeout(Duration::from_millis(500))).await;
    let client = client(&site);
    let first = client.service_token(&[]).await.unwrap();
    wait(&site, 520);
    site.provider
        .change(|manners| manners.token_endpoint = TokenEndpoint::Hangs);
    let renewing = tokio::spawn({
        let client = client.clone();
        async move { client.service_token(&[]).await }
    });
    // It has asked, and waits.
    while site.provider.asked("token") < 2 {
        tokio::task::yield_now().await;
    }
    for _ in 0..10 {
        let held = client.service_token(&[]).await.unwrap();
        assert_eq!(held.access_token(), first.access_token());
    }
    assert_eq!(site.provider.asked("token"), 2);
    let renewed = renewing.await.unwrap().unwrap();
    assert_eq!(renewed.access_token(), first.access_token());
}

#[tokio::test]
async fn a_token_is_good_if_the_provider_says_so_for_this_audience() {
    let site = Site::start().await;
    let client = client(&site);
    let good = client
        .introspect("good", "https://api.example")
        .await
        .unwrap();
    let good = good.unwrap();
    assert_eq!(good.subject(), "subject-1");
    assert!(good.has_scope("posts:read") && !good.has_scope("posts:write"));
    for (token, audience) in [
        ("good", "https://other.example"),
        ("bad", "https://api.example"),
    ] {
        assert!(client.introspect(token, audience).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_provider_that_does_not_know_this_client_gives_neither_a_yes_nor_a_no() {
    let site = Site::start_with(|registration| {
        let wrong = symbolon::client::ClientSecret::new("another-secret").unwrap();
        registration.authentication(symbolon::client::Authentication::SecretBasic(wrong))
    })
    .await;
    let error = client(&site)
        .introspect("good", "https://api.example")
        .await;
    assert_eq!(error.unwrap_err().code(), "client_refused");
}
