//! Keys, ten thousand tokens for each, and the files in which other programs find the keys.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};
use symbolon_token::{Algorithm, SigningKey, Typ, sign};
use tempfile::TempDir;

use crate::clock;

pub(super) const ISSUER: &str = "https://id.example.com";
pub(super) const AUDIENCE: &str = "https://api.example.com";

pub(super) struct Tokens {
    pub(super) folder: TempDir,
    pub(super) hs256: Vec<String>,
    pub(super) es256: Vec<String>,
    /// What Flask-JWT-Extended and its like ask for: `typ` `JWT` and claims of their own.
    pub(super) flask_hs256: Vec<String>,
    pub(super) flask_es256: Vec<String>,
    pub(super) secret: SigningKey,
    pub(super) pair: SigningKey,
}

impl Tokens {
    pub(super) fn new(count: usize) -> Result<Self> {
        // A shared secret is brought along, in letters that every program reads alike.
        let octets: Vec<u8> = (0..32_u8).map(|at| at.wrapping_mul(151)).collect();
        let text = BASE64URL_NOPAD.encode(&octets);
        let secret = SigningKey::hmac(Algorithm::HS256, text.as_bytes())?;
        let pair = SigningKey::generate(Algorithm::ES256)?;
        let jwk = pair.public_jwk().context("a pair has a public half")?;
        let jwk: Value = serde_json::to_value(&jwk)?;

        let folder = tempfile::tempdir()?;
        write(folder.path(), "secret", &text)?;
        write(folder.path(), "jwk.json", &jwk.to_string())?;
        write(folder.path(), "public.pem", &pem(&jwk)?)?;
        let mint = |key: &SigningKey, typ: &Typ, claims: fn(usize, i64) -> Value| {
            let now = clock::now_in_seconds();
            (0..count)
                .map(|number| Ok(sign(key, typ.clone(), &claims(number, now))?))
                .collect::<Result<Vec<_>>>()
        };
        Ok(Self {
            hs256: mint(&secret, &Typ::ACCESS_TOKEN, access)?,
            es256: mint(&pair, &Typ::ACCESS_TOKEN, access)?,
            flask_hs256: mint(&secret, &Typ::JWT, flask)?,
            flask_es256: mint(&pair, &Typ::JWT, flask)?,
            folder,
            secret,
            pair,
        })
    }
}

/// RFC 9068's claims, some 330 octets.
fn access(number: usize, now: i64) -> Value {
    json!({
        "iss": ISSUER, "sub": format!("01938f3c-7a52-7c1e-9d5b-{number:012x}"), "aud": AUDIENCE,
        "exp": now + 24 * 60 * 60, "iat": now, "jti": format!("01938f3c-7a53-7f40-8a1d-{number:012x}"),
        "client_id": "web", "roles": ["editor", "reviewer"], "scope": "articles:read articles:write",
    })
}

fn flask(number: usize, now: i64) -> Value {
    let mut claims = access(number, now);
    claims["type"] = "access".into();
    claims["fresh"] = false.into();
    claims["nbf"] = now.into();
    claims
}

fn write(folder: &Path, name: &str, text: &str) -> Result<()> {
    Ok(fs::write(folder.join(name), text)?)
}

/// The public key as programs of other languages read it: a `SubjectPublicKeyInfo` (RFC 5480) whose head is
/// the same for every key of P-256.
fn pem(jwk: &Value) -> Result<String> {
    let mut der = vec![
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
        0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
    ];
    for coordinate in ["x", "y"] {
        let text = jwk[coordinate].as_str().context("a coordinate")?;
        der.extend(BASE64URL_NOPAD.decode(text.as_bytes())?);
    }
    let text = BASE64.encode(&der);
    let (first, second) = text.split_at(64);
    Ok(format!(
        "-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n"
    ))
}
