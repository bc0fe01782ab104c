//! The members of a JWK, from JSON to the numbers of a public key (RFC 7518 §6, RFC 8037 §2).
//!
//! Whether the numbers make a good key is judged later; here they only have to be spelt right.

use data_encoding::BASE64URL_NOPAD;

use crate::{
    error::{Error, ErrorKind},
    json::{Object, Text, Value},
    public_key::{Curve, PublicParts},
};

/// The members of a JWK that mean something here; others are ignored (RFC 7517 §4).
#[derive(Default)]
pub(super) struct Members<'a> {
    kty: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    pub(super) kid: Option<String>,
    pub(super) alg: Option<String>,
    pub(super) usage: Option<String>,
    pub(super) key_ops: Option<Vec<String>>,
    pub(super) private: Private<'a>,
}

/// The private and symmetric members as they stand in the document: nothing secret is copied before
/// somebody asks for it.
#[derive(Default)]
pub(super) struct Private<'a> {
    /// Whether there is any of them, of whatever type.
    pub(super) shown: bool,
    /// `oth` (RSA with more than two primes) or `priv`.
    pub(super) unsupported: bool,
    pub(super) d: Option<Text<'a>>,
    pub(super) p: Option<Text<'a>>,
    pub(super) q: Option<Text<'a>>,
    pub(super) dp: Option<Text<'a>>,
    pub(super) dq: Option<Text<'a>>,
    pub(super) qi: Option<Text<'a>>,
    pub(super) k: Option<Text<'a>>,
}

impl<'a> Private<'a> {
    /// Takes a member if it is a private one.
    fn take(&mut self, name: &str, value: Value<'a>) -> Result<bool, Error> {
        let target = match name {
            "d" => &mut self.d,
            "p" => &mut self.p,
            "q" => &mut self.q,
            "dp" => &mut self.dp,
            "dq" => &mut self.dq,
            "qi" => &mut self.qi,
            "k" => &mut self.k,
            "oth" | "priv" => {
                (self.shown, self.unsupported) = (true, true);
                return Ok(true);
            }
            _ => return Ok(false),
        };
        let Value::String(text) = value else {
            return Err(invalid("a private member of the JWK isn't a string"));
        };
        *target = Some(text);
        self.shown = true;
        Ok(true)
    }
}

impl<'a> Members<'a> {
    pub(super) fn read(object: Object<'a>) -> Result<Self, Error> {
        let mut members = Self::default();
        for (name, value) in object.members() {
            let name = name.decoded();
            if members.private.take(&name, value)? {
                continue;
            }
            let target = match name.as_ref() {
                "kty" => &mut members.kty,
                "crv" => &mut members.crv,
                "n" => &mut members.n,
                "e" => &mut members.e,
                "x" => &mut members.x,
                "y" => &mut members.y,
                "kid" => &mut members.kid,
                "alg" => &mut members.alg,
                "use" => &mut members.usage,
                "key_ops" => {
                    members.key_ops = Some(key_operations(value)?);
                    continue;
                }
                _ => continue,
            };
            let text = value.into_string();
            *target = Some(
                text.ok_or(invalid("a member of the JWK isn't a string"))?
                    .into_owned(),
            );
        }
        Ok(members)
    }

    pub(super) fn kty(&self) -> Option<&str> {
        self.kty.as_deref()
    }

    /// The numbers of the key, each in its one spelling and of the length its type wants.
    pub(super) fn public_parts(&self) -> Result<PublicParts, Error> {
        match (self.kty.as_deref(), self.crv.as_deref()) {
            (Some("RSA"), _) => Ok(PublicParts::Rsa {
                n: base64url(self.n.as_ref())?,
                e: base64url(self.e.as_ref())?,
            }),
            (Some("EC"), Some(name)) => {
                let named = Curve::ALL.into_iter().find(|curve| curve.name() == name);
                self.point(named.ok_or(UNSUPPORTED)?)
            }
            (Some("OKP"), Some("Ed25519")) => {
                let x = base64url(self.x.as_ref())?.try_into();
                Ok(PublicParts::Ed25519 {
                    x: x.map_err(|_| invalid("an Ed25519 key has 32 octets"))?,
                })
            }
            (None, _) => Err(invalid("the JWK has no kty")),
            _ => Err(UNSUPPORTED),
        }
    }

    fn point(&self, curve: Curve) -> Result<PublicParts, Error> {
        let x = base64url(self.x.as_ref())?;
        let y = base64url(self.y.as_ref())?;
        if x.len() != curve.width() || y.len() != curve.width() {
            return Err(invalid("a coordinate isn't as long as its curve wants"));
        }
        Ok(PublicParts::Ec { curve, x, y })
    }
}

const UNSUPPORTED: Error = Error::new(
    ErrorKind::UnsupportedKey,
    "keys of this kty or crv aren't supported",
);

/// A list of different strings (RFC 7517 §4.3).
fn key_operations(value: Value<'_>) -> Result<Vec<String>, Error> {
    let Value::Array(array) = value else {
        return Err(invalid("the JWK's key_ops isn't a list"));
    };
    let operations = array
        .strings()
        .ok_or(invalid("the JWK's key_ops aren't strings"))?;
    let mut sorted: Vec<&String> = operations.iter().collect();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(invalid("the JWK's key_ops repeat themselves"));
    }
    Ok(operations)
}

fn base64url(member: Option<&String>) -> Result<Vec<u8>, Error> {
    let text = member.ok_or(invalid("a number is missing in the JWK"))?;
    BASE64URL_NOPAD
        .decode(text.as_bytes())
        .map_err(|_| invalid("a number in the JWK isn't canonical base64url"))
}

const fn invalid(reason: &'static str) -> Error {
    Error::new(ErrorKind::InvalidKey, reason)
}
