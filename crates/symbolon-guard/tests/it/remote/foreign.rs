//! Issuers that write no RFC 9068, shaped as their documents say: metadata, keys and tokens.

use std::time::Duration;

use serde_json::{Value, json};
use symbolon_guard::{
    Clock, Guard, Invalid, Profile, Reason, WrongKind,
    token::{Algorithm, SigningKey, Typ, sign},
};

use super::{arrived, status};
use crate::support::{
    NOW, bearer,
    issuer::{FakeIssuer, Reply},
};

/// One issuer: where it is, what it publishes, what it signs.
struct Foreign {
    profile: Profile,
    audience: &'static str,
    issuer: FakeIssuer,
    key: SigningKey,
    access_token: Value,
    /// What its documents show of the tokens that aren't for calling.
    others: Vec<(&'static str, Value, WrongKind)>,
}

impl Foreign {
    async fn guard(&self) -> Guard {
        let hands = Clock::fixed(NOW);
        let guard = Guard::remote(&self.issuer.url)
            .profile(self.profile.clone())
            .audience(self.audience)
            .clock(hands.clock())
            .start()
            .unwrap();
        arrived(&guard).await;
        guard
    }

    fn token(&self, claims: &Value) -> String {
        sign(&self.key, Typ::JWT, claims).unwrap()
    }
}

fn rsa(kid: &str) -> (SigningKey, Value) {
    let key = SigningKey::generate(Algorithm::RS256)
        .unwrap()
        .with_kid(kid);
    let jwk = serde_json::to_value(key.public_jwk().unwrap()).unwrap();
    (key, jwk)
}

fn published(keys: &Value) -> Reply {
    Reply::Json(json!({ "keys": keys }).to_string(), "max-age=3600")
}

fn with(claims: &Value, changes: &Value) -> Value {
    let mut claims = claims.clone();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn without(claims: &Value, names: &[&str]) -> Value {
    let mut claims = claims.clone();
    for name in names {
        claims.as_object_mut().unwrap().remove(*name);
    }
    claims
}

/// Its realm publishes an encryption key beside the one that signs, and writes the kind among the claims.
fn keycloak() -> Foreign {
    let issuer = FakeIssuer::open_at("/realms/staff");
    let url = &issuer.url;
    issuer.desk.set_openid(Reply::Json(
        json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/protocol/openid-connect/auth"),
            "token_endpoint": format!("{url}/protocol/openid-connect/token"),
            "introspection_endpoint": format!("{url}/protocol/openid-connect/token/introspect"),
            "jwks_uri": format!("{url}/keys"),
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "id_token_signing_alg_values_supported": ["PS384", "RS384", "EdDSA", "ES384", "HS256", "RS256"],
            "claims_parameter_supported": true,
            "mtls_endpoint_aliases": { "token_endpoint": format!("{url}/mtls") },
        })
        .to_string(),
        "no-cache, must-revalidate",
    ));
    let (key, jwk) = rsa("FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE");
    let (_, mut encryption) = rsa("enc");
    encryption["use"] = json!("enc");
    encryption["alg"] = json!("RSA-OAEP");
    issuer.desk.set_jwks(published(&json!([encryption, jwk])));
    let access_token = json!({
        "exp": NOW.as_secs() + 300, "iat": NOW.as_secs(), "auth_time": NOW.as_secs() - 20,
        "jti": "onrtac:6e5ac3a4", "iss": issuer.url, "aud": ["posts-api", "account"],
        "sub": "c1f0a3f8-5b9c", "typ": "Bearer", "azp": "posts-web", "sid": "sid-1", "acr": "1",
        "allowed-origins": ["https://web.example"],
        "realm_access": { "roles": ["offline_access", "editor"] },
        "resource_access": { "account": { "roles": ["manage-account"] } },
        "scope": "openid profile email", "email_verified": true, "preferred_username": "ada",
    });
    let id_token = with(
        &without(&access_token, &["scope", "realm_access"]),
        &json!({ "typ": "ID", "aud": "posts-web", "at_hash": "pdwb6DHFD7KUEJqx3HkQRQ" }),
    );
    // One whose audience an administrator has widened to the API.
    let widened = with(&id_token, &json!({ "aud": ["posts-web", "posts-api"] }));
    let bare = without(&widened, &["at_hash"]);
    let refresh = with(&access_token, &json!({ "typ": "Refresh" }));
    let untyped = without(&access_token, &["typ"]);
    Foreign {
        profile: Profile::keycloak(),
        audience: "posts-api",
        others: vec![
            ("an ID token for the API too", widened, WrongKind::IdToken),
            ("one without at_hash", bare, WrongKind::IdToken),
            ("a refresh token", refresh, WrongKind::Other),
            ("one of no kind", untyped, WrongKind::Other),
        ],
        issuer,
        key,
        access_token,
    }
}

/// With its own token profile: `azp` in place of `client_id`, and no `jti`.
fn auth0() -> Foreign {
    let issuer = FakeIssuer::open_at("/");
    let url = issuer.url.clone();
    issuer.desk.set_openid(Reply::Json(
        json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}authorize"),
            "token_endpoint": format!("{url}oauth/token"),
            "jwks_uri": format!("{url}keys"),
            "scopes_supported": ["openid", "profile", "offline_access"],
            "id_token_signing_alg_values_supported": ["HS256", "RS256", "PS256"],
            "global_token_revocation_endpoint": format!("{url}oauth/global-token-revocation"),
        })
        .to_string(),
        "public, max-age=15, stale-while-revalidate=15, stale-if-error=86400",
    ));
    let (key, mut jwk) = rsa("NjVBRjY5MDlCMUIwNzU4RTA2QzZFMDQ4");
    jwk["x5t"] = json!("NjVBRjY5MDlCMUIwNzU4RTA2QzZFMDQ4");
    jwk["x5c"] = json!(["MIIDDTCCAfWgAwIBAgIJ"]);
    issuer.desk.set_jwks(published(&json!([jwk])));
    let access_token = json!({
        "iss": issuer.url, "sub": "auth0|507f1f77bcf86cd799439020",
        "aud": ["https://posts.example", format!("{url}userinfo")],
        "iat": NOW.as_secs(), "exp": NOW.as_secs() + 86_400,
        "azp": "my_client_id", "scope": "openid profile read:posts",
        "permissions": ["read:posts"],
    });
    let id_token = with(
        &without(&access_token, &["azp", "scope", "permissions"]),
        &json!({ "aud": "https://posts.example", "name": "Ada", "email": "ada@example" }),
    );
    let with_nonce = with(&access_token, &json!({ "nonce": "n-0S6_WzA2Mj" }));
    Foreign {
        profile: Profile::auth0(),
        audience: "https://posts.example",
        others: vec![
            ("an ID token for the API", id_token, WrongKind::IdToken),
            ("one with a nonce", with_nonce, WrongKind::IdToken),
        ],
        issuer,
        key,
        access_token,
    }
}

/// Its keys name no algorithm, and an API may be its own client, so that the audience tells nothing.
fn entra() -> Foreign {
    let issuer = FakeIssuer::open_at("/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0");
    let url = &issuer.url;
    issuer.desk.set_openid(Reply::Json(
        json!({
            "token_endpoint": format!("{url}/oauth2/v2.0/token"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "jwks_uri": format!("{url}/keys"),
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "issuer": url,
            "request_uri_parameter_supported": false,
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
        })
        .to_string(),
        "max-age=86400, private",
    ));
    let (key, jwk) = rsa("-KI3Q9nNR7bRofxmeZoXqbHZGew");
    let mut jwk = without(&jwk, &["alg"]);
    jwk["x5t"] = json!("-KI3Q9nNR7bRofxmeZoXqbHZGew");
    jwk["issuer"] = json!(url);
    issuer.desk.set_jwks(published(&json!([jwk])));
    let access_token = json!({
        "aud": "6e74172b-be56-4843-9ff4-e66a39bb12e3", "iss": url,
        "iat": NOW.as_secs(), "nbf": NOW.as_secs(), "exp": NOW.as_secs() + 4_000,
        "aio": "AXQAi/8IAAAA", "azp": "6e74172b-be56-4843-9ff4-e66a39bb12e3", "azpacr": "0",
        "name": "Ada", "oid": "690222be-ff1a-4d56", "preferred_username": "ada@example",
        "rh": "I", "scp": "Posts.Read Posts.Write", "roles": ["Posts.Editor"],
        "sub": "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ",
        "tid": "aaaabbbb-0000-cccc-1111-dddd2222eeee", "uti": "fqiBqXLPj0eQa82S-IYFAA", "ver": "2.0",
    });
    // The API is the login page's client too: same audience, and code flow without a nonce.
    let id_token = without(&access_token, &["azp", "azpacr", "scp"]);
    let with_hash = with(
        &access_token,
        &json!({ "c_hash": "LDktKdoQak3Pk0cnXxCltA" }),
    );
    Foreign {
        profile: Profile::entra(),
        audience: "6e74172b-be56-4843-9ff4-e66a39bb12e3",
        others: vec![
            (
                "an ID token of the same client",
                id_token,
                WrongKind::IdToken,
            ),
            ("one with c_hash", with_hash, WrongKind::IdToken),
        ],
        issuer,
        key,
        access_token,
    }
}

/// Its keys live elsewhere than its metadata, several at a time.
fn google() -> Foreign {
    let issuer = FakeIssuer::open();
    let url = &issuer.url;
    issuer.desk.set_openid(Reply::Json(
        json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/o/oauth2/v2/auth"),
            "device_authorization_endpoint": format!("{url}/device/code"),
            "token_endpoint": format!("{url}/token"),
            "jwks_uri": format!("{url}/keys"),
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": ["aud", "email", "email_verified", "exp", "iat", "iss", "sub"],
        })
        .to_string(),
        "public, max-age=3600",
    ));
    let (key, jwk) = rsa("f4c9f2a1c0d34b1e");
    let (_, other) = rsa("0c0f8b7ad2e3");
    issuer.desk.set_jwks(published(&json!([other, jwk])));
    let service = json!({
        "aud": "https://posts-abc123-uc.a.run.app", "azp": "113774264463038321964",
        "email": "caller@project.iam.gserviceaccount.com", "email_verified": true,
        "exp": NOW.as_secs() + 3_600, "iat": NOW.as_secs(), "iss": url,
        "sub": "113774264463038321964",
    });
    let user = with(
        &service,
        &json!({
            "aud": ["https://posts-abc123-uc.a.run.app", "32555940559.apps.googleusercontent.com"],
            "azp": "32555940559.apps.googleusercontent.com",
        }),
    );
    let hashed = with(&service, &json!({ "at_hash": "HK6E_P6Dh8Y93mRNtsDB1Q" }));
    Foreign {
        profile: Profile::google_service(),
        audience: "https://posts-abc123-uc.a.run.app",
        others: vec![
            ("a user's ID token", user, WrongKind::IdToken),
            ("one with at_hash", hashed, WrongKind::IdToken),
        ],
        issuer,
        key,
        access_token: service,
    }
}

/// One that has no profile of its own.
fn generic() -> Foreign {
    let issuer = FakeIssuer::open();
    let (key, jwk) = rsa("1");
    issuer
        .desk
        .set_jwks(published(&json!([without(&jwk, &["alg"])])));
    let access_token = json!({
        "iss": issuer.url, "sub": "ada", "aud": "posts", "exp": NOW.as_secs() + 600,
        "iat": NOW.as_secs(), "cid": "web", "scp": ["posts:read", "posts:write"],
    });
    let id_token = with(&access_token, &json!({ "cid": "posts" }));
    let cognito = with(&access_token, &json!({ "token_use": "id" }));
    let logout = with(
        &access_token,
        &json!({ "events": { "http://schemas.openid.net/event/backchannel-logout": {} } }),
    );
    let nobody = without(&access_token, &["sub"]);
    let hybrid = with(&access_token, &json!({ "s_hash": "x" }));
    Foreign {
        profile: Profile::jwt(),
        audience: "posts",
        others: vec![
            ("one for its own client", id_token, WrongKind::IdToken),
            ("one that says id", cognito, WrongKind::IdToken),
            ("one of the hybrid flow", hybrid, WrongKind::IdToken),
            ("a logout token", logout, WrongKind::Other),
            ("one about nobody", nobody, WrongKind::Other),
        ],
        issuer,
        key,
        access_token,
    }
}

#[tokio::test]
async fn u2_t13_access_tokens_pass_and_the_issuers_other_tokens_do_not() {
    for foreign in [keycloak(), auth0(), entra(), google(), generic()] {
        let guard = foreign.guard().await;
        let name = format!("{:?}", foreign.profile);
        let good = foreign.token(&foreign.access_token);
        // Twice: the second time from the cache.
        for _ in 0..2 {
            assert_eq!(status(&guard, &bearer(&good)).await, 200, "{name}");
        }
        let mut others = foreign.others.clone();
        let bound = with(&foreign.access_token, &json!({ "cnf": { "jkt": "x" } }));
        others.push(("one bound to a key", bound, WrongKind::Bound));
        for (what, claims, kind) in others {
            let token = bearer(&foreign.token(&claims));
            for _ in 0..2 {
                let refused = guard.require(&token).await.unwrap_err();
                let expected = Reason::Invalid(Invalid::WrongKind(kind));
                assert_eq!(*refused.reason(), expected, "{name}: {what}");
                assert_eq!(refused.code(), "invalid_token");
            }
            let as_value = guard.require_as::<Value>(&token).await;
            assert!(as_value.is_err(), "{name}: {what}, as a type of one's own");
        }
        // For somebody else, and from somebody else.
        for changes in [
            json!({ "aud": "other" }),
            json!({ "iss": "https://other.example" }),
        ] {
            let token = foreign.token(&with(&foreign.access_token, &changes));
            assert_eq!(status(&guard, &bearer(&token)).await, 401, "{name}");
        }
        // T1, T4: the algorithm is the key's, whatever the header wants.
        let confused =
            SigningKey::from_pkcs8_der(Algorithm::PS256, &foreign.key.to_pkcs8_der().unwrap());
        let confused = confused.unwrap().with_kid(foreign.key.kid().unwrap());
        let token = sign(&confused, Typ::JWT, &foreign.access_token).unwrap();
        assert_eq!(status(&guard, &bearer(&token)).await, 401, "{name}: PS256");
    }
}

#[tokio::test]
async fn the_caller_is_read_from_where_the_issuer_writes_it() {
    for (foreign, client, scope, role) in [
        (keycloak(), "posts-web", Some("profile"), Some("editor")),
        (auth0(), "my_client_id", Some("read:posts"), None),
        (
            entra(),
            "6e74172b-be56-4843-9ff4-e66a39bb12e3",
            Some("Posts.Write"),
            Some("Posts.Editor"),
        ),
        (google(), "113774264463038321964", None, None),
        (generic(), "web", Some("posts:write"), None),
    ] {
        let guard = foreign.guard().await;
        let token = foreign.token(&foreign.access_token);
        let caller = guard.require(&bearer(&token)).await.unwrap();
        let name = format!("{:?}", foreign.profile);
        assert_eq!(caller.client_id(), client, "{name}");
        assert_eq!(caller.subject(), foreign.access_token["sub"], "{name}");
        assert_eq!(caller.issuer(), foreign.issuer.url, "{name}");
        assert_eq!(
            scope.is_some_and(|it| caller.has_scope(it)),
            scope.is_some(),
            "{name}"
        );
        assert_eq!(
            role.is_some_and(|it| caller.has_role(it)),
            role.is_some(),
            "{name}"
        );
        assert!(!caller.has_role("manage-account"));
    }
}

/// RFC 9068's tokens have a type of their own: an issuer's old ones aren't taken for them, nor these for old.
#[tokio::test]
async fn t13_the_profiles_do_not_take_each_others_tokens() {
    let foreign = generic();
    let hands = Clock::fixed(NOW);
    let strict = Guard::remote(&foreign.issuer.url)
        .audience("posts")
        .algorithms([Algorithm::RS256])
        .clock(hands.clock())
        .start()
        .unwrap();
    arrived(&strict).await;
    let token = foreign.token(&foreign.access_token);
    assert_eq!(status(&strict, &bearer(&token)).await, 401);

    let loose = foreign.guard().await;
    let typed = sign(&foreign.key, Typ::ACCESS_TOKEN, &foreign.access_token).unwrap();
    assert_eq!(status(&loose, &bearer(&typed)).await, 401);
}

/// The metadata of Entra's `common` issuer names no tenant, and so is another issuer's (row K5).
#[tokio::test]
async fn k5_an_issuer_for_everybody_is_refused() {
    let issuer = FakeIssuer::open_at("/common/v2.0");
    let url = issuer.url.replace("common", "{tenantid}");
    let metadata = json!({ "issuer": url, "jwks_uri": format!("{}/keys", issuer.url) });
    issuer
        .desk
        .set_openid(Reply::Json(metadata.to_string(), ""));
    let guard = Guard::remote(&issuer.url)
        .profile(Profile::entra())
        .audience("posts")
        .clock(Clock::fixed(NOW).clock())
        .start()
        .unwrap();
    crate::support::until("a failed fetch", || guard.fetch_failure().is_some()).await;
    assert!(matches!(
        *guard.fetch_failure().unwrap(),
        symbolon_guard::FetchError::WrongIssuer
    ));
    assert_eq!(issuer.desk.jwks_asked(), 0);
}

#[tokio::test]
async fn stale_keys_serve_as_long_as_was_said_and_never_for_more_than_a_day() {
    let mut issuer = FakeIssuer::open();
    let mint = crate::support::Mint::named("1", &issuer.url);
    issuer.publish(&[&mint]);
    let hands = Clock::fixed(NOW);
    let builder = Guard::remote(&issuer.url).clock(hands.clock());
    let guard = builder
        .clone()
        .stale_at_most(Duration::from_mins(30))
        .start()
        .unwrap();
    arrived(&guard).await;
    issuer.stop().await;
    hands.advance(Duration::from_millis(30 * 60_000 - 1));
    assert_eq!(status(&guard, &super::fresh(&mint, &hands)).await, 200);
    let token = super::fresh(&mint, &hands);
    assert_eq!(status(&guard, &token).await, 200);
    hands.advance(Duration::from_millis(1));
    assert_eq!(status(&guard, &token).await, 503, "cached as it is");

    let too_long = builder.stale_at_most(Duration::from_hours(24) + Duration::from_secs(1));
    assert!(matches!(
        too_long.start(),
        Err(symbolon_guard::StartError::TooStale)
    ));
}
