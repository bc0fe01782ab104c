//! Signatures that travel apart from what they sign: detached (RFC 7515 appendix F) and over the payload
//! as it is, without base64 (RFC 7797).
//!
//! Invariant: the two are different types and read nothing of each other's. A reader who doesn't know
//! `b64` would check another signing input than the writer signed (RFC 7797 §8), so only
//! `UnencodedJws` takes it, and takes nothing else.

use std::fmt;

use super::{LIMIT, TOO_LARGE, VerifiedPayload, key_for};
use crate::{
    KeySet, SigningKey, Typ, base64,
    error::{Error, ErrorKind},
    header::Header,
    jws::{Compact, HEADER_LIMIT, check_signature},
    sign,
};

/// A signature over a payload that is sent beside it: `header..signature` (RFC 7515 appendix F).
///
/// ```
/// use symbolon_token::{Algorithm, KeySet, SigningKey, raw::DetachedJws};
///
/// let key = SigningKey::generate(Algorithm::Ed25519)?;
/// let keys = KeySet::new([key.verifying_key()])?;
/// let jws = DetachedJws::sign(&key, None, b"the body of a request")?;
/// let received = DetachedJws::parse(jws.as_str())?;
/// assert!(received.verify(&keys, b"the body of a request").is_ok());
/// assert!(received.verify(&keys, b"another body").is_err());
/// # Ok::<(), symbolon_token::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetachedJws(String);

impl DetachedJws {
    /// Signs a payload and leaves it out.
    pub fn sign(key: &SigningKey, typ: Option<&Typ>, payload: &[u8]) -> Result<Self, Error> {
        let header = sign::Header::new(key, typ.map(Typ::as_str));
        Ok(Self(ENCODED.sign(key, &header, payload)?))
    }

    /// Takes the text of a detached JWS. Fails if it has a payload, or not three segments.
    pub fn parse(jws: &str) -> Result<Self, Error> {
        without_payload(jws).map(|_| Self(jws.to_owned()))
    }

    /// Checks the signature over this payload. Fails like [`verify`](super::verify).
    pub fn verify(&self, keys: &KeySet, payload: &[u8]) -> Result<VerifiedPayload, Error> {
        ENCODED.verify(keys, &self.0, payload)
    }

    /// The text to send.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DetachedJws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A signature over a payload that is neither encoded nor sent along: `b64` is false, and `crit` says
/// so (RFC 7797).
///
/// ```
/// use symbolon_token::{Algorithm, KeySet, SigningKey, raw::UnencodedJws};
///
/// let key = SigningKey::generate(Algorithm::ES256)?;
/// let keys = KeySet::new([key.verifying_key()])?;
/// let jws = UnencodedJws::sign(&key, None, b"$.02")?;
/// assert!(UnencodedJws::parse(jws.as_str())?.verify(&keys, b"$.02").is_ok());
/// # Ok::<(), symbolon_token::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnencodedJws(String);

impl UnencodedJws {
    /// Signs the octets of a payload as they are.
    pub fn sign(key: &SigningKey, typ: Option<&Typ>, payload: &[u8]) -> Result<Self, Error> {
        let mut header = sign::Header::new(key, typ.map(Typ::as_str));
        header.b64 = Some(false);
        header.crit = Some(["b64"]);
        Ok(Self(PLAIN.sign(key, &header, payload)?))
    }

    /// Takes the text of such a JWS. Fails if it has a payload, or not three segments.
    pub fn parse(jws: &str) -> Result<Self, Error> {
        without_payload(jws).map(|_| Self(jws.to_owned()))
    }

    /// Checks the signature over this payload. Fails like [`verify`](super::verify), and unless the
    /// header says `"b64":false` and `"crit":["b64"]` (RFC 7797 §3, §6).
    pub fn verify(&self, keys: &KeySet, payload: &[u8]) -> Result<VerifiedPayload, Error> {
        PLAIN.verify(keys, &self.0, payload)
    }

    /// The text to send.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UnencodedJws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the two differ in: which header they take, and what they sign. A header that one takes the other
/// refuses.
struct Form {
    read_header: for<'a> fn(&'a [u8]) -> Result<Header<'a>, Error>,
    signing_input: fn(&str, &[u8]) -> Result<Vec<u8>, Error>,
}

const ENCODED: Form = Form {
    read_header: |json| Header::parse(json),
    signing_input: encoded_input,
};

const PLAIN: Form = Form {
    read_header: |json| Header::parse_unencoded(json),
    signing_input: plain_input,
};

impl Form {
    fn sign(
        &self,
        key: &SigningKey,
        header: &sign::Header<'_>,
        payload: &[u8],
    ) -> Result<String, Error> {
        let header = header.encoded()?;
        let signature = key.sign(&(self.signing_input)(&header, payload)?)?;
        let mut jws = header.into_bytes();
        jws.extend_from_slice(b"..");
        base64::encode_append(signature.as_ref(), &mut jws);
        super::text(jws)
    }

    fn verify(&self, keys: &KeySet, jws: &str, payload: &[u8]) -> Result<VerifiedPayload, Error> {
        let compact = without_payload(jws)?;
        let header = compact.header(HEADER_LIMIT)?;
        let key = key_for(keys, &(self.read_header)(&header)?)?;
        let input = (self.signing_input)(compact.header, payload)?;
        check_signature(key, &input, compact.signature)?;
        Ok(VerifiedPayload {
            payload: payload.to_vec(),
            signers: vec![key.clone()],
        })
    }
}

fn without_payload(jws: &str) -> Result<Compact<'_>, Error> {
    let compact = Compact::split_within(jws, LIMIT)?;
    if !compact.payload.is_empty() {
        return Err(Error::new(
            ErrorKind::Malformed,
            "a detached JWS has nothing between its dots",
        ));
    }
    Ok(compact)
}

fn encoded_input(header: &str, payload: &[u8]) -> Result<Vec<u8>, Error> {
    check_length(payload)?;
    let mut input = [header.as_bytes(), b"."].concat();
    base64::encode_append(payload, &mut input);
    Ok(input)
}

fn plain_input(header: &str, payload: &[u8]) -> Result<Vec<u8>, Error> {
    check_length(payload)?;
    Ok([header.as_bytes(), b".", payload].concat())
}

fn check_length(payload: &[u8]) -> Result<(), Error> {
    if payload.len() > LIMIT {
        return Err(TOO_LARGE);
    }
    Ok(())
}
