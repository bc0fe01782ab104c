//! Which keys an issuer may publish under each profile, named with their algorithm and without.

use serde_json::{Value, json};
use symbolon_guard::{
    Clock, Guard, Identified, Profile,
    token::{Algorithm, SigningKey, Typ, sign},
};

use super::arrived;
use crate::support::{
    NOW, bearer,
    issuer::{FakeIssuer, Reply},
};

/// A key for each algorithm that takes a pair, all of RSA's from one, which takes long to make.
fn keys() -> Vec<SigningKey> {
    let rsa = SigningKey::generate(Algorithm::RS256).unwrap();
    let rsa = rsa.to_pkcs8_der().unwrap();
    let of = |algorithm: Algorithm| {
        if algorithm.name().starts_with(['R', 'P']) {
            SigningKey::from_pkcs8_der(algorithm, &rsa).unwrap()
        } else {
            SigningKey::generate(algorithm).unwrap()
        }
    };
    let pairs = Algorithm::ALL.iter().filter(|one| !one.is_symmetric());
    pairs.map(|one| of(*one).with_kid(one.name())).collect()
}

/// The names of those whose tokens are taken, all keys published at once, with their algorithm or without.
async fn taken(profile: &Profile, typ: &Typ, keys: &[SigningKey], names: Names) -> String {
    let issuer = FakeIssuer::open();
    let published = keys.iter().map(|key| {
        let mut jwk = serde_json::to_value(key.public_jwk().unwrap()).unwrap();
        if names == Names::Nothing {
            jwk.as_object_mut().unwrap().remove("alg");
        }
        jwk
    });
    let set = json!({ "keys": published.collect::<Vec<Value>>() });
    issuer
        .desk
        .set_jwks(Reply::Json(set.to_string(), "max-age=3600"));
    let guard = Guard::remote(&issuer.url)
        .profile(profile.clone())
        .audience("posts")
        .clock(Clock::fixed(NOW).clock())
        .start()
        .unwrap();
    arrived(&guard).await;
    let claims = json!({
        "iss": issuer.url, "sub": "ada", "aud": "posts", "exp": NOW.as_secs() + 600,
        "iat": NOW.as_secs(), "jti": "1", "client_id": "web", "azp": "web", "typ": "Bearer",
    });
    let mut good = Vec::new();
    for key in keys {
        let token = sign(key, typ.clone(), &claims).unwrap();
        if guard.require(&bearer(&token)).await.is_ok() {
            good.push(key.algorithm().name());
        }
    }
    good.join(" ")
}

#[derive(Clone, Copy, PartialEq)]
enum Names {
    Algorithm,
    Nothing,
}

#[tokio::test]
async fn t1_each_profile_takes_its_algorithms_and_a_nameless_key_only_where_one_fits() {
    let keys = keys();
    let own = Profile::own(|_: Value| Some(Identified::new("ada")));
    for (profile, typ, named, nameless) in [
        (
            Profile::access_token(),
            Typ::ACCESS_TOKEN,
            "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 Ed25519 EdDSA",
            "ES256 ES384 ES512",
        ),
        (
            Profile::keycloak(),
            Typ::JWT,
            "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA",
            "ES256 ES384 ES512 EdDSA",
        ),
        (
            Profile::jwt(),
            Typ::JWT,
            "RS256 ES256 ES384 ES512 EdDSA",
            "RS256 ES256 ES384 ES512 EdDSA",
        ),
        (
            own,
            Typ::JWT,
            "RS256 ES256 ES384 ES512 EdDSA",
            "RS256 ES256 ES384 ES512 EdDSA",
        ),
        (Profile::auth0(), Typ::JWT, "RS256", "RS256"),
        (Profile::entra(), Typ::JWT, "RS256", "RS256"),
        (Profile::google_service(), Typ::JWT, "RS256", "RS256"),
    ] {
        let by_name = taken(&profile, &typ, &keys, Names::Algorithm).await;
        assert_eq!(by_name, named, "{profile:?}");
        let fitting = taken(&profile, &typ, &keys, Names::Nothing).await;
        assert_eq!(fitting, nameless, "{profile:?}, keys without alg");
    }
}
