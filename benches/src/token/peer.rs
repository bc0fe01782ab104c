//! `jsonwebtoken`, asked for the same checks as ours as far as it has them.
//!
//! It gets the key that the token names without looking it up, and `typ`, which it doesn't check, is
//! compared here.

use std::hint::black_box;

use anyhow::{Result, anyhow, ensure};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode, jwk::Jwk,
};

use super::{
    Candidate,
    case::{AUDIENCE, Case, Claims, ISSUER, KeyBytes, TYP, private_pem},
};

pub(super) struct Peer {
    header: Header,
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl Peer {
    pub(super) fn new(case: &Case) -> Result<Self> {
        let algorithm: Algorithm = case.algorithm.name().parse()?;
        let mut validation = Validation::new(algorithm);
        validation.leeway = 0;
        validation.validate_nbf = true;
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        let (encoding, decoding) = match &case.key_bytes {
            KeyBytes::Secret(secret) => (
                EncodingKey::from_secret(secret),
                DecodingKey::from_secret(secret),
            ),
            KeyBytes::Pair { pkcs8, jwk } => {
                let jwk: Jwk = serde_json::from_str(jwk)?;
                (
                    encoding_key(algorithm, pkcs8)?,
                    DecodingKey::from_jwk(&jwk)?,
                )
            }
        };
        Ok(Self {
            header: Header {
                typ: Some(TYP.to_owned()),
                kid: Some(case.kid.to_owned()),
                ..Header::new(algorithm)
            },
            encoding,
            decoding,
            validation,
        })
    }
}

fn encoding_key(algorithm: Algorithm, pkcs8: &[u8]) -> Result<EncodingKey> {
    let pem = private_pem(pkcs8);
    Ok(match algorithm {
        Algorithm::RS256 | Algorithm::PS256 => EncodingKey::from_rsa_pem(pem.as_bytes())?,
        Algorithm::ES256 | Algorithm::ES384 => EncodingKey::from_ec_der(pkcs8),
        Algorithm::EdDSA => EncodingKey::from_ed_der(pkcs8),
        other => return Err(anyhow!("{other:?} isn't measured")),
    })
}

impl Candidate for Peer {
    fn sign(&self, claims: &Claims) -> Result<String> {
        Ok(encode(&self.header, claims, &self.encoding)?)
    }

    fn verify(&self, token: &str) -> Result<()> {
        let data = decode::<Claims>(token, &self.decoding, &self.validation)?;
        ensure!(data.header.typ.as_deref() == Some(TYP), "another kind");
        black_box(data);
        Ok(())
    }
}
