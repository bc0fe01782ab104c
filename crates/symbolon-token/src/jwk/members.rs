//! The members of a JWK, from JSON to the numbers of a public key (RFC 7518 §6, RFC 8037 §2).
//!
//! Whether the numbers make a good key is judged later; here they only have to be spelt right.

use data_encoding::BASE64URL_NOPAD;

use crate::{
    error::{Error, ErrorKind},
    json::{Object, Value},
    public_key::{Curve, PublicParts},
};

/// The members of a JWK that mean something here; others are ignored (RFC 7517 §4).
#[derive(Default)]
pub(super) struct Members {
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
}

impl Members {
    pub(super) fn read(object: Object<'_>) -> Result<Self, Error> {
        let mut members = Self::default();
        for (name, value) in object.members() {
            let target = match name.decoded().as_ref() {
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
                "d" | "p" | "q" | "dp" | "dq" | "qi" | "oth" | "k" | "priv" => {
                    return Err(invalid("the JWK shows a private member"));
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

    /// The numbers of the key, each in its one spelling and of the length its type wants.
    pub(super) fn public_parts(&self) -> Result<PublicParts, Error> {
        match (self.kty.as_deref(), self.crv.as_deref()) {
            (Some("RSA"), _) => Ok(PublicParts::Rsa {
                n: base64url(self.n.as_ref())?,
                e: base64url(self.e.as_ref())?,
            }),
            (Some("EC"), Some("P-256")) => self.point(Curve::P256),
            (Some("EC"), Some("P-384")) => self.point(Curve::P384),
            (Some("OKP"), Some("Ed25519")) => {
                let x = base64url(self.x.as_ref())?.try_into();
                Ok(PublicParts::Ed25519 {
                    x: x.map_err(|_| invalid("an Ed25519 key has 32 octets"))?,
                })
            }
            (None, _) => Err(invalid("the JWK has no kty")),
            _ => Err(Error::new(
                ErrorKind::UnsupportedKey,
                "keys of this kty or crv aren't supported",
            )),
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
