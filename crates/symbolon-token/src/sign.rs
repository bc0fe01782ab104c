//! Making a token.
//!
//! The header is `alg` and `kid` of the key and the `typ` that the caller names, nothing else
//! (RFC 7515 §4). What no verifier of this crate would take isn't signed in the first place.

use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;

use crate::{
    SigningKey, Typ,
    error::{Error, ErrorKind},
    json::Object,
    jws::TOKEN_LIMIT,
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
    let header = to_json(&Header {
        alg: key.algorithm().name(),
        typ: typ.as_str(),
        kid: key.kid(),
    })?;
    let payload = to_json(claims)?;
    Object::parse(&payload).map_err(|_| UNSIGNABLE)?;
    let mut token = BASE64URL_NOPAD.encode(&header);
    token.push('.');
    BASE64URL_NOPAD.encode_append(&payload, &mut token);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    BASE64URL_NOPAD.encode_append(&signature, &mut token);
    if token.len() > TOKEN_LIMIT {
        return Err(Error::new(
            ErrorKind::TooLarge,
            "the token would be longer than 16 KiB",
        ));
    }
    Ok(token)
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
}

const UNSIGNABLE: Error = Error::new(
    ErrorKind::UnsignableClaims,
    "the claims aren't a JSON object without duplicate members",
);

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|_| UNSIGNABLE)
}
