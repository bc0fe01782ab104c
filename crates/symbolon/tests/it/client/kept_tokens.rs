//! A provider's tokens, kept where a program asks for that.

use std::time::Duration;

use axum::http::StatusCode;

use super::{Site, provider::query};

async fn keeping() -> Site {
    Site::start_with(super::Registration::keep_tokens).await
}

impl Site {
    fn wait(&self, secs: u64) {
        let by = Duration::from_secs(secs);
        self.server.clock.advance(by);
        self.provider.advance(by);
    }
}

#[tokio::test]
async fn none_are_kept_unless_a_program_asks_for_it() {
    let site = Site::start().await;
    let answer = site.logged_in().await.get("/token").await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(
        answer.body.contains("no tokens are kept"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn a_kept_token_serves_until_its_time_is_nearly_over() {
    let site = keeping().await;
    let mut browser = site.logged_in().await;
    let first = browser.get("/token").await.body;
    assert!(first.starts_with("access-"));
    site.wait(569);
    assert_eq!(browser.get("/token").await.body, first);
    assert_eq!(site.provider.asked("refresh"), 0);
    site.wait(1);
    let second = browser.get("/token").await.body;
    assert_ne!(second, first);
    assert_eq!(browser.get("/token").await.body, second);
    assert_eq!(site.provider.asked("refresh"), 1);
}

#[tokio::test]
async fn however_many_ask_one_refreshes_and_none_is_taken_for_a_thief() {
    let site = keeping().await;
    let browser = site.logged_in().await;
    for round in 1..=3 {
        site.wait(600);
        let racers = (0..20).map(|_| {
            let mut copy = browser.copy();
            async move { copy.get("/token").await }
        });
        let answers = futures_util::future::join_all(racers).await;
        for answer in &answers {
            assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
            assert_eq!(answer.body, answers[0].body);
        }
        assert_eq!(site.provider.asked("refresh"), round);
    }
}

#[tokio::test]
async fn two_nodes_refresh_once_between_them() {
    crate::support::on_both_engines(|database| async move {
        let provider = super::Provider::start().await;
        let registered = super::registration(&provider).keep_tokens();
        // SQLite is one process's; two engines share PostgreSQL only.
        let nodes = if database.starts_with("postgres") {
            2
        } else {
            1
        };
        let mut servers = Vec::new();
        for _ in 0..nodes {
            let registered = registered.clone();
            let open = crate::support::Server::open(&database, |config| {
                *config = config.clone().with_client("ours", registered);
                // Ids of two nodes that draw alike would meet.
                config.randomness = symbolon::Randomness::system();
            });
            servers.push(open.await);
        }
        let routers: Vec<_> = servers
            .iter()
            .map(|server| super::routes(&server.engine))
            .collect();
        let mut browser = super::Browser::new(&routers[0]);
        let off = browser.get("/login/ours").await;
        let back = provider.authorize(off.header("location"));
        assert_eq!(browser.get(&back).await.status, StatusCode::FOUND);
        let by = Duration::from_mins(10);
        for server in &servers {
            server.clock.advance(by);
        }
        provider.advance(by);
        let racers = (0..10).map(|number| {
            let mut copy = browser.at(&routers[number % nodes]);
            async move { copy.get("/token").await }
        });
        let answers = futures_util::future::join_all(racers).await;
        for answer in &answers {
            assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
            assert_eq!(answer.body, answers[0].body);
        }
        assert_eq!(provider.asked("refresh"), 1);
        for server in servers {
            server.engine.shutdown().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_goes_out_once_however_many_hold_it() {
    let site = keeping().await;
    let browser = site.logged_in().await;
    let racers = (0..20).map(|_| {
        let mut copy = browser.copy();
        async move { copy.get("/refresh").await }
    });
    let answers = futures_util::future::join_all(racers).await;
    for answer in &answers {
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert_eq!(answer.body, answers[0].body);
    }
    // Whoever comes a little later gets the same answer too.
    assert_eq!(browser.copy().get("/refresh").await.body, answers[0].body);
    assert_eq!(site.provider.asked("refresh"), 1);
}

#[tokio::test]
async fn a_refresh_that_fails_can_be_tried_again() {
    let site = keeping().await;
    let mut browser = site.logged_in().await;
    site.wait(600);
    let honest = site.provider.manners();
    site.provider.change(|manners| {
        manners.token_endpoint = super::provider::TokenEndpoint::Fails(503, "server_error");
    });
    let answer = browser.get("/token").await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(
        answer.body.contains("try again in a moment"),
        "{}",
        answer.body
    );
    site.provider.change(|manners| *manners = honest);
    assert_eq!(browser.get("/token").await.status, StatusCode::OK);
}

#[tokio::test]
async fn logging_out_forgets_the_tokens_and_names_the_login_to_the_provider() {
    let site = keeping().await;
    let mut browser = site.logged_in().await;
    let csrf = browser.who().await["csrf"].as_str().unwrap().to_owned();
    let answer = browser
        .post_form("/logout", &format!("csrf_token={csrf}"))
        .await;
    let asked = query(answer.header("location"));
    assert_eq!(asked["id_token_hint"].split('.').count(), 3);
    assert_eq!(browser.get("/token").await.status, StatusCode::UNAUTHORIZED);
}
