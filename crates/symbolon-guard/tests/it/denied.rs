//! What a deny set refuses, with a cache and without.

use std::time::Duration;

use symbolon_guard::{
    Denied, DenySet, Reason,
    testing::TestIssuer,
    token::{Timestamp, Typ, raw},
};

use crate::{
    cached::{api, both},
    support::{Mint, NOW, bearer},
};

const FAR: Timestamp = Timestamp::from_secs(1_900_000_000);

#[tokio::test]
async fn t20_a_denial_holds_for_the_next_request() {
    let issuer = TestIssuer::new();
    let now = issuer.clock().now();
    let denials = [
        ("jti", Denied::token("x")),
        ("sid", Denied::session("x")),
        ("sub", Denied::subject("x", now)),
        ("client_id", Denied::client("x", now)),
        ("iat", Denied::everybody(now)),
    ];
    for plain in both(&issuer) {
        for (claim, denial) in denials {
            let denied = DenySet::with_clock(issuer.clock().clock());
            let guard = plain.with_deny_set(&denied);
            let (hit, spared) = match claim {
                "iat" => {
                    let later = issuer.mint("ada").claim("iat", now.as_secs() + 1);
                    (issuer.mint("ada"), later)
                }
                claim => (
                    issuer.mint("ada").claim(claim, "x"),
                    issuer.mint("ada").claim(claim, "y"),
                ),
            };
            let (hit, spared) = (hit.token(), spared.token());
            for token in [&hit, &spared, &hit] {
                assert!(guard.require_token(token).await.is_ok(), "{denial:?}");
            }
            denied.deny(denial, FAR);
            for _ in 0..2 {
                let refused = guard.require_token(&hit).await.unwrap_err();
                assert_eq!(*refused.reason(), Reason::SignedOut, "{denial:?}");
                assert_eq!(
                    (refused.status().as_u16(), refused.code()),
                    (401, "invalid_token")
                );
                assert!(guard.require_token(&spared).await.is_ok(), "{denial:?}");
            }
            // It is this guard's set and not the other's.
            assert!(plain.require_token(&hit).await.is_ok());
        }
    }
}

#[tokio::test]
async fn a_denied_key_is_named_by_its_kid() {
    let mint = Mint::named("2026-11", crate::support::ISSUER);
    let denied = DenySet::new();
    let guard = mint.guard().0.with_deny_set(&denied);
    let headers = bearer(&mint.token());
    assert!(guard.require(&headers).await.is_ok());
    denied.deny(Denied::key("2026-11"), FAR);
    assert!(guard.require(&headers).await.is_err());
}

/// Logging in anew after "sign out everywhere": only what was issued until then is denied.
#[tokio::test]
async fn a_later_token_is_not_denied_and_one_of_the_same_second_is() {
    let issuer = TestIssuer::new();
    let denied = DenySet::with_clock(issuer.clock().clock());
    let guard = api(&issuer).with_deny_set(&denied);
    issuer.clock().advance(Duration::from_millis(300));
    denied.deny(Denied::subject("ada", issuer.clock().now()), FAR);
    issuer.clock().advance(Duration::from_millis(500));
    assert!(guard.require_token(&issuer.token("ada")).await.is_err());
    issuer.clock().advance(Duration::from_millis(200));
    assert!(guard.require_token(&issuer.token("ada")).await.is_ok());
    let undated = issuer.mint("ada").claim("iat", 0).token();
    assert!(guard.require_token(&undated).await.is_err());
}

#[tokio::test]
async fn a_denial_ends_when_it_was_said_to_and_is_forgotten() {
    let issuer = TestIssuer::new();
    let denied = DenySet::with_clock(issuer.clock().clock());
    let guard = api(&issuer).with_deny_set(&denied);
    let token = issuer.mint("ada").claim("jti", "1").token();
    let until = issuer.clock().now() + Duration::from_secs(10);
    denied.deny(Denied::token("1"), until);
    // Said again for less, it stays as it was.
    denied.deny(Denied::token("1"), until - Duration::from_secs(5));
    issuer.clock().advance(Duration::from_millis(9_999));
    assert!(guard.require_token(&token).await.is_err());
    issuer.clock().advance(Duration::from_millis(1));
    assert!(guard.require_token(&token).await.is_ok());
    for number in 0..3_000 {
        denied.deny(
            Denied::token(&number.to_string()),
            until + Duration::from_secs(1),
        );
        issuer.clock().advance(Duration::from_millis(1));
    }
    assert!(denied.len() < 2_500, "{}", denied.len());
}

/// A set looks from time to time for what is over; what isn't stays, of every kind.
#[tokio::test]
async fn a_denial_outlives_many_of_another_kind() {
    let issuer = TestIssuer::new();
    let now = issuer.clock().now();
    for (claim, denial) in [
        ("sid", Denied::session("x")),
        ("sub", Denied::subject("x", now)),
        ("client_id", Denied::client("x", now)),
    ] {
        let denied = DenySet::with_clock(issuer.clock().clock());
        let guard = api(&issuer).with_deny_set(&denied);
        let token = issuer.mint("ada").claim(claim, "x").token();
        denied.deny(denial, FAR);
        for number in 0..3_000 {
            denied.deny(Denied::token(&format!("other-{number}")), now);
        }
        assert!(denied.len() < 2_500, "{}", denied.len());
        assert!(guard.require_token(&token).await.is_err(), "{denial:?}");
    }
}

/// A name may be written with escapes: it is the same name.
#[tokio::test]
async fn t20_a_denial_holds_however_the_name_is_spelt() {
    let mint = Mint::new();
    let claims = serde_json::to_string(&mint.claims(NOW)).unwrap();
    for (written, spelt, denial) in [
        ("\"token-1\"", r#""\u0074oken-1""#, Denied::token("token-1")),
        (
            "\"session-1\"",
            r#""session\u002d1""#,
            Denied::session("session-1"),
        ),
        ("\"local\"", r#""loca\u006c""#, Denied::client("local", NOW)),
        ("\"ada\"", r#""\u0061da""#, Denied::subject("ada", NOW)),
    ] {
        assert!(claims.contains(written), "{written}");
        let payload = claims.replace(written, spelt);
        let typ = Some(&Typ::ACCESS_TOKEN);
        let token = raw::sign(&mint.key, typ, payload.as_bytes()).unwrap();
        let denied = DenySet::new();
        let guard = mint.guard().0.with_deny_set(&denied);
        assert!(guard.require_token(&token).await.is_ok(), "{spelt}");
        denied.deny(denial, FAR);
        assert!(guard.require_token(&token).await.is_err(), "{spelt}");
    }
}

/// With ten thousand denials and as many live tokens, each is still told from the other.
#[tokio::test]
async fn ten_thousand_denials_hit_nobody_else() {
    let issuer = TestIssuer::new();
    let denied = DenySet::with_clock(issuer.clock().clock());
    let guard = api(&issuer).with_deny_set(&denied);
    let token = |number: u32| issuer.mint("ada").claim("jti", number.to_string()).token();
    let tokens: Vec<String> = (0..200).map(token).collect();
    for number in (1..20_000).step_by(2) {
        denied.deny(Denied::token(&number.to_string()), FAR);
    }
    assert_eq!(denied.len(), 10_000);
    for _ in 0..2 {
        for (number, token) in tokens.iter().enumerate() {
            assert_eq!(guard.require_token(token).await.is_ok(), number % 2 == 0);
        }
    }
}
