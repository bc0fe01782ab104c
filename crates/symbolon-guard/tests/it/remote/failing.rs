//! An issuer that fails, after the keys have come once: they go on serving, for a day.

use std::{sync::Arc, time::Duration};

use symbolon_guard::{FetchError, Guard};

use super::{arrived, fresh, holding, remote, status};
use crate::support::{
    Mint,
    issuer::{FakeIssuer, Reply, jwks},
    until,
};

type Expected = fn(&FetchError) -> bool;

#[tokio::test]
async fn the_guard_goes_on_verifying_with_its_issuer_stopped() {
    let mut issuer = FakeIssuer::open();
    let mint = Mint::named("1", &issuer.url);
    let (guard, hands) = holding(&issuer, &[&mint]).await;
    issuer.stop().await;

    hands.advance(Duration::from_mins(5));
    let first = failure_after(&guard, None).await;
    assert_eq!(status(&guard, &fresh(&mint, &hands)).await, 200);

    // 24 hours after the keys came, to the millisecond.
    hands.advance(Duration::from_millis((24 * 60 - 5) * 60_000 - 1));
    failure_after(&guard, Some(first)).await;
    assert_eq!(status(&guard, &fresh(&mint, &hands)).await, 200);
    assert!(guard.holds_keys());
    hands.advance(Duration::from_millis(1));
    assert_eq!(status(&guard, &fresh(&mint, &hands)).await, 503);
    assert!(!guard.holds_keys());

    issuer.listen();
    hands.advance(Duration::from_mins(1));
    arrived(&guard).await;
    assert_eq!(status(&guard, &fresh(&mint, &hands)).await, 200);
}

#[tokio::test]
async fn whatever_the_issuer_answers_old_keys_stay() {
    let issuer = FakeIssuer::open();
    let mint = Mint::named("1", &issuer.url);
    let evil = Mint::named("evil", &issuer.url);
    let Reply::Json(evil_keys, _) = jwks(&[&evil]) else {
        unreachable!("jwks is JSON")
    };
    let elsewhere = format!("{}/elsewhere", issuer.url);
    let huge = format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(512 * 1024));
    let weak = r#"{"keys":[{"kty":"RSA","kid":"1","alg":"RS256","n":"AQAB","e":"AQAB"}]}"#;

    let cases: Vec<(&str, Reply, Expected)> = vec![
        ("500", Reply::Status(500), |e| {
            matches!(e, FetchError::Status(_))
        }),
        ("404", Reply::Status(404), |e| {
            matches!(e, FetchError::Status(_))
        }),
        ("204", Reply::Status(204), |e| {
            matches!(e, FetchError::Status(_))
        }),
        ("redirect", Reply::Redirect(elsewhere), |e| {
            matches!(e, FetchError::Redirected)
        }),
        ("html", Reply::Typed("text/html", evil_keys.clone()), |e| {
            matches!(e, FetchError::NotJson)
        }),
        ("no type", Reply::Typed("", evil_keys), |e| {
            matches!(e, FetchError::NotJson)
        }),
        ("huge", Reply::Json(huge, ""), |e| {
            matches!(e, FetchError::TooLarge)
        }),
        ("endless", Reply::Endless, |e| {
            matches!(e, FetchError::TooLarge)
        }),
        ("not JSON", Reply::Json("<html>".into(), ""), |e| {
            matches!(e, FetchError::Malformed(_))
        }),
        ("no body", Reply::Json(String::new(), ""), |e| {
            matches!(e, FetchError::Malformed(_))
        }),
        ("a list", Reply::Json("[]".into(), ""), |e| {
            matches!(e, FetchError::Malformed(_))
        }),
        (
            "keys twice",
            Reply::Json(r#"{"keys":[],"keys":[]}"#.into(), ""),
            |e| matches!(e, FetchError::Malformed(_)),
        ),
        ("emptied", Reply::Json(r#"{"keys":[]}"#.into(), ""), |e| {
            matches!(e, FetchError::NoUsableKey)
        }),
        ("unusable", Reply::Json(weak.into(), ""), |e| {
            matches!(e, FetchError::NoUsableKey)
        }),
    ];
    for (what, reply, expected) in cases {
        let (guard, hands) = holding(&issuer, &[&mint]).await;
        issuer.desk.set_jwks(reply.clone());
        hands.advance(Duration::from_mins(5));
        until(what, || guard.fetch_failure().is_some()).await;
        let failure = guard.fetch_failure().unwrap();
        assert!(expected(&failure), "{what}: {failure:?}");
        assert_eq!(status(&guard, &fresh(&mint, &hands)).await, 200, "{what}");

        // The same answer to a guard that has no keys yet.
        let (builder, hands) = remote(&issuer);
        let guard = builder.start().unwrap();
        until(what, || guard.fetch_failure().is_some()).await;
        assert_eq!(status(&guard, &fresh(&mint, &hands)).await, 503, "{what}");
        assert_eq!(status(&guard, &fresh(&evil, &hands)).await, 503, "{what}");
    }
    assert_eq!(issuer.desk.elsewhere_asked(), 0, "no redirect is followed");
}

#[tokio::test]
async fn a_slow_issuer_is_given_five_seconds() {
    for reply in [Reply::Silence, Reply::HalfABody] {
        let issuer = FakeIssuer::open();
        let mint = Mint::named("1", &issuer.url);
        let (guard, hands) = holding(&issuer, &[&mint]).await;
        issuer.desk.set_jwks(reply);
        hands.advance(Duration::from_mins(5));
        until("the fetch began", || issuer.desk.jwks_asked() == 2).await;

        // Honest requests don't wait for it.
        assert_eq!(status(&guard, &fresh(&mint, &hands)).await, 200);
        assert!(guard.fetch_failure().is_none());
        hands.advance(Duration::from_secs(5));
        until("a failed fetch", || guard.fetch_failure().is_some()).await;
        assert!(matches!(
            *guard.fetch_failure().unwrap(),
            FetchError::TimedOut
        ));
        assert_eq!(status(&guard, &fresh(&mint, &hands)).await, 200);
    }
}

/// While the issuer can't be asked, a key that isn't held may well exist: that is no "no".
#[tokio::test]
async fn an_unknown_kid_is_503_while_the_issuer_fails() {
    let issuer = FakeIssuer::open();
    let (old, new) = (Mint::named("1", &issuer.url), Mint::named("2", &issuer.url));
    let (guard, hands) = holding(&issuer, &[&old]).await;
    issuer.desk.set_jwks(Reply::Status(500));

    assert_eq!(status(&guard, &fresh(&new, &hands)).await, 503);
    assert_eq!(
        issuer.desk.jwks_asked(),
        2,
        "it was asked once about the new key"
    );
    assert_eq!(status(&guard, &fresh(&new, &hands)).await, 503);
    assert_eq!(issuer.desk.jwks_asked(), 2, "and then left alone");
    assert_eq!(status(&guard, &fresh(&old, &hands)).await, 200);

    // A forgery under a known kid needs no issuer to be refused.
    let forged = Mint::named("1", &issuer.url);
    assert_eq!(status(&guard, &fresh(&forged, &hands)).await, 401);
}

/// After a failure the keys may have moved: they are looked up anew.
#[tokio::test]
async fn a_failure_leads_back_to_discovery() {
    let issuer = FakeIssuer::open();
    let mint = Mint::named("1", &issuer.url);
    let (guard, hands) = holding(&issuer, &[&mint]).await;
    assert_eq!(issuer.desk.metadata_asked(), 1);
    issuer.desk.set_jwks(Reply::Status(404));
    hands.advance(Duration::from_mins(5));
    until("a failed fetch", || guard.fetch_failure().is_some()).await;
    assert_eq!(issuer.desk.metadata_asked(), 1);
    issuer.publish(&[&mint]);
    hands.advance(Duration::from_mins(1));
    until("a good fetch", || guard.fetch_failure().is_none()).await;
    assert_eq!(issuer.desk.metadata_asked(), 2);
}

/// Waits until a fetch has failed since `earlier`.
async fn failure_after(guard: &Guard, earlier: Option<Arc<FetchError>>) -> Arc<FetchError> {
    let mut found = None;
    until("another failed fetch", || {
        found = guard.fetch_failure().filter(|failure| {
            let earlier = earlier.as_ref();
            !earlier.is_some_and(|earlier| Arc::ptr_eq(failure, earlier))
        });
        found.is_some()
    })
    .await;
    found.unwrap()
}
