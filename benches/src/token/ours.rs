//! `symbolon-token`, the way a service uses it: into claims that borrow, as the limit reads them, and
//! into claims of their own, as the peer must.

use std::hint::black_box;

use anyhow::Result;
use symbolon_token::{KeySet, Policy, SigningKey, Timestamp, Typ, Verifier, sign};

use super::{
    Candidate,
    case::{AUDIENCE, BorrowedClaims, Case, Claims, ISSUER},
};
use crate::clock;

pub(super) struct Ours {
    key: SigningKey,
    verifier: Verifier,
}

impl Ours {
    pub(super) fn new(case: &Case) -> Result<Self> {
        Ok(Self {
            key: case.key.clone(),
            verifier: verifier(case)?,
        })
    }
}

pub(super) fn verifier(case: &Case) -> Result<Verifier> {
    let keys = KeySet::new([case.key.verifying_key()])?;
    let policy = Policy {
        issuer: ISSUER.to_owned(),
        audience: vec![AUDIENCE.to_owned()],
        algorithms: vec![case.algorithm],
        typ: Typ::ACCESS_TOKEN,
    };
    Ok(Verifier::new(keys, policy)?)
}

impl Candidate for Ours {
    fn sign(&self, claims: &Claims) -> Result<String> {
        Ok(sign(&self.key, Typ::ACCESS_TOKEN, claims)?)
    }

    fn verify(&self, token: &str) -> Result<()> {
        let now = Timestamp::from_secs(clock::now_in_seconds());
        let proof = self.verifier.check(token, now)?;
        black_box(proof.claims_as::<BorrowedClaims<'_>>()?);
        Ok(())
    }
}

/// The same with claims that own their text.
pub(super) struct OursOwned(pub(super) Ours);

impl Candidate for OursOwned {
    fn sign(&self, claims: &Claims) -> Result<String> {
        self.0.sign(claims)
    }

    fn verify(&self, token: &str) -> Result<()> {
        let now = Timestamp::from_secs(clock::now_in_seconds());
        black_box(self.0.verifier.verify::<Claims>(token, now)?);
        Ok(())
    }
}
