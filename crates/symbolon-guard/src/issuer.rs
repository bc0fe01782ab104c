//! One issuer as a guard knows it: its keys, and how its tokens are read.
//!
//! Invariant (row T12): keys and policy of one issuer stay together. A token is judged by one issuer, whole;
//! no second one is tried with it.

use std::sync::Arc;

use symbolon_token::{Error, Policy, Timestamp, Verified, Verifier};

use crate::{
    Invalid, Profile,
    admitted::Proof,
    keys::{Held, Keys},
    profile::Marks,
};

#[derive(Clone)]
pub(crate) struct Issuer {
    /// What its keys are asked for; known before there are any.
    pub(crate) policy: Arc<Policy>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) profile: Profile,
    /// Whether its keys are fetched, and newer ones could be had by asking.
    pub(crate) is_remote: bool,
    #[cfg(feature = "remote")]
    pub(crate) remote: Option<Arc<crate::remote::Remote>>,
}

impl Issuer {
    pub(crate) fn fixed(verifier: Verifier) -> Self {
        Self {
            policy: Arc::new(verifier.policy().clone()),
            keys: Arc::new(Keys::new(Held::fixed(verifier))),
            profile: Profile::access_token(),
            is_remote: false,
            #[cfg(feature = "remote")]
            remote: None,
        }
    }

    /// Verifies a token and reads who calls.
    pub(crate) fn verify(
        &self,
        verifier: &Verifier,
        token: &str,
        now: Timestamp,
    ) -> Result<Proof, Invalid> {
        self.profile.verify(verifier, token, now)
    }

    /// Verifies a token whose claims are of the program's own type.
    pub(crate) fn verify_as<C: serde::de::DeserializeOwned>(
        &self,
        verifier: &Verifier,
        token: &str,
        now: Timestamp,
    ) -> Result<Verified<C>, Invalid> {
        let good: Verified<C> = verifier.verify(token, now)?;
        let marks: Marks = good.claims_as()?;
        self.profile.check_marks(&marks, good.registered())?;
        Ok(good)
    }
}

impl From<Error> for Invalid {
    fn from(error: Error) -> Self {
        Self::Token(error)
    }
}
