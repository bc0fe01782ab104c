//! `private_key_jwt`: a client that signs, and how its keys are turned over.

use serde_json::json;
use symbolon::{
    client::{Authentication, ClientKeys},
    guard::token::{Algorithm, KeySet, Policy, SigningKey, Typ, Verified, Verifier},
};

use super::Site;
use crate::support::{NOW, claims_of};

async fn site(keys: &ClientKeys) -> Site {
    Site::start_with(|registration| {
        registration.authentication(Authentication::PrivateKeyJwt(keys.clone()))
    })
    .await
}

fn key(algorithm: Algorithm) -> SigningKey {
    SigningKey::generate(algorithm).unwrap()
}

/// Verifies an assertion as a provider does that fetches the client's keys.
fn verify(
    published: &str,
    algorithm: Algorithm,
    issuer: &str,
    assertion: &str,
) -> Result<Verified<serde_json::Value>, symbolon::guard::token::Error> {
    let keys = KeySet::from_jwks(published.as_bytes(), &[algorithm])?.keys;
    let policy = Policy {
        issuer: "client-id".to_owned(),
        audience: vec![issuer.to_owned()],
        algorithms: vec![algorithm],
        typ: Typ::CLIENT_AUTHENTICATION,
    };
    Verifier::new(keys, policy)?.verify(assertion, NOW)
}

#[tokio::test]
async fn k5_p4_06_an_assertion_is_for_the_issuer_and_once() {
    for algorithm in [
        Algorithm::RS256,
        Algorithm::PS256,
        Algorithm::ES256,
        Algorithm::EdDSA,
    ] {
        let keys = ClientKeys::new(key(algorithm)).unwrap();
        let site = site(&keys).await;
        let mut ids = Vec::new();
        for _ in 0..2 {
            site.logged_in().await;
            let (headers, form) = site.provider.last();
            assert!(!headers.contains_key("authorization"));
            assert!(!form.contains_key("client_secret"));
            assert_eq!(form["client_id"], "client-id");
            assert_eq!(
                form["client_assertion_type"],
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            );
            let published = site.browser().get("/login/keys").await;
            assert_eq!(published.header("cache-control"), "public, max-age=300");
            let assertion = &form["client_assertion"];
            verify(
                &published.body,
                algorithm,
                site.provider.issuer(),
                assertion,
            )
            .unwrap();
            let claims = claims_of(assertion);
            assert_eq!(claims["aud"], site.provider.issuer());
            assert_eq!(claims["sub"], "client-id");
            assert_eq!(claims["exp"].as_i64(), Some(NOW.as_secs() + 60));
            ids.push(claims["jti"].clone());
        }
        assert_ne!(ids[0], ids[1]);
    }
}

#[tokio::test]
async fn k1_an_old_server_gets_its_token_endpoint_as_the_audience_by_choice_only() {
    let site = Site::start_with(|registration| {
        let keys = ClientKeys::new(key(Algorithm::ES256)).unwrap();
        registration
            .authentication(Authentication::PrivateKeyJwt(keys))
            .dangerous_assertion_for_token_endpoint()
    })
    .await;
    site.logged_in().await;
    let (_, form) = site.provider.last();
    let audience = format!("{}/token", site.provider.issuer());
    assert_eq!(claims_of(&form["client_assertion"])["aud"], json!(audience));
}

#[tokio::test]
async fn a_turn_over_never_makes_an_assertion_that_the_provider_cannot_verify() {
    let keys = ClientKeys::new(key(Algorithm::ES256)).unwrap();
    let site = site(&keys).await;
    let mut cached = site.browser().get("/login/keys").await.body;
    for _ in 0..5 {
        // What the provider holds is as old as the step before, which is how long it may keep it.
        keys.announce(key(Algorithm::ES256)).unwrap();
        assert!(signed_by_known(&site, &cached).await);
        cached = site.browser().get("/login/keys").await.body;
        assert!(keys.turn_over());
        assert!(signed_by_known(&site, &cached).await);
        cached = site.browser().get("/login/keys").await.body;
        keys.forget_old();
        assert!(signed_by_known(&site, &cached).await);
        cached = site.browser().get("/login/keys").await.body;
    }
    // In one step it would have been refused.
    keys.announce(key(Algorithm::ES256)).unwrap();
    keys.turn_over();
    assert!(!signed_by_known(&site, &cached).await);
}

async fn signed_by_known(site: &Site, published: &str) -> bool {
    site.logged_in().await;
    let (_, form) = site.provider.last();
    let issuer = site.provider.issuer();
    verify(
        published,
        Algorithm::ES256,
        issuer,
        &form["client_assertion"],
    )
    .is_ok()
}

#[tokio::test]
async fn m2_no_private_member_is_published() {
    let keys = ClientKeys::new(key(Algorithm::RS256)).unwrap();
    let published = site(&keys).await.browser().get("/login/keys").await.json();
    let key = published["keys"][0].as_object().unwrap();
    let names: Vec<_> = key.keys().map(String::as_str).collect();
    assert_eq!(names, ["alg", "e", "kid", "kty", "n", "use"]);
}

#[tokio::test]
async fn an_assertion_is_no_access_token() {
    let keys = ClientKeys::new(key(Algorithm::ES256)).unwrap();
    let site = site(&keys).await;
    site.logged_in().await;
    let (_, form) = site.provider.last();
    let verifier = site.server.engine.guard();
    let refused = verifier.require_token(&form["client_assertion"]).await;
    assert!(refused.is_err());
}
