//! Making a token.
//!
//! The header is `alg` and `kid` of the key and the `typ` that the caller names, nothing else
//! (RFC 7515 §4). What a verifier of this crate would refuse isn't signed in the first place.

use serde::Serialize;

use crate::{Error, ErrorKind, SigningKey, Typ};

/// Signs claims into a compact JWS.
pub fn sign<C: Serialize>(key: &SigningKey, typ: Typ, claims: &C) -> Result<String, Error> {
    let _ = (key, typ, claims);
    Err(Error::new(ErrorKind::SigningFailed, "not built yet"))
}
