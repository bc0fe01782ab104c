//! The JOSE header of a token (RFC 7515 §4), read before anything is known about who wrote it.
//!
//! Invariant: nothing in a header leads to a key or to the network. It can name a key that is already
//! there; a header that brings or links its own (`jwk`, `jku`, `x5c`, `x5u`) is refused, not ignored,
//! because only an attacker has a use for it (RFC 8725 §3.10).

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

/// The members that matter, of whatever type.
#[derive(Default)]
struct Noted<'a> {
    alg: Option<Value<'a>>,
    typ: Option<Value<'a>>,
    kid: Option<Value<'a>>,
    has_crit: bool,
    has_forbidden: bool,
}

impl<'a> Noted<'a> {
    fn note(&mut self, name: Text<'a>, value: Value<'a>) {
        match name.name().as_ref() {
            "alg" => self.alg = Some(value),
            "typ" => self.typ = Some(value),
            "kid" => self.kid = Some(value),
            "crit" => self.has_crit = true,
            // An unencoded payload (RFC 7797) changes what is signed; without `crit` it is malformed
            // besides (§6).
            "jwk" | "jku" | "x5c" | "x5u" | "b64" => self.has_forbidden = true,
            _ => {}
        }
    }
}

impl<'a> Header<'a> {
    pub(crate) fn parse(json: &'a [u8]) -> Result<Self, Error> {
        let mut noted = Noted::default();
        Object::scan(json::utf8(json)?, |name, value| noted.note(name, value))?;
        // RFC 7515 §4.1.11: an extension that isn't understood must be refused, and none is. An empty
        // or misshapen list is refused with the rest.
        if noted.has_crit {
            return Err(Error::new(
                ErrorKind::UnsupportedCrit,
                "the header has crit, and no extension is supported",
            ));
        }
        if noted.has_forbidden {
            return Err(Error::new(
                ErrorKind::ForbiddenHeader,
                "the header brings a key of its own or changes what is signed",
            ));
        }
        let alg = string(noted.alg)?.ok_or(Error::new(
            ErrorKind::InvalidHeader,
            "the header has no alg",
        ))?;
        Ok(Self {
            algorithm: Algorithm::from_name(&alg).ok_or(ALGORITHM_NOT_ALLOWED)?,
            typ: string(noted.typ)?,
            kid: string(noted.kid)?,
        })
    }
}

pub(crate) const ALGORITHM_NOT_ALLOWED: Error = Error::new(
    ErrorKind::AlgorithmNotAllowed,
    "the token's algorithm isn't one of those allowed",
);

fn string(member: Option<Value<'_>>) -> Result<Option<Cow<'_, str>>, Error> {
    match member.map(Value::into_string) {
        None => Ok(None),
        Some(Some(text)) => Ok(Some(text)),
        Some(None) => Err(Error::new(
            ErrorKind::InvalidHeader,
            "a member of the header isn't a string",
        )),
    }
}
