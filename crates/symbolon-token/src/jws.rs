//! The compact serialization of a JWS (RFC 7515 §3.1, §7.1): three segments and what they decode to.
//!
//! Invariant: the payload can only be had for a key under which the signature is good. Base64url is
//! canonical and unpadded (RFC 7515 §2): were other spellings taken, one token would have several, and
//! lists of seen or revoked tokens would miss it.

use data_encoding::BASE64URL_NOPAD;

use crate::{
    VerifyingKey,
    error::{Error, ErrorKind},
};

/// The longest token that is looked at, in octets.
pub(crate) const TOKEN_LIMIT: usize = 16 * 1024;

/// A token cut into its segments, nothing decoded yet.
pub(crate) struct Compact<'a> {
    signing_input: &'a str,
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Compact<'a> {
    /// The length comes first, so that nothing is done in proportion to what somebody sends.
    pub(crate) fn split(token: &'a str) -> Result<Self, Error> {
        if token.len() > TOKEN_LIMIT {
            return Err(Error::new(
                ErrorKind::TooLarge,
                "the token is longer than 16 KiB",
            ));
        }
        let mut segments = token.splitn(4, '.');
        let (Some(header), Some(payload), Some(signature), None) = (
            segments.next(),
            segments.next(),
            segments.next(),
            segments.next(),
        ) else {
            return Err(Error::new(
                ErrorKind::Malformed,
                "the token doesn't have three segments",
            ));
        };
        let signing_input = token
            .get(..=header.len() + payload.len())
            .unwrap_or_default();
        Ok(Self {
            signing_input,
            header,
            payload,
            signature,
        })
    }

    pub(crate) fn header(&self) -> Result<Vec<u8>, Error> {
        decode(self.header)
    }

    /// The payload, once the key has verified the signature over header and payload.
    pub(crate) fn payload_signed_by(&self, key: &VerifyingKey) -> Result<Vec<u8>, Error> {
        let signature = decode(self.signature)?;
        key.verify(self.signing_input.as_bytes(), &signature)?;
        decode(self.payload)
    }
}

fn decode(segment: &str) -> Result<Vec<u8>, Error> {
    BASE64URL_NOPAD
        .decode(segment.as_bytes())
        .map_err(|_| Error::new(ErrorKind::Malformed, "a segment isn't canonical base64url"))
}
