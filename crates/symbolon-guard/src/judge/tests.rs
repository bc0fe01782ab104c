//! What is kept, seen from inside.

use super::*;
use crate::testing::TestIssuer;

fn judged(guard: &Guard, token: &str, now: Timestamp) -> Option<Arc<Admitted>> {
    match guard.judge(Sent::alone(token), now) {
        Judged::Valid(admitted) => Some(admitted),
        _ => None,
    }
}

fn is_kept(guard: &Guard, token: &str) -> bool {
    let place = guard.inner.cache.place(token.as_bytes());
    place.is_some_and(|place| guard.inner.cache.find(place).is_some())
}

#[test]
fn t20_a_signature_is_checked_once() {
    let issuer = TestIssuer::new();
    let guard = issuer.guard("api");
    let (token, now) = (issuer.token("ada"), issuer.clock().now());
    let first = judged(&guard, &token, now).unwrap();
    let second = judged(&guard, &token, now).unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    // Another guard of the same keys has a memory of its own.
    let other = guard.with_cache_bytes(1024 * 1024);
    assert!(!Arc::ptr_eq(&judged(&other, &token, now).unwrap(), &first));
    let without = guard.with_cache_bytes(0);
    let one = judged(&without, &token, now).unwrap();
    assert!(!Arc::ptr_eq(&judged(&without, &token, now).unwrap(), &one));
}

#[test]
fn t20_only_good_tokens_are_kept() {
    let issuer = TestIssuer::new();
    let guard = issuer.guard("api");
    let now = issuer.clock().now();
    let forged = TestIssuer::new().mint("ada").audience("api").token();
    let elsewhere = issuer.mint("ada").audience("other").token();
    for bad in ["", "x", "a.b.c", &forged, &elsewhere] {
        assert!(judged(&guard, bad, now).is_none());
        assert!(!is_kept(&guard, bad), "{bad}");
    }
    let token = issuer.token("ada");
    assert!(judged(&guard, &token, now).is_some() && is_kept(&guard, &token));
    // An expired one is dropped when it is next seen.
    assert!(judged(&guard, &token, now + Duration::from_mins(10)).is_none());
    assert!(!is_kept(&guard, &token));
}

/// A set of keys is another epoch, and what was verified with the old one is verified again.
#[test]
fn t20_new_keys_are_a_new_epoch() {
    let issuer = TestIssuer::new();
    let guard = issuer.guard("api");
    let (token, now) = (issuer.token("ada"), issuer.clock().now());
    assert!(judged(&guard, &token, now).is_some());
    issuer.rotate_keys();
    assert!(judged(&guard, &token, now).is_none());
    assert!(!is_kept(&guard, &token));
}

#[test]
fn a_cache_has_a_size_and_keeps_to_it() {
    let issuer = TestIssuer::new();
    let guard = issuer.guard("api").with_cache_bytes(256 * 1024);
    let now = issuer.clock().now();
    let tokens: Vec<String> = (0..1_000)
        .map(|user| issuer.token(user.to_string()))
        .collect();
    for token in &tokens {
        assert!(judged(&guard, token, now).is_some());
    }
    let kept = tokens.iter().filter(|token| is_kept(&guard, token)).count();
    // A token of some 400 octets counts for 2.2 KiB.
    assert!((30..=130).contains(&kept), "{kept}");
}

/// What the deny set cleared is looked up again only when the set has changed.
#[test]
fn a_look_into_the_deny_set_is_remembered_until_it_changes() {
    let issuer = TestIssuer::new();
    let denied = crate::DenySet::with_clock(issuer.clock().clock());
    let guard = issuer.guard("api").with_deny_set(&denied);
    let now = issuer.clock().now();
    let admitted = judged(&guard, &issuer.mint("ada").claim("jti", "1").token(), now).unwrap();
    assert!(!admitted.was_cleared_at(denied.version()));
    assert!(!guard.denies(&admitted, now));
    assert!(admitted.was_cleared_at(denied.version()));
    denied.deny(crate::Denied::token("2"), now + Duration::from_mins(1));
    assert!(!admitted.was_cleared_at(denied.version()));
    assert!(!guard.denies(&admitted, now));
    denied.deny(crate::Denied::token("1"), now + Duration::from_mins(1));
    assert!(guard.denies(&admitted, now));
    assert!(
        !admitted.was_cleared_at(denied.version()),
        "a denied one is never cleared"
    );
}
