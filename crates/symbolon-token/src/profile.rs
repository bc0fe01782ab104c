//! The kinds of token that OAuth and OpenID define, each with what its specification asks for.
//!
//! A [`Verifier`] checks what every JWT has; these check one kind, all of it, and refuse
//! every other (RFC 8725 §3.12): their `typ` differs, and so do the claims they require and forbid.
//!
//! | kind | `typ` | checked by |
//! |---|---|---|
//! | access token, RFC 9068 | `at+jwt` | [`AccessTokens`] |
//! | ID token, OpenID Connect Core §2 | `JWT` | [`IdTokens`] |
//! | logout token, Back-Channel Logout §2.4 | `logout+jwt` | [`LogoutTokens`] |
//! | client assertion, RFC 7523 | `client-authentication+jwt` | [`ClientAssertions`] |
//! | proof of possession, RFC 9449 | `dpop+jwt` | [`DpopProofs`] |
//! | security event, RFC 8417 | `secevent+jwt` | [`SecurityEvents`] |
//!
//! Whether a `jti` has been seen before is a question for a store, so it is the caller's: each proof
//! gives it.

use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    Algorithm, KeySet, Policy, Timestamp, Typ, Verified, Verifier,
    error::{Error, ErrorKind},
    json::Object,
    policy::missing,
};

mod access;
mod client_assertion;
mod dpop;
mod id_token;
mod logout;
mod security_event;

pub use self::{
    access::AccessTokens,
    client_assertion::{ClientAssertionClaims, ClientAssertions},
    dpop::{DpopProof, DpopProofs, ProvenRequest},
    id_token::{Authentication, IdTokenClaims, IdTokens},
    logout::{LogoutClaims, LogoutTokens},
    security_event::{SecurityEventClaims, SecurityEvents},
};

/// A verifier of one kind of token of one issuer for one audience. Fails like [`Verifier::new`].
fn verifier(
    keys: KeySet,
    issuer: impl Into<String>,
    audience: impl Into<String>,
    algorithms: Vec<Algorithm>,
    typ: Typ,
) -> Result<Verifier, Error> {
    let policy = Policy {
        issuer: issuer.into(),
        audience: vec![audience.into()],
        algorithms,
        typ,
    };
    Verifier::new(keys, policy)
}

/// Reads claims into their type and, where that fails, finds the claim to blame.
fn read_claims<C: DeserializeOwned>(
    verified: Verified<()>,
    required: &[&'static str],
) -> Result<Verified<C>, Error> {
    match verified.claims_as() {
        Ok(claims) => Ok(verified.with_claims(claims)),
        Err(error) => Err(absent(verified.payload(), required).map_or(error, missing)),
    }
}

/// The first of these claims that isn't there.
fn absent(payload: &str, required: &[&'static str]) -> Option<&'static str> {
    let mut present = vec![false; required.len()];
    let scanned = Object::scan(payload, |name, _| {
        for (wanted, seen) in required.iter().zip(&mut present) {
            *seen |= name.is(wanted);
        }
    });
    scanned.ok()?;
    let mut claims = required.iter().zip(&present);
    claims.find(|(_, seen)| !**seen).map(|(claim, _)| *claim)
}

/// Whether a claim is there, of whatever type.
fn is_present(payload: &str, claim: &str) -> bool {
    let mut present = false;
    let scanned = Object::scan(payload, |name, _| present |= name.is(claim));
    scanned.is_ok() && present
}

const fn mismatch(claim: &'static str, reason: &'static str) -> Error {
    Error::claim_refused(ErrorKind::ClaimMismatch, claim, reason)
}

/// What an event says: an object, of which nothing more is known here.
#[derive(Deserialize)]
struct Event {}

/// Refuses what was issued later than now, give or take a minute: whoever predates it wants it to live
/// longer than its kind may.
fn check_issued(issued: Timestamp, now: Timestamp) -> Result<(), Error> {
    if issued > now + CLOCKS_DIFFER {
        return Err(Error::claim_refused(
            ErrorKind::NotYetValid,
            "iat",
            "it was issued in the future",
        ));
    }
    Ok(())
}

/// What is forgiven between two clocks where a specification counts from `iat`.
const CLOCKS_DIFFER: std::time::Duration = std::time::Duration::from_mins(1);
