//! Mints tokens, builds guards, calls routers.

pub(crate) mod issuer;

use std::time::Duration;

use axum::{Router, body::Body, response::Response};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header::AUTHORIZATION};
use http_body_util::BodyExt;
use symbolon_guard::{
    Clock, Guard, ManualClock,
    token::{
        AccessClaims, Algorithm, Audience, KeySet, Policy, SigningKey, Timestamp, Typ, Verifier,
        sign,
    },
};
use tower::ServiceExt;

pub(crate) const ISSUER: &str = "https://login.example";
pub(crate) const AUDIENCE: &str = "https://api.example";
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// Signs tokens with one key for one issuer.
pub(crate) struct Mint {
    pub(crate) key: SigningKey,
    pub(crate) issuer: String,
    pub(crate) audience: String,
}

impl Mint {
    pub(crate) fn new() -> Self {
        Self {
            key: SigningKey::generate(Algorithm::Ed25519).unwrap(),
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
        }
    }

    pub(crate) fn named(kid: &str, issuer: &str) -> Self {
        Self {
            key: SigningKey::generate(Algorithm::Ed25519)
                .unwrap()
                .with_kid(kid),
            issuer: issuer.to_owned(),
            audience: issuer.to_owned(),
        }
    }

    pub(crate) fn claims(&self, at: Timestamp) -> AccessClaims {
        AccessClaims {
            iss: self.issuer.clone(),
            sub: "ada".to_owned(),
            aud: Audience::from(self.audience.as_str()),
            exp: at.as_secs() + 600,
            iat: at.as_secs(),
            jti: "token-1".to_owned(),
            client_id: "local".to_owned(),
            scope: Some("read write".to_owned()),
            roles: vec!["user".to_owned()],
            auth_time: Some(at.as_secs()),
            sid: Some("session-1".to_owned()),
        }
    }

    pub(crate) fn sign(&self, claims: &AccessClaims) -> String {
        sign(&self.key, Typ::ACCESS_TOKEN, claims).unwrap()
    }

    pub(crate) fn token(&self) -> String {
        self.token_at(NOW)
    }

    pub(crate) fn token_at(&self, at: Timestamp) -> String {
        self.sign(&self.claims(at))
    }

    pub(crate) fn key_set(&self) -> KeySet {
        KeySet::new([self.key.verifying_key()]).unwrap()
    }

    /// A guard with this mint's key, and the hands of its clock.
    pub(crate) fn guard(&self) -> (Guard, ManualClock) {
        let policy = Policy {
            issuer: self.issuer.clone(),
            audience: vec![self.audience.clone()],
            algorithms: vec![Algorithm::Ed25519],
            typ: Typ::ACCESS_TOKEN,
        };
        let hands = Clock::fixed(NOW);
        let verifier = Verifier::new(self.key_set(), policy).unwrap();
        (Guard::with_clock(verifier, hands.clock()), hands)
    }
}

pub(crate) fn bearer(token: &str) -> HeaderMap {
    let value = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
    HeaderMap::from_iter([(AUTHORIZATION, value)])
}

pub(crate) async fn call(router: &Router, path: &str, headers: HeaderMap) -> Response {
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    *request.headers_mut() = headers;
    router.clone().oneshot(request).await.unwrap()
}

pub(crate) async fn text(response: Response) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

/// Asserts a refusal down to its headers and its body; gives the challenge.
pub(crate) async fn refused(response: Response, status: u16, code: &str) -> Option<String> {
    assert_eq!(response.status(), StatusCode::from_u16(status).unwrap());
    let headers = response.headers().clone();
    assert_eq!(headers["content-type"], "application/problem+json");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers.contains_key("retry-after"), status == 503);
    let body: serde_json::Value = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!(body["code"], code);
    assert_eq!(body["status"], status);
    for member in ["type", "title", "detail"] {
        assert!(body[member].is_string(), "{member}");
    }
    let challenge = headers.get("www-authenticate")?.to_str().unwrap();
    assert!(challenge.starts_with("Bearer "), "{challenge}");
    Some(challenge.to_owned())
}

/// Lets the other tasks run until this holds; a test that waits for nothing fails after 10 seconds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(10), async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    });
    assert!(waited.await.is_ok(), "never: {what}");
}
