//! The JOSE header of a token (RFC 7515 §4), read before anything is known about who wrote it.
//!
//! Invariant: nothing in a header leads to a key or to the network. It can name a key that is already
//! there; a header that brings or links its own (`jwk`, `jku`, `x5c`, `x5u`) is refused, not ignored,
//! because only an attacker has a use for it (RFC 8725 §3.10). The one exception, the proof of
//! possession of a key (RFC 9449), reads its `jwk` by a function of its own.

use std::borrow::Cow;

use crate::{
    Algorithm,
    error::{Error, ErrorKind},
    json::{self, Object, Text, Value},
};

/// What a header says, as far as it matters.
pub(crate) struct Header<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) typ: Option<Cow<'a, str>>,
    pub(crate) kid: Option<Cow<'a, str>>,
}

impl<'a> Header<'a> {
    pub(crate) fn parse(json: &'a [u8]) -> Result<Self, Error> {
        Self::parse_parts(Some(json::utf8(json)?), None)
    }

    /// A header in two parts, of which one may be unprotected (RFC 7515 §7.2.1).
    pub(crate) fn parse_parts(
        protected: Option<&'a str>,
        unprotected: Option<Object<'a>>,
    ) -> Result<Self, Error> {
        let mut noted = Noted::default();
        if let Some(protected) = protected {
            Object::scan(protected, |name, value| noted.note(name, value))?;
        }
        if let Some(unprotected) = unprotected {
            let protected = protected
                .map(|text| Object::parse(text.as_bytes()))
                .transpose()?;
            for (name, value) in unprotected.members() {
                let twice = |(other, _): (Text<'_>, _)| other.decoded() == name.decoded();
                if protected.is_some_and(|object| object.members().any(twice)) {
                    return Err(Error::new(
                        ErrorKind::DuplicateMember,
                        "a member stands in both headers",
                    ));
                }
                noted.note(name, value);
            }
        }
        noted.check_crit()?;
        if noted.b64.is_some() || noted.jwk.is_some() {
            return Err(FORBIDDEN);
        }
        noted.read()
    }

    /// The header of an unencoded payload: `b64` is false, and `crit` names it alone (RFC 7797 §6).
    pub(crate) fn parse_unencoded(json: &'a [u8]) -> Result<Self, Error> {
        let mut noted = Noted::default();
        Object::scan(json::utf8(json)?, |name, value| noted.note(name, value))?;
        let names_b64 = match noted.crit.take() {
            Some(Value::Array(list)) => {
                let mut items = list.items();
                let first = items.next();
                matches!(first, Some(Value::String(name)) if name.is("b64"))
                    && items.next().is_none()
            }
            _ => false,
        };
        let is_false = matches!(noted.b64, Some(Value::Literal("false")));
        if !names_b64 || !is_false {
            return Err(Error::new(
                ErrorKind::UnsupportedCrit,
                "the payload isn't said to be unencoded, or more than that is critical",
            ));
        }
        if noted.jwk.is_some() {
            return Err(FORBIDDEN);
        }
        noted.read()
    }

    /// The header of a proof of possession, and the key that it brings (RFC 9449 §4.2).
    pub(crate) fn parse_with_key(json: &'a [u8]) -> Result<(Self, Object<'a>), Error> {
        let mut noted = Noted::default();
        Object::scan(json::utf8(json)?, |name, value| noted.note(name, value))?;
        noted.check_crit()?;
        if noted.b64.is_some() {
            return Err(FORBIDDEN);
        }
        let Some(Value::Object(jwk)) = noted.jwk else {
            return Err(Error::new(
                ErrorKind::InvalidHeader,
                "the proof brings no key",
            ));
        };
        Ok((noted.read()?, jwk))
    }
}

/// The members that matter, of whatever type.
#[derive(Default)]
struct Noted<'a> {
    alg: Option<Value<'a>>,
    typ: Option<Value<'a>>,
    kid: Option<Value<'a>>,
    crit: Option<Value<'a>>,
    b64: Option<Value<'a>>,
    jwk: Option<Value<'a>>,
    has_forbidden: bool,
    has_misshapen: bool,
}

impl<'a> Noted<'a> {
    fn note(&mut self, name: Text<'a>, value: Value<'a>) {
        match name.name().as_ref() {
            "alg" => self.alg = Some(value),
            "typ" => self.typ = Some(value),
            "kid" => self.kid = Some(value),
            "crit" => self.crit = Some(value),
            // An unencoded payload (RFC 7797) changes what is signed; without `crit` it is malformed
            // besides (§6).
            "b64" => self.b64 = Some(value),
            "jwk" => self.jwk = Some(value),
            "jku" | "x5c" | "x5u" => self.has_forbidden = true,
            // They mean nothing here, but a header that others can't read is no header (RFC 7515 §4.1).
            "cty" | "x5t" | "x5t#S256" => {
                self.has_misshapen |= !matches!(value, Value::String(_));
            }
            _ => {}
        }
    }

    /// RFC 7515 §4.1.11: an extension that isn't understood must be refused, and none is. An empty or
    /// misshapen list is refused with the rest.
    fn check_crit(&self) -> Result<(), Error> {
        if self.crit.is_some() {
            return Err(Error::new(
                ErrorKind::UnsupportedCrit,
                "the header has crit, and no extension is supported",
            ));
        }
        Ok(())
    }

    fn read(self) -> Result<Header<'a>, Error> {
        if self.has_forbidden {
            return Err(FORBIDDEN);
        }
        if self.has_misshapen {
            return Err(MISSHAPEN);
        }
        let alg = string(self.alg)?.ok_or(Error::new(
            ErrorKind::InvalidHeader,
            "the header has no alg",
        ))?;
        Ok(Header {
            algorithm: Algorithm::from_name(&alg).ok_or(ALGORITHM_NOT_ALLOWED)?,
            typ: string(self.typ)?,
            kid: string(self.kid)?,
        })
    }
}

const MISSHAPEN: Error = Error::new(
    ErrorKind::InvalidHeader,
    "a member of the header isn't a string",
);

const FORBIDDEN: Error = Error::new(
    ErrorKind::ForbiddenHeader,
    "the header brings a key of its own or changes what is signed",
);

pub(crate) const ALGORITHM_NOT_ALLOWED: Error = Error::new(
    ErrorKind::AlgorithmNotAllowed,
    "the token's algorithm isn't one of those allowed",
);

fn string(member: Option<Value<'_>>) -> Result<Option<Cow<'_, str>>, Error> {
    match member.map(Value::into_string) {
        None => Ok(None),
        Some(Some(text)) => Ok(Some(text)),
        Some(None) => Err(MISSHAPEN),
    }
}
