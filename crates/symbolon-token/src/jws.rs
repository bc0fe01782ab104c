//! The compact serialization of a JWS (RFC 7515 §3.1, §7.1): three segments and what they decode to.
//!
//! Invariant: the payload can only be had for a key under which the signature is good.

use crate::{
    VerifyingKey, base64,
    error::{Error, ErrorKind},
    legacy::Legacy,
};

/// The longest token that is looked at, in octets.
pub(crate) const TOKEN_LIMIT: usize = 16 * 1024;

/// The longest header of a token, in characters: nothing that one may say needs more, and what is read
/// before anything is known about the sender should be little.
pub(crate) const HEADER_LIMIT: usize = 1024;

/// The longest signature there is, RSA with 8192 bits.
const SIGNATURE_LIMIT: usize = 1024;

/// A token cut into its segments, nothing decoded yet.
#[derive(Clone, Copy)]
pub(crate) struct Compact<'a> {
    pub(crate) signing_input: &'a str,
    pub(crate) header: &'a str,
    pub(crate) payload: &'a str,
    pub(crate) signature: &'a str,
}

impl<'a> Compact<'a> {
    /// The length comes first, so that nothing is done in proportion to what somebody sends.
    pub(crate) fn split(token: &'a str) -> Result<Self, Error> {
        Self::split_within(token, TOKEN_LIMIT)
    }

    pub(crate) fn split_within(token: &'a str, limit: usize) -> Result<Self, Error> {
        if token.len() > limit {
            return Err(TOO_LONG);
        }
        let parts = (dots(token.as_bytes()) == 2)
            .then(|| token.rsplit_once('.'))
            .flatten()
            .and_then(|(input, signature)| Some((input, input.split_once('.')?, signature)));
        let Some((signing_input, (header, payload), signature)) = parts else {
            return Err(Error::new(
                ErrorKind::Malformed,
                "the token doesn't have three segments",
            ));
        };
        Ok(Self {
            signing_input,
            header,
            payload,
            signature,
        })
    }

    /// The same token, to be read with the padding that is forgiven. What is signed stays as it is.
    pub(crate) fn forgiving(self, legacy: Legacy) -> Self {
        Self {
            header: legacy.unpadded(self.header),
            payload: legacy.unpadded(self.payload),
            signature: legacy.unpadded(self.signature),
            ..self
        }
    }

    /// Decodes the header, unless it is longer than `limit` characters.
    pub(crate) fn header(&self, limit: usize) -> Result<Vec<u8>, Error> {
        if self.header.len() > limit {
            return Err(Error::new(
                ErrorKind::TooLarge,
                "the token's header is too long",
            ));
        }
        decode(self.header)
    }

    /// The payload, once the key has verified the signature over header and payload.
    pub(crate) fn payload_signed_by(&self, key: &VerifyingKey) -> Result<Vec<u8>, Error> {
        check_signature(key, self.signing_input.as_bytes(), self.signature)?;
        decode(self.payload)
    }
}

/// Counts dots. Anybody may send a long text without a key, so it should cost little: sums of single
/// octets, which can't overflow within a piece, are added up many at a time.
fn dots(text: &[u8]) -> usize {
    let pieces = text.chunks(240);
    let in_piece = |piece: &[u8]| {
        piece
            .iter()
            .map(|octet| u8::from(*octet == b'.'))
            .sum::<u8>()
    };
    pieces.map(|piece| usize::from(in_piece(piece))).sum()
}

/// Checks a signature as it stands in a token. Most fit into a small place on the stack.
pub(crate) fn check_signature(
    key: &VerifyingKey,
    signing_input: &[u8],
    signature: &str,
) -> Result<(), Error> {
    const SMALL: usize = 64;
    let text = signature.as_bytes();
    let length = base64::decoded_length(text.len()).ok_or(NOT_BASE64URL)?;
    let (mut small, mut large);
    let place = if length <= SMALL {
        small = [0; SMALL];
        small.get_mut(..length)
    } else {
        large = [0; SIGNATURE_LIMIT];
        large.get_mut(..length)
    };
    let place = place.ok_or(Error::new(
        ErrorKind::BadSignature,
        "the signature is longer than any that is known",
    ))?;
    base64::decode_into(text, place).ok_or(NOT_BASE64URL)?;
    key.verify(signing_input, place)
}

pub(crate) fn decode(segment: &str) -> Result<Vec<u8>, Error> {
    base64::decode(segment.as_bytes()).ok_or(NOT_BASE64URL)
}

const TOO_LONG: Error = Error::new(ErrorKind::TooLarge, "the token is longer than it may be");

const NOT_BASE64URL: Error =
    Error::new(ErrorKind::Malformed, "a segment isn't canonical base64url");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t16_dots_are_counted_wherever_they_are() {
        for length in [0, 1, 2, 3, 16, 239, 240, 241, 480, 500, 16 * 1024] {
            assert_eq!(dots(&vec![b'.'; length]), length);
            assert_eq!(dots(&vec![b'/'; length]), 0);
            for at in (0..length).step_by(37).chain(length.checked_sub(1)) {
                let mut text = vec![b'A'; length];
                text[at] = b'.';
                assert_eq!(dots(&text), 1, "{at} of {length}");
            }
        }
    }

    #[test]
    fn t16_three_segments_are_what_stands_between_two_dots() {
        for (token, segments) in [
            ("a.b.c", Some(("a.b", "a", "b", "c"))),
            ("..", Some((".", "", "", ""))),
            ("aa..c", Some(("aa.", "aa", "", "c"))),
            ("", None),
            (".", None),
            ("a.b", None),
            ("...", None),
            ("a.b.c.d", None),
        ] {
            let split = Compact::split(token).ok();
            let found = split.map(|it| (it.signing_input, it.header, it.payload, it.signature));
            assert_eq!(found, segments, "{token}");
        }
    }
}
