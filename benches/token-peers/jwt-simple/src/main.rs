//! `jwt-simple` as its documents use it, with the checks that it has.

use std::{collections::HashSet, hint::black_box};

use anyhow::{Result, bail, ensure};
use jwt_simple::{common::HeaderOptions, prelude::*};
use protocol::{Case, Peer, serve};

fn main() -> Result<()> {
    serve(JwtSimple::new)
}

#[derive(Clone, Serialize, Deserialize)]
struct More {
    roles: Vec<String>,
    scope: String,
}

enum Keys {
    Hmac(HS256Key),
    Rsa(Box<RS256KeyPair>, RS256PublicKey),
    Ecdsa(Box<ES256KeyPair>, ES256PublicKey),
    Ed25519(Box<Ed25519KeyPair>, Ed25519PublicKey),
}

struct JwtSimple {
    keys: Keys,
    claims: JWTClaims<More>,
    header: HeaderOptions,
    options: VerificationOptions,
}

impl JwtSimple {
    fn new(case: &Case) -> Result<Self> {
        let (private, public) = (|| case.file("private.pem"), || case.file("public.pem"));
        let kid = case.header.kid.as_str();
        let keys = match case.algorithm.as_str() {
            "HS256" => {
                Keys::Hmac(HS256Key::from_bytes(case.file("secret")?.as_bytes()).with_key_id(kid))
            }
            "RS256" => Keys::Rsa(
                RS256KeyPair::from_pem(&private()?)?.with_key_id(kid).into(),
                RS256PublicKey::from_pem(&public()?)?,
            ),
            "ES256" => Keys::Ecdsa(
                ES256KeyPair::from_pem(&private()?)?.with_key_id(kid).into(),
                ES256PublicKey::from_pem(&public()?)?,
            ),
            "EdDSA" => Keys::Ed25519(
                Ed25519KeyPair::from_pem(&private()?)?
                    .with_key_id(kid)
                    .into(),
                Ed25519PublicKey::from_pem(&public()?)?,
            ),
            other => bail!("{other} isn't measured"),
        };
        let claims = case.claims.clone();
        let seconds = |at: i64| Ok::<_, anyhow::Error>(Duration::from_secs(at.try_into()?));
        let more = More {
            roles: claims.roles,
            scope: claims.scope,
        };
        let (iss, aud) = (claims.iss.clone(), claims.aud.clone());
        let mut signed = Claims::with_custom_claims(more, Duration::from_secs(1))
            .with_issuer(claims.iss)
            .with_audience(claims.aud)
            .with_subject(claims.sub)
            .with_jwt_id(claims.jti);
        signed.issued_at = Some(seconds(claims.iat)?);
        signed.expires_at = Some(seconds(claims.exp)?);
        signed.invalid_before = None;
        Ok(Self {
            keys,
            claims: signed,
            header: HeaderOptions {
                signature_type: Some(case.header.typ.clone()),
                ..HeaderOptions::default()
            },
            options: VerificationOptions {
                required_signature_type: Some(case.header.typ.clone()),
                allowed_issuers: Some(HashSet::from([iss])),
                allowed_audiences: Some(HashSet::from([aud])),
                time_tolerance: None,
                ..VerificationOptions::default()
            },
        })
    }
}

impl Peer for JwtSimple {
    fn sign(&self) -> Result<String> {
        let (claims, header) = (self.claims.clone(), &self.header);
        match &self.keys {
            Keys::Hmac(key) => key.authenticate_with_options(claims, header),
            Keys::Rsa(key, _) => key.sign_with_options(claims, header),
            Keys::Ecdsa(key, _) => key.sign_with_options(claims, header),
            Keys::Ed25519(key, _) => key.sign_with_options(claims, header),
        }
    }

    fn verify(&self, token: &str) -> Result<()> {
        let options = Some(self.options.clone());
        let claims: JWTClaims<More> = match &self.keys {
            Keys::Hmac(key) => key.verify_token(token, options),
            Keys::Rsa(_, key) => key.verify_token(token, options),
            Keys::Ecdsa(_, key) => key.verify_token(token, options),
            Keys::Ed25519(_, key) => key.verify_token(token, options),
        }?;
        ensure!(claims.expires_at.is_some(), "no exp");
        black_box(claims);
        Ok(())
    }
}
