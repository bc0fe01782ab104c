//! What a remembered token may and may not do without being verified again.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use symbolon_guard::{
    Caller, CallerWith, FreshWithin, Guard, Invalid, Reason,
    testing::TestIssuer,
    token::{ErrorKind, KeySet},
};

use crate::support::{Mint, bearer};

pub(crate) fn api(issuer: &TestIssuer) -> Guard {
    issuer.guard("https://api.example")
}

/// Cached, and by the deny set or a hook, whatever is said of a guard with a cache holds without one.
pub(crate) fn both(issuer: &TestIssuer) -> [Guard; 2] {
    let guard = api(issuer);
    [guard.with_cache_bytes(0), guard]
}

fn kind(refused: &symbolon_guard::Rejection) -> Option<ErrorKind> {
    refused
        .token_error()
        .map(symbolon_guard::token::Error::kind)
}

/// Tokens that share everything but one claim, or differ in one letter: fast-jwt and Oathkeeper swapped such.
#[tokio::test]
async fn t20_no_two_tokens_swap_their_claims() {
    let issuer = TestIssuer::new();
    let guard = api(&issuer);
    let tokens: Vec<(String, String)> = (0..2_000)
        .map(|number| {
            let mint = issuer.mint("ada").claim("jti", "same");
            (
                number.to_string(),
                mint.claim("number", number.to_string()).token(),
            )
        })
        .collect();
    for _ in 0..3 {
        for (number, token) in &tokens {
            let caller = guard.require_token(token).await.unwrap();
            let claims: serde_json::Value = caller.extra().unwrap();
            assert_eq!(claims["number"], number.as_str());
        }
    }
}

#[tokio::test]
async fn t20_every_change_of_a_cached_token_is_another_token() {
    let issuer = TestIssuer::new();
    let guard = api(&issuer);
    let token = issuer.token("ada");
    assert!(guard.require(&issuer.headers(&token)).await.is_ok());
    for position in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[position] = if changed[position] == b'A' {
            b'B'
        } else {
            b'A'
        };
        let changed = String::from_utf8(changed).unwrap();
        assert!(
            guard.require(&issuer.headers(&changed)).await.is_err(),
            "{position}"
        );
        let cut = &token[..position];
        assert!(
            guard.require(&issuer.headers(cut)).await.is_err(),
            "{position}"
        );
    }
    for changed in [
        format!("{token}="),
        format!("{token}A"),
        format!("{token}."),
    ] {
        assert!(guard.require(&issuer.headers(&changed)).await.is_err());
    }
    assert!(guard.require(&issuer.headers(&token)).await.is_ok());
}

#[tokio::test]
async fn t20_a_token_good_at_one_guard_is_not_thereby_good_at_another() {
    let issuer = TestIssuer::new();
    let (posts, files) = (issuer.guard("posts"), issuer.guard("files"));
    let token = issuer.mint("ada").audience("posts").token();
    for _ in 0..3 {
        assert!(posts.require_token(&token).await.is_ok());
        let refused = files.require_token(&token).await.unwrap_err();
        assert_eq!(kind(&refused), Some(ErrorKind::WrongAudience));
    }
    let other = TestIssuer::new();
    assert!(other.guard("posts").require_token(&token).await.is_err());
}

#[tokio::test]
async fn t10_a_cached_token_expires_to_the_second() {
    let issuer = TestIssuer::new();
    for guard in both(&issuer) {
        let token = issuer
            .mint("ada")
            .expires_in(Duration::from_mins(1))
            .token();
        assert!(guard.require_token(&token).await.is_ok());
        issuer.clock().advance(Duration::from_millis(59_999));
        assert!(guard.require_token(&token).await.is_ok());
        issuer.clock().advance(Duration::from_millis(1));
        let refused = guard.require_token(&token).await.unwrap_err();
        assert_eq!(kind(&refused), Some(ErrorKind::Expired));
    }
}

/// A clock that is put back makes no token good before its time.
#[tokio::test]
async fn t10_a_cached_token_is_not_good_before_its_time() {
    let issuer = TestIssuer::new();
    for guard in both(&issuer) {
        let now = issuer.clock().now();
        let token = issuer.mint("ada").claim("nbf", now.as_secs()).token();
        assert!(guard.require_token(&token).await.is_ok());
        issuer.clock().jump(now - Duration::from_secs(1));
        let refused = guard.require_token(&token).await.unwrap_err();
        assert_eq!(kind(&refused), Some(ErrorKind::NotYetValid));
        issuer.clock().jump(now);
        assert!(guard.require_token(&token).await.is_ok());
    }
}

/// Within the leeway a token is good with a cache as without.
#[tokio::test]
async fn t10_the_leeway_holds_for_cached_tokens_too() {
    let mint = Mint::new();
    let policy = symbolon_guard::token::Policy {
        issuer: mint.issuer.clone(),
        audience: vec![mint.audience.clone()],
        algorithms: vec![mint.key.algorithm()],
        typ: symbolon_guard::token::Typ::ACCESS_TOKEN,
    };
    let verifier = symbolon_guard::token::Verifier::new(mint.key_set(), policy).unwrap();
    let verifier = verifier.leeway(Duration::from_secs(30)).unwrap();
    let hands = symbolon_guard::Clock::fixed(crate::support::NOW);
    let guard = Guard::with_clock(verifier, hands.clock());
    let headers = bearer(&mint.token());
    assert!(guard.require(&headers).await.is_ok());
    hands.advance(Duration::from_secs(629));
    for _ in 0..3 {
        assert!(guard.require(&headers).await.is_ok());
    }
    hands.advance(Duration::from_secs(1));
    assert!(guard.require(&headers).await.is_err());
}

#[tokio::test]
async fn t20_a_key_that_is_gone_takes_its_cached_tokens_along() {
    let issuer = TestIssuer::new();
    let guard = api(&issuer);
    let token = issuer.token("ada");
    assert!(guard.require_token(&token).await.is_ok());
    issuer.rotate_keys();
    let refused = guard.require_token(&token).await.unwrap_err();
    assert_eq!(kind(&refused), Some(ErrorKind::UnknownKey));
    assert!(guard.require_token(&issuer.token("ada")).await.is_ok());

    let (old, new) = (Mint::new(), Mint::new());
    let (guard, _) = old.guard();
    let headers = bearer(&old.token());
    assert!(guard.require(&headers).await.is_ok());
    guard.replace_keys(new.key_set()).unwrap();
    assert!(guard.require(&headers).await.is_err());
    let keys = [old.key.verifying_key(), new.key.verifying_key()];
    guard.replace_keys(KeySet::new(keys).unwrap()).unwrap();
    assert!(guard.require(&headers).await.is_ok());
}

/// Keys that are too old to be trusted: 503, for what is cached as well.
#[tokio::test]
async fn keys_that_cannot_be_had_count_for_cached_tokens() {
    let issuer = TestIssuer::new();
    let guard = api(&issuer);
    let token = issuer.token("ada");
    assert!(guard.require_token(&token).await.is_ok());
    issuer.go_away();
    assert_eq!(guard.require_token(&token).await.unwrap_err().status(), 503);
    issuer.come_back();
    assert!(guard.require_token(&token).await.is_ok());
}

#[tokio::test]
async fn freshness_is_of_each_request() {
    let issuer = TestIssuer::new();
    let guard = api(&issuer);
    let token = issuer
        .mint("ada")
        .logged_in(Duration::from_secs(299))
        .token();
    let fresh = async || {
        let caller: Caller = guard.require_token(&token).await.unwrap();
        CallerWith::<FreshWithin<300>>::check(caller).is_some()
    };
    assert!(fresh().await);
    issuer.clock().advance(Duration::from_secs(1));
    assert!(fresh().await);
    issuer.clock().advance(Duration::from_millis(1));
    assert!(!fresh().await);
    let caller = guard
        .require_token(&issuer.mint("ada").without("auth_time").token())
        .await;
    assert!(!caller.unwrap().is_fresh(Duration::MAX));
    let ahead = issuer
        .mint("ada")
        .claim("auth_time", issuer.clock().now().as_secs() + 60);
    let caller = guard.require_token(&ahead.token()).await.unwrap();
    assert!(!caller.is_fresh(Duration::from_hours(1)));
}

#[tokio::test]
async fn t20_every_hook_runs_on_every_request() {
    let issuer = TestIssuer::new();
    let runs: [Arc<AtomicUsize>; 3] = Default::default();
    let count = |index: usize| {
        let counted = Arc::clone(&runs[index]);
        move || counted.fetch_add(1, Ordering::SeqCst)
    };
    let (first, second, third) = (count(0), count(1), count(2));
    let guard = api(&issuer)
        .with_deny_check(move |_| {
            first();
            async { Ok(false) }
        })
        .with_user_loader(move |caller| {
            second();
            async move { Ok(Some(caller.subject().to_owned())) }
        })
        .with_check(move |_| {
            third();
            async { Ok(true) }
        });
    let token = issuer.token("ada");
    for run in 1..=3 {
        let caller = guard.require_token(&token).await.unwrap();
        assert_eq!(caller.user::<String>().unwrap().as_str(), "ada");
        assert!(caller.user::<u64>().is_none());
        assert!(
            runs.iter()
                .all(|counted| counted.load(Ordering::SeqCst) == run)
        );
    }
}

/// Whatever strangers send, the memory stays what was said: good tokens only, and those within bounds.
#[tokio::test]
async fn more_tokens_than_fit_are_all_still_judged() {
    let issuer = TestIssuer::new();
    let guard = api(&issuer).with_cache_bytes(64 * 1024);
    let tokens: Vec<String> = (0..500)
        .map(|user| issuer.token(user.to_string()))
        .collect();
    let mut subjects = BTreeSet::new();
    for _ in 0..2 {
        for token in &tokens {
            let caller = guard.require_token(token).await.unwrap();
            subjects.insert(caller.subject().to_owned());
        }
    }
    assert_eq!(subjects.len(), 500);
    let refused = guard.require_token(&TestIssuer::new().token("ada")).await;
    assert!(matches!(
        refused.unwrap_err().reason(),
        Reason::Invalid(Invalid::Token(_))
    ));
}
