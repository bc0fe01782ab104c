//! Strangers with names for keys that nobody has, while honest callers go on.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;

use super::{fresh, holding, status};
use crate::support::{
    Mint,
    issuer::{FakeIssuer, Reply},
};

/// A thousand a second for a minute and a half, at once with honest requests, whatever the issuer does.
#[tokio::test]
async fn t6_a_thousand_unknown_kids_a_second_keep_nobody_waiting() {
    for reply in [
        None,
        Some(Reply::Status(500)),
        Some(Reply::Redirect("/x".into())),
        Some(Reply::Endless),
    ] {
        let issuer = FakeIssuer::open();
        let mint = Mint::named("1", &issuer.url);
        let (guard, hands) = holding(&issuer, &[&mint]).await;
        if let Some(reply) = reply.clone() {
            issuer.desk.set_jwks(reply);
        }
        let strangers: Vec<_> = (0..1_000)
            .map(|number| {
                let mut stranger = Mint::named("x", &issuer.url);
                stranger.key = mint.key.clone().with_kid(format!("unknown-{number}"));
                fresh(&stranger, &hands)
            })
            .collect();
        let asked_before = issuer.desk.jwks_asked();
        for _ in 0..90 {
            let honest = fresh(&mint, &hands);
            let requests = strangers.iter().map(|headers| status(&guard, headers));
            let answers = tokio::time::timeout(Duration::from_secs(20), join_all(requests));
            let answers = answers.await.expect("no request hangs");
            assert!(
                answers.iter().all(|answer| matches!(answer, 401 | 503)),
                "no bad token passes"
            );
            assert_eq!(status(&guard, &honest).await, 200, "{reply:?}");
            hands.advance(Duration::from_secs(1));
        }
        let asked = issuer.desk.jwks_asked() - asked_before;
        assert!(
            asked <= 4,
            "at most two fetches a minute: {asked} in 90 s, {reply:?}"
        );
    }
}

/// An issuer that says nothing is waited for by those alone who need it.
#[tokio::test]
async fn t6_a_silent_issuer_is_waited_for_by_strangers_only() {
    let issuer = FakeIssuer::open();
    let mint = Mint::named("1", &issuer.url);
    let (guard, hands) = holding(&issuer, &[&mint]).await;
    issuer.desk.set_jwks(Reply::Silence);
    let mut stranger = Mint::named("x", &issuer.url);
    stranger.key = mint.key.clone().with_kid("unknown");
    let headers = Arc::new(fresh(&stranger, &hands));
    let waiting: Vec<_> = (0..1_000)
        .map(|_| {
            let (guard, headers) = (guard.clone(), Arc::clone(&headers));
            tokio::spawn(async move { status(&guard, &headers).await })
        })
        .collect();
    crate::support::until("the one fetch", || issuer.desk.jwks_asked() == 2).await;
    for _ in 0..100 {
        assert_eq!(status(&guard, &fresh(&mint, &hands)).await, 200);
    }
    hands.advance(Duration::from_secs(5));
    for request in waiting {
        let answer = tokio::time::timeout(Duration::from_secs(10), request).await;
        assert_eq!(answer.expect("nobody hangs").unwrap(), 503);
    }
    assert_eq!(issuer.desk.jwks_asked(), 2);
}
