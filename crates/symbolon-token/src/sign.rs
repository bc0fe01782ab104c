//! Making a token.
//!
//! The header is `alg` and `kid` of the key and the `typ` that the caller names, nothing else
//! (RFC 7515 §4). What no verifier of this crate would take isn't signed in the first place.

use serde::Serialize;

use crate::{
    SigningKey, Typ, base64,
    error::{Error, ErrorKind},
    json,
    jws::{HEADER_LIMIT, TOKEN_LIMIT},
};

/// Signs claims into a compact JWS (RFC 7515 §7.1), with the key's algorithm and name in its header.
///
/// Fails if the claims don't serialize to a JSON object without duplicate members, and if the token
/// would be longer than the 16 KiB that a verifier accepts. What the claims say is the caller's
/// matter: a token without `exp` can be signed, and no [`Verifier`](crate::Verifier) takes it.
///
/// ```
/// use serde::Serialize;
/// use symbolon_token::{Algorithm, SigningKey, Typ, sign};
///
/// #[derive(Serialize)]
/// struct Claims {
///     iss: &'static str,
///     exp: i64,
/// }
///
/// let key = SigningKey::generate(Algorithm::Ed25519)?;
/// let claims = Claims { iss: "https://id.example", exp: 1_800_000_600 };
/// let token = sign(&key, Typ::new("example+jwt")?, &claims)?;
/// assert_eq!(token.split('.').count(), 3);
/// # Ok::<(), symbolon_token::Error>(())
/// ```
#[expect(
    clippy::needless_pass_by_value,
    reason = "a kind of token is named where it is used: `sign(&key, Typ::ACCESS_TOKEN, &claims)`"
)]
pub fn sign<C: Serialize>(key: &SigningKey, typ: Typ, claims: &C) -> Result<String, Error> {
    let payload = json::to_text(claims).ok_or(UNSIGNABLE)?;
    let header = || Header::new(key, Some(typ.as_str())).encoded();
    let mut token = key.with_header(&typ, header, |header| {
        let length = header.len() + base64::encoded_length(payload.len()) + SIGNATURE_CAPACITY;
        let mut token = Vec::with_capacity(length);
        token.extend_from_slice(header.as_bytes());
        token
    })?;
    token.push(b'.');
    base64::encode_append(payload.as_bytes(), &mut token);
    append_signature(key, &mut token)?;
    if token.len() > TOKEN_LIMIT {
        return Err(Error::new(
            ErrorKind::TooLarge,
            "the token would be longer than 16 KiB",
        ));
    }
    String::from_utf8(token).map_err(|_| UNSIGNABLE)
}

/// A dot and the signature of RSA with 2048 bits, the longest that is common.
const SIGNATURE_CAPACITY: usize = 344;

/// Signs what is there and puts the signature behind it.
pub(crate) fn append_signature(key: &SigningKey, token: &mut Vec<u8>) -> Result<(), Error> {
    let signature = key.sign(token)?;
    token.push(b'.');
    base64::encode_append(signature.as_ref(), token);
    Ok(())
}

/// The header that a key writes (RFC 7515 §4).
#[derive(Serialize)]
pub(crate) struct Header<'a> {
    alg: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    typ: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) b64: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) crit: Option<[&'a str; 1]>,
}

impl<'a> Header<'a> {
    pub(crate) fn new(key: &'a SigningKey, typ: Option<&'a str>) -> Self {
        Self {
            alg: key.algorithm().name(),
            typ,
            kid: key.kid(),
            b64: None,
            crit: None,
        }
    }

    /// The header as a segment. Fails where the key's name makes it longer than a verifier reads.
    pub(crate) fn encoded(&self) -> Result<String, Error> {
        let json = serde_json::to_vec(self).map_err(|_| UNSIGNABLE)?;
        let mut segment = Vec::new();
        base64::encode_append(&json, &mut segment);
        if segment.len() > HEADER_LIMIT {
            return Err(Error::new(
                ErrorKind::TooLarge,
                "the header would be longer than a verifier reads",
            ));
        }
        String::from_utf8(segment).map_err(|_| UNSIGNABLE)
    }
}

const UNSIGNABLE: Error = Error::new(
    ErrorKind::UnsignableClaims,
    "the claims aren't a JSON object without duplicate members",
);
