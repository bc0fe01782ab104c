//! symbolon-token

mod alg;
mod claims;
mod error;
mod header;
mod jwk;
mod key;
mod key_set;
mod sign;
mod time;
mod verify;

pub use crate::{
    alg::Algorithm,
    claims::{AccessClaims, Audience},
    error::{Error, ErrorKind},
    header::Typ,
    jwk::{Jwk, JwkSet},
    key::{SigningKey, VerifyingKey},
    key_set::{KeySet, ParsedKeySet, SkippedKey},
    sign::sign,
    time::Timestamp,
    verify::{Policy, RegisteredClaims, Verified, Verifier},
};
