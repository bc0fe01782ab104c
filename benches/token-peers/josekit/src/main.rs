//! `josekit` as its documents use it, with the checks that it has. `typ` and a missing `exp`, which it
//! doesn't check, are looked at here.

use std::{hint::black_box, time::SystemTime};

use anyhow::{Context, Result, bail, ensure};
use josekit::{
    jws::{ES256, EdDSA, HS256, JwsHeader, JwsSigner, JwsVerifier, RS256},
    jwt::{self, JwtPayload, JwtPayloadValidator},
};
use protocol::{Case, Claims, Peer, serve};
use serde_json::Value;

fn main() -> Result<()> {
    serve(Josekit::new)
}

struct Josekit {
    signer: Box<dyn JwsSigner>,
    verifier: Box<dyn JwsVerifier>,
    header: JwsHeader,
    claims: Claims,
}

impl Josekit {
    fn new(case: &Case) -> Result<Self> {
        let mut header = JwsHeader::new();
        header.set_token_type(case.header.typ.as_str());
        header.set_key_id(case.header.kid.as_str());
        let (private, public) = (|| case.file("private.pem"), || case.file("public.pem"));
        let (signer, verifier): (Box<dyn JwsSigner>, Box<dyn JwsVerifier>) =
            match case.algorithm.as_str() {
                "HS256" => {
                    let secret = case.file("secret")?;
                    (
                        Box::new(HS256.signer_from_bytes(&secret)?),
                        Box::new(HS256.verifier_from_bytes(&secret)?),
                    )
                }
                "RS256" => (
                    Box::new(RS256.signer_from_pem(private()?)?),
                    Box::new(RS256.verifier_from_pem(public()?)?),
                ),
                "ES256" => (
                    Box::new(ES256.signer_from_pem(private()?)?),
                    Box::new(ES256.verifier_from_pem(public()?)?),
                ),
                "EdDSA" => (
                    Box::new(EdDSA.signer_from_pem(private()?)?),
                    Box::new(EdDSA.verifier_from_pem(public()?)?),
                ),
                other => bail!("{other} isn't measured"),
            };
        Ok(Self {
            signer,
            verifier,
            header,
            claims: case.claims.clone(),
        })
    }
}

impl Peer for Josekit {
    fn sign(&self) -> Result<String> {
        let Value::Object(claims) = serde_json::to_value(&self.claims)? else {
            bail!("claims are an object");
        };
        let payload = JwtPayload::from_map(claims)?;
        Ok(jwt::encode_with_signer(
            &payload,
            &self.header,
            &*self.signer,
        )?)
    }

    fn verify(&self, token: &str) -> Result<()> {
        let (payload, header) = jwt::decode_with_verifier(token, &*self.verifier)?;
        ensure!(
            header.token_type() == self.header.token_type(),
            "another kind"
        );
        let mut validator = JwtPayloadValidator::new();
        validator.set_base_time(SystemTime::now());
        validator.set_issuer(self.claims.iss.as_str());
        validator.set_audience(self.claims.aud.as_str());
        validator.validate(&payload)?;
        payload.expires_at().context("no exp")?;
        payload.audience().context("no aud")?;
        let claims: Claims = serde_json::from_value(Value::Object(payload.claims_set().clone()))?;
        black_box(claims);
        Ok(())
    }
}
