//! Symbolon, jsonwebtoken and josekit with the same keys and the same expectations, as far as each has
//! them.

use josekit::{
    jwk::Jwk,
    jws::{self, JwsVerifier},
};
use jsonwebtoken::{Algorithm as Theirs, DecodingKey, EncodingKey, Validation};
use serde_json::Value;
use symbolon_token::{Algorithm, KeySet, Policy, SigningKey, Timestamp, Typ, Verifier};

use crate::{ALGORITHMS, AUDIENCE, ISSUER, NOW, SECRET, fitting};

macro_rules! key {
    ($name:literal) => {
        include_str!(concat!("../../../crates/symbolon-token/tests/keys/", $name))
    };
}

struct Judge {
    name: &'static str,
    ours: Verifier,
    signing: EncodingKey,
    theirs: DecodingKey,
    validation: Validation,
    openssl: Box<dyn JwsVerifier>,
}

/// One judge of each library for each algorithm.
pub struct Judges(Vec<Judge>);

impl Judges {
    #[expect(clippy::new_without_default, reason = "it reads keys and checks them")]
    pub fn new() -> Self {
        Self(ALGORITHMS.into_iter().map(judge).collect())
    }

    fn of(&self, algorithm: &str) -> &Judge {
        self.0
            .iter()
            .find(|judge| judge.name == algorithm)
            .expect("one of the algorithms")
    }

    /// Signs whatever it is given.
    pub fn sign(&self, algorithm: &str, input: &str) -> String {
        let judge = self.of(algorithm);
        let theirs = algorithm.parse().expect("an algorithm of jsonwebtoken");
        jsonwebtoken::crypto::sign(input.as_bytes(), &judge.signing, theirs).expect("a signature")
    }

    pub fn symbolon(&self, algorithm: &str, token: &str) -> bool {
        let now = Timestamp::from_secs(NOW);
        self.of(algorithm).ours.verify::<Value>(token, now).is_ok()
    }

    pub fn jsonwebtoken(&self, algorithm: &str, token: &str) -> bool {
        let judge = self.of(algorithm);
        jsonwebtoken::decode::<Value>(token, &judge.theirs, &judge.validation).is_ok()
    }

    pub fn josekit(&self, algorithm: &str, token: &str) -> bool {
        match josekit::jwt::decode_with_verifier(token, &*self.of(algorithm).openssl) {
            Ok((payload, _)) => fitting(&Value::Object(payload.claims_set().clone())),
            Err(_) => false,
        }
    }
}

fn judge(name: &'static str) -> Judge {
    let algorithm = Algorithm::from_name(name).expect("an algorithm");
    let theirs: Theirs = name.parse().expect("an algorithm of jsonwebtoken");
    let mut validation = Validation::new(theirs);
    validation.leeway = 0;
    validation.validate_nbf = true;
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    let (private, public) = match name {
        "HS256" => ("", ""),
        "ES256" => (key!("p256.pem"), key!("p256.pub.pem")),
        "EdDSA" => (key!("ed25519.pem"), key!("ed25519.pub.pem")),
        _ => (key!("rsa2048.pem"), key!("rsa2048.pub.pem")),
    };
    let ours = match name {
        "HS256" => SigningKey::hmac(algorithm, SECRET),
        _ => SigningKey::from_pem(algorithm, private),
    };
    let ours = ours.expect("a key");
    // josekit wants keys in PEM to be for PSS alone, but takes any from a JWK.
    let jwk = serde_json::to_vec(&ours.public_jwk()).expect("JSON");
    let keys = KeySet::new([ours.verifying_key()]).expect("one key");
    let policy = Policy {
        issuer: ISSUER.into(),
        audience: vec![AUDIENCE.into()],
        algorithms: vec![algorithm],
        typ: Typ::ACCESS_TOKEN,
    };
    let (private, public) = (private.as_bytes(), public.as_bytes());
    let (signing, theirs) = match name {
        "HS256" => (
            Ok(EncodingKey::from_secret(SECRET)),
            Ok(DecodingKey::from_secret(SECRET)),
        ),
        "ES256" => (
            EncodingKey::from_ec_pem(private),
            DecodingKey::from_ec_pem(public),
        ),
        "EdDSA" => (
            EncodingKey::from_ed_pem(private),
            DecodingKey::from_ed_pem(public),
        ),
        _ => (
            EncodingKey::from_rsa_pem(private),
            DecodingKey::from_rsa_pem(public),
        ),
    };
    Judge {
        name,
        ours: Verifier::new(keys, policy).expect("a complete policy"),
        signing: signing.expect("a private key"),
        theirs: theirs.expect("a public key"),
        validation,
        openssl: match name {
            "HS256" => Box::new(jws::HS256.verifier_from_bytes(SECRET).expect("a secret")),
            "ES256" => Box::new(jws::ES256.verifier_from_pem(public).expect("a key")),
            "EdDSA" => Box::new(jws::EdDSA.verifier_from_pem(public).expect("a key")),
            "PS256" => Box::new(
                jws::PS256
                    .verifier_from_jwk(&Jwk::from_bytes(jwk).expect("a JWK"))
                    .expect("a key"),
            ),
            _ => Box::new(jws::RS256.verifier_from_pem(public).expect("a key")),
        },
    }
}
