//! JWS with any payload (RFC 7515), for what isn't a JWT: files, web hooks, documents.
//!
//! Nothing here checks issuer, audience, time or kind; for tokens that let somebody in there is
//! [`Verifier`](crate::Verifier), which takes none of the other forms. A signature proves that the owner
//! of a key signed these octets, and that is what a [`VerifiedPayload`] says.
//!
//! Keys own their algorithm here too, `crit` is refused except for `b64` where it is asked for, keys in
//! headers are refused, and what is longer than 1 MiB isn't read.
//!
//! ```
//! use symbolon_token::{Algorithm, KeySet, SigningKey, raw};
//!
//! let key = SigningKey::generate(Algorithm::ES256)?;
//! let keys = KeySet::new([key.verifying_key()])?;
//! let jws = raw::sign(&key, None, b"any octets")?;
//! assert_eq!(raw::verify(&keys, &jws)?.payload(), b"any octets");
//! # Ok::<(), symbolon_token::Error>(())
//! ```

use std::fmt;

use crate::{
    Algorithm, KeySet, SigningKey, Typ, VerifyingKey, base64,
    error::{Error, ErrorKind},
    header::Header,
    jws::{Compact, HEADER_LIMIT},
    sign::{self, append_signature},
};

mod detached;
mod json;

pub use self::{
    detached::{DetachedJws, UnencodedJws},
    json::{sign_flattened, sign_general, verify_json},
};

/// The longest JWS that is read.
const LIMIT: usize = 1024 * 1024;

/// Proof that the owners of some keys signed these octets (RFC 7515 §5.2). Only the functions of this
/// module make one.
///
/// ```
/// use symbolon_token::{Algorithm, KeySet, SigningKey, raw};
///
/// let key = SigningKey::generate(Algorithm::Ed25519)?;
/// let keys = KeySet::new([key.verifying_key()])?;
/// let proof = raw::verify(&keys, &raw::sign(&key, None, b"any octets")?)?;
/// assert_eq!((proof.algorithm(), proof.key_id()), (Some(Algorithm::Ed25519), key.kid()));
/// assert_eq!(proof.signers().len(), 1);
/// assert_eq!(proof.into_payload(), b"any octets");
/// # Ok::<(), symbolon_token::Error>(())
/// ```
pub struct VerifiedPayload {
    payload: Vec<u8>,
    signers: Vec<VerifyingKey>,
}

impl VerifiedPayload {
    /// What was signed.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The same by value.
    pub fn into_payload(self) -> Vec<u8> {
        self.payload
    }

    /// The keys whose signatures were found good: one, except where a document has several signatures.
    pub fn signers(&self) -> &[VerifyingKey] {
        &self.signers
    }

    /// The name of the first of them, if it has one.
    pub fn key_id(&self) -> Option<&str> {
        self.signers.first().and_then(VerifyingKey::kid)
    }

    /// The algorithm of the first of them.
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.signers.first().map(VerifyingKey::algorithm)
    }
}

impl fmt::Debug for VerifiedPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedPayload")
            .field("signers", &self.signers)
            .finish_non_exhaustive()
    }
}

/// Signs octets into a compact JWS (RFC 7515 §7.1). Fails if the result would be longer than 1 MiB.
pub fn sign(key: &SigningKey, typ: Option<&Typ>, payload: &[u8]) -> Result<String, Error> {
    let header = sign::Header::new(key, typ.map(Typ::as_str)).encoded()?;
    let mut jws = header.into_bytes();
    jws.push(b'.');
    base64::encode_append(payload, &mut jws);
    append_signature(key, &mut jws)?;
    within_limit(text(jws)?)
}

/// Checks a compact JWS with the key of the set that its header names, and gives what was signed
/// (RFC 7515 §5.2).
///
/// Fails like [`Verifier::verify`](crate::Verifier::verify), without everything about claims and `typ`.
pub fn verify(keys: &KeySet, jws: &str) -> Result<VerifiedPayload, Error> {
    let compact = Compact::split_within(jws, LIMIT)?;
    let header = compact.header(HEADER_LIMIT)?;
    let key = key_for(keys, &Header::parse(&header)?)?;
    Ok(VerifiedPayload {
        payload: compact.payload_signed_by(key)?,
        signers: vec![key.clone()],
    })
}

fn key_for<'a>(keys: &'a KeySet, header: &Header<'_>) -> Result<&'a VerifyingKey, Error> {
    let at = keys.select(header)?;
    keys.keys()
        .get(at)
        .ok_or(Error::new(ErrorKind::UnknownKey, "there is no key"))
}

fn text(octets: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(octets)
        .map_err(|_| Error::new(ErrorKind::SigningFailed, "the signature wasn't made"))
}

fn within_limit(jws: String) -> Result<String, Error> {
    if jws.len() > LIMIT {
        return Err(TOO_LARGE);
    }
    Ok(jws)
}

const TOO_LARGE: Error = Error::new(ErrorKind::TooLarge, "the JWS is longer than 1 MiB");
