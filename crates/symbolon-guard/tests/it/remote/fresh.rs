//! Keys that change: how soon that is noticed, and how often the issuer is asked.

use std::time::Duration;

use futures_util::future::join_all;
use symbolon_guard::{Scheme, Sources};

use super::{fresh, holding, remote, status};
use crate::support::{
    Mint, bearer,
    issuer::{FakeIssuer, jwks_cached},
    until,
};

#[tokio::test]
async fn t6_a_thousand_unknown_kids_are_at_most_two_fetches_a_minute() {
    let issuer = FakeIssuer::open();
    let mint = Mint::named("1", &issuer.url);
    let (guard, hands) = holding(&issuer, &[&mint]).await;
    let mut stranger = Mint::named("x", &issuer.url);
    for attempt in 0..1_000 {
        stranger.key = stranger.key.with_kid(format!("unknown-{attempt}"));
        assert_eq!(status(&guard, &fresh(&stranger, &hands)).await, 401);
        hands.advance(Duration::from_millis(59));
        if attempt % 100 == 0 {
            assert_eq!(status(&guard, &fresh(&mint, &hands)).await, 200);
        }
    }
    assert_eq!(
        issuer.desk.jwks_asked(),
        2,
        "the first fetch, and one for all of them"
    );

    // The minute is over: asked again, one more.
    hands.advance(Duration::from_secs(1));
    assert_eq!(status(&guard, &fresh(&stranger, &hands)).await, 401);
    assert_eq!(issuer.desk.jwks_asked(), 3);
}

#[tokio::test]
async fn t6_a_thousand_at_once_share_one_fetch() {
    let issuer = FakeIssuer::open();
    let (old, new) = (Mint::named("1", &issuer.url), Mint::named("2", &issuer.url));
    let (guard, hands) = holding(&issuer, &[&old]).await;
    issuer.publish(&[&old, &new]);
    let headers = fresh(&new, &hands);
    let answers = join_all((0..1_000).map(|_| status(&guard, &headers))).await;
    assert!(answers.iter().all(|status| *status == 200));
    assert_eq!(issuer.desk.jwks_asked(), 2);
}

#[tokio::test]
async fn t6_the_first_token_of_a_new_key_is_accepted() {
    let issuer = FakeIssuer::open();
    let (old, new) = (Mint::named("1", &issuer.url), Mint::named("2", &issuer.url));
    let (guard, hands) = holding(&issuer, &[&old]).await;
    issuer.publish(&[&old, &new]);
    assert_eq!(status(&guard, &fresh(&new, &hands)).await, 200);
    assert_eq!(status(&guard, &fresh(&old, &hands)).await, 200);
}

/// A guard with other sources shares the fetched keys, and keeps the refresh going by itself.
#[tokio::test]
async fn a_guard_made_from_another_outlives_it() {
    let issuer = FakeIssuer::open();
    let (old, new) = (Mint::named("1", &issuer.url), Mint::named("2", &issuer.url));
    let (first, hands) = holding(&issuer, &[&old]).await;
    let guard = first.with_sources(Sources::bearer().and_scheme(Scheme::JWT));
    drop(first);
    assert_eq!(status(&guard, &fresh(&old, &hands)).await, 200);
    issuer.publish(&[&old, &new]);
    assert_eq!(status(&guard, &fresh(&new, &hands)).await, 200);
}

#[tokio::test]
async fn only_an_unknown_key_makes_the_guard_ask() {
    let issuer = FakeIssuer::open();
    let mint = Mint::named("1", &issuer.url);
    let (guard, hands) = holding(&issuer, &[&mint]).await;
    let forged = Mint::named("1", &issuer.url);
    let expired = bearer(&mint.token());
    hands.advance(Duration::from_secs(250));
    let mut elsewhere = Mint::named("1", &issuer.url);
    elsewhere.key = mint.key.clone();
    "https://other.example".clone_into(&mut elsewhere.audience);
    assert_eq!(status(&guard, &fresh(&forged, &hands)).await, 401);
    assert_eq!(status(&guard, &fresh(&elsewhere, &hands)).await, 401);
    assert_eq!(status(&guard, &bearer("a.b.c")).await, 401);
    assert_eq!(status(&guard, &expired).await, 200);
    assert_eq!(issuer.desk.jwks_asked(), 1);
}

#[tokio::test]
async fn a_removed_key_is_dropped_at_once() {
    let issuer = FakeIssuer::open();
    let (bad, good) = (Mint::named("1", &issuer.url), Mint::named("2", &issuer.url));
    let (guard, hands) = holding(&issuer, &[&bad, &good]).await;
    assert_eq!(status(&guard, &fresh(&bad, &hands)).await, 200);

    issuer.publish(&[&good]);
    hands.advance(Duration::from_mins(5));
    let token = fresh(&bad, &hands);
    until("the fetch ended", || {
        !matches!(
            guard.check(&token, hands.now()),
            symbolon_guard::Outcome::Valid(_)
        )
    })
    .await;
    assert_eq!(status(&guard, &token).await, 401);
    assert_eq!(status(&guard, &fresh(&good, &hands)).await, 200);
}

#[tokio::test]
async fn the_issuers_cache_headers_say_when_to_ask_again() {
    for (cache_control, seconds) in [
        ("max-age=600", 600),
        ("max-age=0", 60),
        ("no-store", 60),
        ("max-age=31536000", 3600),
        ("", 300),
    ] {
        let issuer = FakeIssuer::open();
        let (old, new) = (Mint::named("1", &issuer.url), Mint::named("2", &issuer.url));
        issuer.desk.set_jwks(jwks_cached(&[&old], cache_control));
        let (builder, hands) = remote(&issuer);
        let guard = builder.start().unwrap();
        super::arrived(&guard).await;

        issuer.desk.set_jwks(jwks_cached(&[&new], cache_control));
        hands.advance(Duration::from_millis(seconds * 1000 - 1));
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
        assert_eq!(issuer.desk.jwks_asked(), 1, "{cache_control}: not yet");
        assert_eq!(status(&guard, &fresh(&old, &hands)).await, 200);

        hands.advance(Duration::from_millis(1));
        until("asked again", || issuer.desk.jwks_asked() == 2).await;
    }
}

/// A removed key takes along the tokens that were remembered as good under it.
#[tokio::test]
async fn t20_a_removed_key_takes_its_remembered_tokens_along() {
    let issuer = FakeIssuer::open();
    let (bad, good) = (Mint::named("1", &issuer.url), Mint::named("2", &issuer.url));
    let (guard, hands) = holding(&issuer, &[&bad, &good]).await;
    let (one, other) = (fresh(&bad, &hands), fresh(&good, &hands));
    for token in [&one, &other, &one, &other] {
        assert_eq!(status(&guard, token).await, 200);
    }
    issuer.publish(&[&good]);
    hands.advance(Duration::from_mins(5));
    until("the fetch ended", || {
        !matches!(
            guard.check(&one, hands.now()),
            symbolon_guard::Outcome::Valid(_)
        )
    })
    .await;
    assert_eq!(status(&guard, &one).await, 401);
    assert_eq!(status(&guard, &other).await, 200);
}
