//! Private and symmetric keys as JSON (RFC 7517 §9.3; RFC 7518 §6.2.2, §6.3.2, §6.4; RFC 8037 §2).
//!
//! They are read for signing only, by a call that says so, and never become a `Jwk`. What their own
//! `alg`, `use` and `key_ops` don't allow isn't done with them.

use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use super::{Jwk, members::Members, wrong_key};
use crate::{
    Algorithm,
    error::{Error, ErrorKind},
    json::{Object, Text},
    private_key::{Secret, SecretParts},
    public_key::PublicParts,
};

/// A JWK that can sign, its numbers unchecked.
pub(crate) enum PrivateJwk {
    Pair {
        public: Box<Jwk>,
        secret: SecretParts,
    },
    Symmetric {
        secret: Secret,
        kid: Option<String>,
    },
}

impl PrivateJwk {
    /// Reads one private key and checks that it may sign with this algorithm.
    pub(crate) fn parse(json: &[u8], algorithm: Algorithm) -> Result<Self, Error> {
        let members = Members::read(Object::parse(json)?)?;
        check_signs(&members, algorithm)?;
        let private = &members.private;
        if private.unsupported {
            return Err(Error::new(
                ErrorKind::UnsupportedKey,
                "RSA keys of more than two primes and keys with priv aren't supported",
            ));
        }
        if members.kty() == Some("oct") {
            return Ok(Self::Symmetric {
                secret: octets(private.k)?,
                kid: members.kid,
            });
        }
        let parts = members.public_parts()?;
        let secret = match &parts {
            PublicParts::Rsa { .. } => SecretParts::Rsa {
                d: number(private.d)?,
                p: number(private.p)?,
                q: number(private.q)?,
                dp: number(private.dp)?,
                dq: number(private.dq)?,
                qi: number(private.qi)?,
            },
            PublicParts::Ec { curve, .. } => SecretParts::Ec {
                d: fixed(private.d, curve.width())?,
            },
            PublicParts::Ed25519 { .. } => SecretParts::Ed25519 {
                seed: fixed(private.d, 32)?,
            },
        };
        Ok(Self::Pair {
            public: Box::new(Jwk::from_members(members, parts)),
            secret,
        })
    }
}

/// Whether the key's own members let it sign with this algorithm (RFC 7517 §4.2 to §4.4).
fn check_signs(members: &Members<'_>, algorithm: Algorithm) -> Result<(), Error> {
    if members.usage.as_deref().is_some_and(|usage| usage != "sig") {
        return Err(wrong_key("the JWK's use isn't sig"));
    }
    let may_sign = |operations: &Vec<String>| operations.iter().any(|name| name == "sign");
    if !members.key_ops.as_ref().is_none_or(may_sign) {
        return Err(wrong_key("the JWK's key_ops don't contain sign"));
    }
    if members
        .alg
        .as_ref()
        .is_some_and(|alg| *alg != algorithm.name())
    {
        return Err(wrong_key("the JWK's alg is another one"));
    }
    Ok(())
}

/// An RSA number: no zero octet in front (RFC 7518 §2, `Base64urlUInt`).
fn number(member: Option<Text<'_>>) -> Result<Secret, Error> {
    let number = octets(member)?;
    if number.first().is_none_or(|first| *first == 0) {
        return Err(invalid(
            "a private number of the JWK is empty or starts with a zero octet",
        ));
    }
    Ok(number)
}

/// A scalar or seed in its full width (RFC 7518 §6.2.2.1).
fn fixed(member: Option<Text<'_>>, width: usize) -> Result<Secret, Error> {
    let octets = octets(member)?;
    if octets.len() != width {
        return Err(invalid(
            "the private member isn't as long as its curve wants",
        ));
    }
    Ok(octets)
}

/// Decodes the text as it stands: nothing in base64url needs an escape, and resolving one would leave
/// a copy that isn't wiped.
fn octets(member: Option<Text<'_>>) -> Result<Secret, Error> {
    let text = member.ok_or(invalid("the JWK lacks a private member"))?;
    BASE64URL_NOPAD
        .decode(text.raw().as_bytes())
        .map(Zeroizing::new)
        .map_err(|_| invalid("a private member of the JWK isn't canonical base64url"))
}

const fn invalid(reason: &'static str) -> Error {
    Error::new(ErrorKind::InvalidKey, reason)
}
