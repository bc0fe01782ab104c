//! Strict JWTs: keys that own their algorithm, verifiers that can't be built half-configured.
//!
//! ```
//! use symbolon_token::{AccessClaims, Algorithm, KeySet, Policy, Timestamp, Typ, Verifier};
//!
//! fn verifier(jwks: &[u8]) -> Result<Verifier, symbolon_token::Error> {
//!     let algorithms = vec![Algorithm::ES256];
//!     let keys = KeySet::from_jwks(jwks, &algorithms)?.keys;
//!     let issuer = "https://id.example".into();
//!     let audience = vec!["https://api.example".into()];
//!     Verifier::new(keys, Policy { issuer, audience, algorithms, typ: Typ::ACCESS_TOKEN })
//! }
//!
//! fn user(verifier: &Verifier, token: &str, now: Timestamp) -> Result<String, symbolon_token::Error> {
//!     Ok(verifier.verify::<AccessClaims>(token, now)?.into_claims().sub)
//! }
//! ```
//!
//! That is the whole of verifying: say who issues, for whom, with which algorithms and which kind of
//! token, and there are no defaults to get wrong. A [`Verified`] is the proof, and only a [`Verifier`]
//! makes one. Signing is [`sign`] with a [`SigningKey`]; its [`public_jwk`](SigningKey::public_jwk) in
//! a [`JwkSet`] is what you publish.
//!
//! What you can rely on:
//! - The algorithm belongs to the key. A token's header can agree with it or be refused; `none` doesn't
//!   exist here.
//! - Everything is strict: JSON without duplicate members, canonical base64url, exact types, 16 KiB.
//! - Nothing is fetched, no clock is read, nothing is global. Time is an argument.
//! - Errors have a stable [`code`](Error::code) and never contain a piece of the token.
//! - What weakens a check has `dangerous` in its name.
//!
//! Algorithms: HS, RS, PS and ES with 256, 384 and 512, ES256K, and Ed25519 (also under its old name
//! `EdDSA`). RFCs 7515, 7517, 7518, 7519, 7638, 7797, 8037, 8725, 8812, 9068, 9278, 9449 and 9864.
//!
//! Kinds of token with checks of their own are in [`profile`], JWS with any payload in [`raw`]. To look
//! into a token without trusting it there is [`Unverified`].

mod alg;
mod base64;
mod claims;
mod crypto;
mod der;
mod error;
mod header;
mod inspect;
mod json;
mod jwk;
mod jws;
mod key;
mod key_set;
mod legacy;
mod pem;
mod policy;
mod private_key;
pub mod profile;
mod public_key;
pub mod raw;
mod registered;
mod sign;
mod signing_key;
mod ssh;
mod strength;
mod time;
mod typ;
#[cfg(test)]
mod vectors;
mod verify;

pub use crate::{
    alg::Algorithm,
    claims::{AccessClaims, Audience},
    error::{ClaimFailure, Error, ErrorKind},
    inspect::Unverified,
    jwk::{Jwk, JwkSet},
    key::VerifyingKey,
    key_set::{KeySet, ParsedKeySet, SkippedKey},
    policy::Policy,
    registered::RegisteredClaims,
    sign::sign,
    signing_key::SigningKey,
    time::Timestamp,
    typ::Typ,
    verify::{Verified, Verifier},
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
