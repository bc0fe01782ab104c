//! Starting: with the issuer up, down, elsewhere, or not to be trusted.

use std::time::Duration;

use axum::{Router, routing::get};
use http::HeaderMap;
use symbolon_guard::{
    Caller, Clock, FetchError, Guard, ReplaceKeysError, StartError, token::Algorithm,
};

use super::{arrived, fresh, holding, remote, status};
use crate::support::{
    Mint, NOW, call,
    issuer::{FakeIssuer, Reply, jwks, metadata},
    refused, until,
};

#[tokio::test]
async fn a_service_starts_without_its_issuer_and_recovers_by_itself() {
    let mut issuer = FakeIssuer::closed();
    let mint = Mint::named("1", &issuer.url);
    issuer.publish(&[&mint]);
    let (builder, hands) = remote(&issuer);
    let guard = builder.start().unwrap();
    let routes = Router::new()
        .route("/me", get(async |_: Caller| "opened"))
        .route("/maybe", get(async |_: Option<Caller>| "opened"))
        .with_state(guard.clone());
    until("a failed fetch", || guard.fetch_failure().is_some()).await;
    assert!(matches!(
        *guard.fetch_failure().unwrap(),
        FetchError::Unreachable(_)
    ));
    assert!(!guard.holds_keys());

    // A token that might be good is neither accepted nor refused; what needs no key is answered.
    for path in ["/me", "/maybe"] {
        let answer = call(&routes, path, fresh(&mint, &hands)).await;
        assert_eq!(answer.headers()["retry-after"], "1");
        assert_eq!(refused(answer, 503, "keys_unavailable").await, None);
    }
    let answer = call(&routes, "/me", HeaderMap::new()).await;
    refused(answer, 401, "missing_token").await;
    assert_eq!(
        call(&routes, "/maybe", HeaderMap::new()).await.status(),
        200
    );

    issuer.listen();
    hands.advance(Duration::from_secs(1));
    arrived(&guard).await;
    let answer = call(&routes, "/me", fresh(&mint, &hands)).await;
    assert_eq!(answer.status(), 200);
    assert!(guard.fetch_failure().is_none());
}

#[tokio::test]
async fn keys_are_found_by_openid_discovery() {
    let issuer = FakeIssuer::open();
    let mint = Mint::named("1", &issuer.url);
    let (guard, hands) = holding(&issuer, &[&mint]).await;
    assert_eq!(status(&guard, &fresh(&mint, &hands)).await, 200);
    assert_eq!(issuer.desk.metadata_asked(), 1);
}

#[tokio::test]
async fn keys_are_found_by_oauth_metadata_where_there_is_no_openid() {
    let issuer = FakeIssuer::open();
    issuer.desk.set_openid(Reply::Status(404));
    let keys = format!("{}/keys", issuer.url);
    issuer
        .desk
        .set_oauth(Reply::Json(metadata(&issuer.url, &keys), ""));
    let mint = Mint::named("1", &issuer.url);
    let (guard, hands) = holding(&issuer, &[&mint]).await;
    assert_eq!(status(&guard, &fresh(&mint, &hands)).await, 200);
    assert_eq!(issuer.desk.metadata_asked(), 2);
}

/// RFC 6761 §6.3; the name that excuses plain http never leaves the machine.
#[tokio::test]
async fn localhost_is_this_machine() {
    let issuer = FakeIssuer::open();
    let url = issuer.url.replace("127.0.0.1", "localhost");
    let keys = format!("{url}/keys");
    issuer
        .desk
        .set_openid(Reply::Json(metadata(&url, &keys), ""));
    let mint = Mint::named("1", &url);
    issuer.publish(&[&mint]);
    let hands = Clock::fixed(NOW);
    let guard = Guard::remote(&url).clock(hands.clock()).start().unwrap();
    arrived(&guard).await;
    assert_eq!(status(&guard, &fresh(&mint, &hands)).await, 200);
}

#[tokio::test]
async fn a_given_jwks_uri_needs_no_discovery() {
    let issuer = FakeIssuer::open();
    let mint = Mint::named("1", "https://login.example");
    issuer.publish(&[&mint]);
    let hands = Clock::fixed(NOW);
    let guard = Guard::remote("https://login.example")
        .jwks_uri(format!("{}/keys", issuer.url))
        .clock(hands.clock())
        .start()
        .unwrap();
    arrived(&guard).await;
    assert_eq!(status(&guard, &fresh(&mint, &hands)).await, 200);
    assert_eq!(issuer.desk.metadata_asked(), 0);
}

#[tokio::test]
async fn t12_metadata_of_another_issuer_is_refused_whole() {
    let issuer = FakeIssuer::open();
    let keys = format!("{}/keys", issuer.url);
    let liars = [
        format!("{}/", issuer.url),
        issuer.url.replace("127.0.0.1", "localhost"),
        issuer.url.to_uppercase(),
        "https://login.example".to_owned(),
    ];
    let mint = Mint::named("1", &issuer.url);
    issuer.publish(&[&mint]);
    for liar in liars {
        issuer
            .desk
            .set_openid(Reply::Json(metadata(&liar, &keys), ""));
        let (builder, hands) = remote(&issuer);
        let guard = builder.start().unwrap();
        until("a failed fetch", || guard.fetch_failure().is_some()).await;
        assert!(
            matches!(*guard.fetch_failure().unwrap(), FetchError::WrongIssuer),
            "{liar}"
        );
        assert_eq!(status(&guard, &fresh(&mint, &hands)).await, 503);
    }
    assert_eq!(
        issuer.desk.jwks_asked(),
        0,
        "its keys are not even looked at"
    );
}

#[tokio::test]
async fn t12_issuers_side_by_side_keep_their_keys_apart() {
    let (one, two) = (FakeIssuer::open(), FakeIssuer::open());
    let (at_one, at_two) = (Mint::named("same", &one.url), Mint::named("same", &two.url));
    let (guard_one, hands) = holding(&one, &[&at_one]).await;
    let (guard_two, _) = holding(&two, &[&at_two]).await;
    assert_eq!(status(&guard_one, &fresh(&at_one, &hands)).await, 200);
    assert_eq!(status(&guard_two, &fresh(&at_two, &hands)).await, 200);
    assert_eq!(status(&guard_one, &fresh(&at_two, &hands)).await, 401);
    assert_eq!(status(&guard_two, &fresh(&at_one, &hands)).await, 401);

    // The other issuer's key, speaking in this issuer's name.
    let mut impostor = Mint::named("same", &one.url);
    impostor.key = at_two.key.clone();
    assert_eq!(status(&guard_one, &fresh(&impostor, &hands)).await, 401);
}

#[tokio::test]
async fn t11_the_audience_is_the_issuer_unless_named() {
    let issuer = FakeIssuer::open();
    let mut mint = Mint::named("1", &issuer.url);
    issuer.publish(&[&mint]);
    let (builder, hands) = remote(&issuer);
    let plain = builder.clone().start().unwrap();
    let named = builder.audience("api").audience("api-2").start().unwrap();
    arrived(&plain).await;
    arrived(&named).await;
    for (audience, by_plain, by_named) in [
        (issuer.url.as_str(), 200, 401),
        ("api", 401, 200),
        ("api-2", 401, 200),
        ("ap", 401, 401),
    ] {
        audience.clone_into(&mut mint.audience);
        let headers = fresh(&mint, &hands);
        assert_eq!(status(&plain, &headers).await, by_plain, "{audience}");
        assert_eq!(status(&named, &headers).await, by_named, "{audience}");
    }
}

/// A public key that is published must not work as a shared secret (RFC 8725 §2.1).
#[tokio::test]
async fn t4_a_published_secret_is_no_key() {
    let issuer = FakeIssuer::open();
    let mint = Mint::named("1", &issuer.url);
    let secret = r#"{"keys":[{"kty":"oct","kid":"s","alg":"HS256","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}"#;
    issuer.desk.set_jwks(Reply::Json(secret.into(), ""));
    let (builder, hands) = remote(&issuer);
    let guard = builder.start().unwrap();
    until("a failed fetch", || guard.fetch_failure().is_some()).await;
    assert!(matches!(
        *guard.fetch_failure().unwrap(),
        FetchError::NoUsableKey
    ));
    assert_eq!(status(&guard, &fresh(&mint, &hands)).await, 503);
}

#[tokio::test]
async fn what_no_waiting_would_cure_fails_at_the_start() {
    let issuer = |url: &str| Guard::remote(url).start();
    for url in [
        "http://login.example",
        "https://login.example?tenant=1",
        "https://login.example#x",
        "https://user@login.example",
        "login.example",
        "",
    ] {
        assert!(matches!(issuer(url), Err(StartError::Issuer)), "{url}");
    }
    let base = || Guard::remote("http://127.0.0.1:1");
    assert!(matches!(
        base().jwks_uri("http://login.example/keys").start(),
        Err(StartError::JwksUri)
    ));
    assert!(matches!(
        base()
            .algorithms([Algorithm::ES256, Algorithm::HS256])
            .start(),
        Err(StartError::SymmetricAlgorithm(Algorithm::HS256))
    ));
    for incomplete in [
        base().algorithms([]),
        base().audience(""),
        base().leeway(Duration::from_secs(61)),
    ] {
        assert!(matches!(incomplete.start(), Err(StartError::Policy(_))));
    }
}

#[test]
fn a_remote_guard_needs_a_runtime() {
    assert!(matches!(
        Guard::remote("http://127.0.0.1:1").start(),
        Err(StartError::NoRuntime)
    ));
}

#[tokio::test]
async fn remote_keys_are_replaced_by_the_issuer_only() {
    let issuer = FakeIssuer::open();
    let mint = Mint::named("1", &issuer.url);
    let (guard, hands) = holding(&issuer, &[&mint]).await;
    let evil = Mint::named("1", &issuer.url);
    assert_eq!(
        guard.replace_keys(evil.key_set()),
        Err(ReplaceKeysError::Remote)
    );
    assert_eq!(status(&guard, &fresh(&evil, &hands)).await, 401);
}

#[tokio::test]
async fn the_refresh_ends_with_the_last_guard() {
    let issuer = FakeIssuer::open();
    issuer
        .desk
        .set_jwks(jwks(&[&Mint::named("1", &issuer.url)]));
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let before = tasks();
    // Nobody answers: the task would wait for as long as the clock stands still.
    issuer.desk.set_jwks(Reply::Silence);
    let guard = remote(&issuer).0.start().unwrap();
    let clone = guard.clone();
    until("a fetch under way", || issuer.desk.jwks_asked() == 1).await;
    drop(guard);
    assert!(tasks() > before);
    drop(clone);
    until("no task is left", || tasks() <= before).await;
}

#[tokio::test]
async fn the_process_keeps_its_own_tls_provider() {
    let guard = Guard::remote("http://127.0.0.1:1").start().unwrap();
    until("a failed fetch", || guard.fetch_failure().is_some()).await;
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}
