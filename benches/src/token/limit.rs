//! The raw limit: the same crypto backend called by hand for one known key.
//!
//! Verifying is one strict base64url decode a segment, the signature check with a key that is parsed
//! already, one borrowed parse of header and claims, and the comparison of `exp`. Signing knows its
//! header beforehand. There are no checks of issuer, audience, `crit` or duplicate members, and no
//! choice of key: it isn't a verifier to use, it is what no verifier can go below.

use std::hint::black_box;

use anyhow::{Context, Result, anyhow, ensure};
use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED,
        ECDSA_P384_SHA384_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
        ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PSS_2048_8192_SHA256,
        RSA_PSS_SHA256, RsaEncoding, RsaKeyPair, VerificationAlgorithm,
    },
};
use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use symbolon_token::Algorithm;

use super::{
    Candidate,
    case::{BorrowedClaims, Case, Claims, KeyBytes, TYP},
};
use crate::clock;

pub(super) struct Limit {
    /// The encoded header with the dot after it.
    header: String,
    signing: Signing,
    verification: Verification,
}

enum Signing {
    Hmac(Box<hmac::Key>),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

enum Verification {
    Hmac(Box<hmac::Key>),
    Asymmetric(ParsedPublicKey),
}

#[derive(Deserialize)]
struct BorrowedHeader<'a> {
    alg: &'a str,
    typ: &'a str,
    #[serde(rename = "kid")]
    _kid: &'a str,
}

impl Limit {
    pub(super) fn new(case: &Case) -> Result<Self> {
        let (alg, kid) = (case.algorithm.name(), case.kid);
        let header = format!(r#"{{"alg":"{alg}","typ":"{TYP}","kid":"{kid}"}}"#);
        let (signing, verification) = match &case.key_bytes {
            KeyBytes::Secret(secret) => {
                let key = Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret));
                (Signing::Hmac(key.clone()), Verification::Hmac(key))
            }
            KeyBytes::Pair { pkcs8, .. } => pair(case.algorithm, pkcs8)?,
        };
        Ok(Self {
            header: BASE64URL_NOPAD.encode(header.as_bytes()) + ".",
            signing,
            verification,
        })
    }
}

fn pair(algorithm: Algorithm, pkcs8: &[u8]) -> Result<(Signing, Verification)> {
    let rsa = |encoding, parameters| -> Result<_> {
        let pair = RsaKeyPair::from_pkcs8(pkcs8)?;
        let public = parsed(parameters, pair.public_key())?;
        Ok((Signing::Rsa(pair, encoding), public))
    };
    let ecdsa = |signing, verification| -> Result<_> {
        let pair = EcdsaKeyPair::from_pkcs8(signing, pkcs8)?;
        let public = parsed(verification, pair.public_key())?;
        Ok((Signing::Ecdsa(pair), public))
    };
    match algorithm {
        Algorithm::RS256 => rsa(&RSA_PKCS1_SHA256, &RSA_PKCS1_2048_8192_SHA256),
        Algorithm::PS256 => rsa(&RSA_PSS_SHA256, &RSA_PSS_2048_8192_SHA256),
        Algorithm::ES256 => ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING, &ECDSA_P256_SHA256_FIXED),
        Algorithm::ES384 => ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING, &ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDSA => {
            let pair = Ed25519KeyPair::from_pkcs8(pkcs8)?;
            let public = parsed(&ED25519, pair.public_key())?;
            Ok((Signing::Ed25519(pair), public))
        }
        other => Err(anyhow!("{other} has no raw counterpart here")),
    }
}

fn parsed(
    algorithm: &'static dyn VerificationAlgorithm,
    public: impl AsRef<[u8]>,
) -> Result<Verification> {
    let key = ParsedPublicKey::new(algorithm, public)?;
    Ok(Verification::Asymmetric(key))
}

impl Candidate for Limit {
    fn sign(&self, claims: &Claims) -> Result<String> {
        let payload = serde_json::to_vec(claims)?;
        // All of it in one allocation, whatever the algorithm.
        let mut token = String::with_capacity(1024);
        token.push_str(&self.header);
        BASE64URL_NOPAD.encode_append(&payload, &mut token);
        match &self.signing {
            Signing::Hmac(key) => {
                let tag = hmac::sign(key, token.as_bytes());
                append(&mut token, tag.as_ref());
            }
            Signing::Rsa(pair, encoding) => {
                let mut signature = [0; 256];
                pair.sign(
                    *encoding,
                    &SystemRandom::new(),
                    token.as_bytes(),
                    &mut signature,
                )?;
                append(&mut token, &signature);
            }
            Signing::Ecdsa(pair) => {
                let signature = pair.sign(&SystemRandom::new(), token.as_bytes())?;
                append(&mut token, signature.as_ref());
            }
            Signing::Ed25519(pair) => {
                let signature = pair.try_sign(token.as_bytes())?;
                append(&mut token, signature.as_ref());
            }
        }
        Ok(token)
    }

    fn verify(&self, token: &str) -> Result<()> {
        let (message, signature) = token.rsplit_once('.').context("no signature")?;
        let (header, payload) = message.split_once('.').context("no payload")?;
        let header = BASE64URL_NOPAD.decode(header.as_bytes())?;
        let header: BorrowedHeader<'_> = serde_json::from_slice(&header)?;
        ensure!(header.typ == TYP, "another kind of token");
        black_box(header.alg);
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes())?;
        match &self.verification {
            Verification::Hmac(key) => hmac::verify(key, message.as_bytes(), &signature),
            Verification::Asymmetric(key) => key.verify_sig(message.as_bytes(), &signature),
        }?;
        let payload = BASE64URL_NOPAD.decode(payload.as_bytes())?;
        let claims: BorrowedClaims<'_> = serde_json::from_slice(&payload)?;
        ensure!(clock::now_in_seconds() < claims.exp, "expired");
        black_box(claims);
        Ok(())
    }
}

fn append(token: &mut String, signature: &[u8]) {
    token.push('.');
    BASE64URL_NOPAD.encode_append(signature, token);
}
