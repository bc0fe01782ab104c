//! What every candidate gets: a fresh key, the claims of a typical access token, and what is expected
//! of a token.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde::{Deserialize, Serialize};
use serde_json::json;
use symbolon_token::{Algorithm, SigningKey, Typ, sign};

use crate::clock;

pub(super) const ISSUER: &str = "https://id.example.com";
pub(super) const AUDIENCE: &str = "https://api.example.com";
pub(super) const TYP: &str = "at+jwt";
const KID: &str = "2026-11-a";

/// The payload, of about 330 octets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) sub: String,
    pub(super) aud: String,
    pub(super) exp: i64,
    pub(super) iat: i64,
    pub(super) jti: String,
    pub(super) roles: Vec<String>,
    pub(super) scope: String,
}

/// The same, borrowed from the payload.
#[derive(Deserialize)]
#[expect(dead_code, reason = "the fields are there to be parsed")]
pub(super) struct BorrowedClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    pub(super) exp: i64,
    iat: i64,
    jti: &'a str,
    #[serde(borrow)]
    roles: Vec<&'a str>,
    scope: &'a str,
}

impl Claims {
    fn typical() -> Self {
        let now = clock::now_in_seconds();
        Self {
            iss: ISSUER.to_owned(),
            sub: "01938f3c-7a52-7c1e-9d5b-3f2a6e8b4c70".to_owned(),
            aud: AUDIENCE.to_owned(),
            // Longer than any run takes.
            exp: now + 24 * 60 * 60,
            iat: now,
            jti: "01938f3c-7a53-7f40-8a1d-5c9e2b7f6d18".to_owned(),
            roles: vec!["editor".to_owned(), "reviewer".to_owned()],
            scope: "articles:read articles:write profile".to_owned(),
        }
    }
}

/// A key and what is signed with it.
pub(super) struct Case {
    pub(super) algorithm: Algorithm,
    pub(super) key: SigningKey,
    pub(super) key_bytes: KeyBytes,
    pub(super) kid: &'static str,
    pub(super) claims: Claims,
}

/// The key as the candidates other than ours take it.
pub(super) enum KeyBytes {
    /// The shared secret of an HMAC.
    Secret(Vec<u8>),
    /// A key pair: the private key, and the public one as a JWK in JSON.
    Pair { pkcs8: Vec<u8>, jwk: String },
}

impl Case {
    pub(super) fn new(algorithm: Algorithm) -> Result<Self> {
        Self::with(algorithm, || Ok(SigningKey::generate(algorithm)?))
    }

    /// A case whose RSA key is always the same: searching for primes takes another number of
    /// instructions each time.
    pub(super) fn repeatable(algorithm: Algorithm) -> Result<Self> {
        const RSA: &str = include_str!("../../../crates/symbolon-token/tests/keys/rsa2048.pem");
        Self::with(algorithm, || match algorithm {
            Algorithm::RS256 => Ok(SigningKey::from_pkcs8_pem(algorithm, RSA)?),
            other => Ok(SigningKey::generate(other)?),
        })
    }

    fn with(algorithm: Algorithm, pair: impl FnOnce() -> Result<SigningKey>) -> Result<Self> {
        let (key, key_bytes) = if algorithm.is_symmetric() {
            // A shared secret is brought along, in letters that programs of every language read alike;
            // an octet repeated would be refused.
            let octets: Vec<u8> = (0..32_u8).map(|at| at.wrapping_mul(151)).collect();
            let secret = BASE64URL_NOPAD.encode(&octets).into_bytes();
            let key = SigningKey::hmac(algorithm, &secret)?;
            (key.with_kid(KID), KeyBytes::Secret(secret))
        } else {
            let key = pair()?.with_kid(KID);
            let jwk = key.public_jwk().context("a key pair has a public half")?;
            let bytes = KeyBytes::Pair {
                pkcs8: key.to_pkcs8_der()?.to_vec(),
                jwk: serde_json::to_string(&jwk)?,
            };
            (key, bytes)
        };
        Ok(Self {
            algorithm,
            key,
            key_bytes,
            kid: KID,
            claims: Claims::typical(),
        })
    }

    /// The key and all that belongs to it as files, for candidates that are programs of their own.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let header = json!({ "typ": TYP, "kid": self.kid });
        fs::write(folder.join("header.json"), header.to_string())?;
        fs::write(
            folder.join("claims.json"),
            serde_json::to_vec(&self.claims)?,
        )?;
        fs::write(folder.join("token"), self.token()?)?;
        match &self.key_bytes {
            KeyBytes::Secret(secret) => fs::write(folder.join("secret"), secret)?,
            KeyBytes::Pair { pkcs8, .. } => {
                let public = self.key.public_jwk().context("a pair has a public half")?;
                fs::write(folder.join("public.pem"), public.to_spki_pem())?;
                fs::write(folder.join("private.pem"), private_pem(pkcs8))?;
            }
        }
        Ok(())
    }

    /// The token that is verified.
    pub(super) fn token(&self) -> Result<String> {
        Ok(sign(&self.key, Typ::ACCESS_TOKEN, &self.claims)?)
    }
}

/// A private key in PEM, in lines of 64 characters as some readers insist (RFC 7468 §3).
pub(super) fn private_pem(pkcs8: &[u8]) -> String {
    let mut pem = "-----BEGIN PRIVATE KEY-----\n".to_owned();
    for line in BASE64.encode(pkcs8).as_bytes().chunks(64) {
        pem.extend(line.iter().map(|octet| char::from(*octet)));
        pem.push('\n');
    }
    pem + "-----END PRIVATE KEY-----\n"
}
