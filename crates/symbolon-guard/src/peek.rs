//! Which of a guard's issuers a token says it is from. Nothing that is read here is believed.
//!
//! RFC 8725 §3.8 and §3.10. A guard with several issuers must choose one before it verifies anything; the
//! one that is chosen then judges the token by its own keys and compares its issuer exactly.
//!
//! Invariant (row T12): one issuer judges, and its word is final. The keys of one issuer are never tried on
//! what another may have signed, and a token that no issuer knows makes nobody fetch keys.

use std::borrow::Cow;

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use symbolon_token::{Policy, Typ};

use crate::{Guard, issuer::Issuer};

/// The issuer to ask.
pub(crate) struct Claimed {
    pub(crate) issuer: usize,
    /// Whether the token names it, or there is no other.
    pub(crate) sure: bool,
}

impl Guard {
    pub(crate) fn claimed(&self, token: &str) -> Claimed {
        let issuers = self.inner.issuers.as_slice();
        if issuers.len() < 2 {
            return Claimed {
                issuer: 0,
                sure: true,
            };
        }
        let says = Says::read(token).unwrap_or_default();
        let named = |issuer: &Issuer| says.names(&issuer.policy);
        let of_kind = |issuer: &Issuer| says.is_of_kind(&issuer.policy);
        if let Some(issuer) = issuers.iter().position(|one| named(one) && of_kind(one)) {
            return Claimed { issuer, sure: true };
        }
        // With keys that were given the issuer may have been waived; with fetched ones it can't be.
        let waived = issuers
            .iter()
            .position(|one| of_kind(one) && !one.is_remote);
        // Nobody's token is refused in the words of the issuer that it names.
        let issuer = waived.or_else(|| issuers.iter().position(named));
        Claimed {
            issuer: issuer.unwrap_or(0),
            sure: false,
        }
    }
}

/// What a token says of itself.
#[derive(Default)]
struct Says {
    typ: Option<String>,
    iss: Option<String>,
}

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow, default)]
    typ: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow, default)]
    iss: Option<Cow<'a, str>>,
}

impl Says {
    fn read(token: &str) -> Option<Self> {
        let mut segments = token.split('.');
        let header = BASE64URL_NOPAD.decode(segments.next()?.as_bytes()).ok()?;
        let payload = BASE64URL_NOPAD.decode(segments.next()?.as_bytes()).ok()?;
        let header: Header<'_> = serde_json::from_slice(&header).ok()?;
        // One without a readable issuer may be one of those that have none.
        let iss = serde_json::from_slice::<Payload<'_>>(&payload)
            .ok()
            .and_then(|payload| payload.iss);
        Some(Self {
            typ: header.typ.map(Cow::into_owned),
            iss: iss.map(Cow::into_owned),
        })
    }

    fn names(&self, policy: &Policy) -> bool {
        self.iss.as_deref() == Some(policy.issuer.as_str())
    }

    fn is_of_kind(&self, policy: &Policy) -> bool {
        match &self.typ {
            Some(typ) => Typ::new(typ.as_str()).is_ok_and(|typ| typ == policy.typ),
            None => policy.typ == Typ::JWT,
        }
    }
}
