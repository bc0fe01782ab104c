//! The registered claims (RFC 7519 §4.1), read with their exact types.
//!
//! A claim of the wrong type is an error, never an absent claim: reading `"exp": "1700000000"` as "no
//! expiry" or `"aud": 7` as "any audience" is how checks were skipped in other libraries
//! (CVE-2026-25537, CVE-2020-26160). What is read here still lies in the payload; nothing is copied
//! before somebody asks for `RegisteredClaims`.

use crate::{
    Timestamp,
    error::{Error, ErrorKind},
    json::{Array, Object, Text, Value},
    legacy::Legacy,
};

/// How many audiences a token may name. A list of empty strings takes eight times as much memory as its
/// text; with this, whatever a token of 16 KiB says takes less than the threefold.
const AUDIENCE_LIMIT: usize = 256;

/// The registered claims of a verified token (RFC 7519 §4.1).
///
/// ```
/// use symbolon_token::{Error, Timestamp, Verifier};
///
/// fn subject(verifier: &Verifier, token: &str, now: Timestamp) -> Result<Option<String>, Error> {
///     let proof = verifier.check(token, now)?;
///     Ok(proof.registered().subject.clone())
/// }
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredClaims {
    /// `iss`: who issued the token. `None` only where a verifier waives it.
    pub issuer: Option<String>,
    /// `sub`: whom it is about.
    pub subject: Option<String>,
    /// `aud`: whom it is meant for.
    pub audience: Vec<String>,
    /// `exp`: the first moment in which it is no longer valid. [`Timestamp::NEVER`] only where a
    /// verifier waives it.
    pub expires_at: Timestamp,
    /// `iat`: when it was issued.
    pub issued_at: Option<Timestamp>,
    /// `nbf`: when it starts to be valid.
    pub not_before: Option<Timestamp>,
    /// `jti`: the name of this one token.
    pub token_id: Option<String>,
}

impl RegisteredClaims {
    pub(crate) const fn none() -> Self {
        Self {
            issuer: None,
            subject: None,
            audience: Vec::new(),
            expires_at: Timestamp::from_secs(0),
            issued_at: None,
            not_before: None,
            token_id: None,
        }
    }
}

/// The claims as they stand in the payload: well typed, nothing compared with anything yet.
#[derive(Clone, Copy)]
pub(crate) struct Unchecked<'a> {
    pub(crate) issuer: Option<Text<'a>>,
    /// A string; where a verifier is told so, a whole number too.
    pub(crate) subject: Option<Value<'a>>,
    /// A string or a list of strings.
    pub(crate) audience: Option<Value<'a>>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) issued_at: Option<Timestamp>,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) token_id: Option<Text<'a>>,
}

impl<'a> Unchecked<'a> {
    /// Scans the payload once and reads what is registered.
    pub(crate) fn read(payload: &'a str, legacy: Legacy) -> Result<Self, Error> {
        let mut noted = Noted::default();
        Object::scan(payload, |name, value| noted.note(name, value))?;
        Ok(Self {
            issuer: noted.iss.map(|value| string("iss", value)).transpose()?,
            subject: noted.sub.map(|value| subject(value, legacy)).transpose()?,
            audience: noted.aud.map(string_or_list).transpose()?,
            expires_at: date("exp", noted.exp, legacy)?,
            issued_at: date("iat", noted.iat, legacy)?,
            not_before: date("nbf", noted.nbf, legacy)?,
            token_id: noted.jti.map(|value| string("jti", value)).transpose()?,
        })
    }

    /// The audiences one by one.
    pub(crate) fn audiences(&self) -> impl Iterator<Item = Text<'a>> {
        let (one, several) = match self.audience {
            Some(Value::String(one)) => (Some(one), None),
            Some(Value::Array(list)) => (None, Some(list)),
            _ => (None, None),
        };
        let several = several.into_iter().flat_map(Array::items);
        one.into_iter().chain(several.filter_map(|item| match item {
            Value::String(text) => Some(text),
            _ => None,
        }))
    }

    pub(crate) fn to_owned(self) -> RegisteredClaims {
        let owned = |text: Text<'_>| text.decoded().into_owned();
        RegisteredClaims {
            issuer: self.issuer.map(owned),
            subject: self.subject.and_then(|subject| match subject {
                Value::String(text) => Some(owned(text)),
                Value::Number(number) => Some(number.to_owned()),
                _ => None,
            }),
            audience: self.audiences().map(owned).collect(),
            expires_at: self.expires_at.unwrap_or(Timestamp::NEVER),
            issued_at: self.issued_at,
            not_before: self.not_before,
            token_id: self.token_id.map(owned),
        }
    }
}

/// Where the registered members are, whatever they are.
#[derive(Default)]
struct Noted<'a> {
    iss: Option<Value<'a>>,
    sub: Option<Value<'a>>,
    aud: Option<Value<'a>>,
    exp: Option<Value<'a>>,
    iat: Option<Value<'a>>,
    nbf: Option<Value<'a>>,
    jti: Option<Value<'a>>,
}

impl<'a> Noted<'a> {
    fn note(&mut self, name: Text<'a>, value: Value<'a>) {
        let place = match name.name().as_ref() {
            "iss" => &mut self.iss,
            "sub" => &mut self.sub,
            "aud" => &mut self.aud,
            "exp" => &mut self.exp,
            "iat" => &mut self.iat,
            "nbf" => &mut self.nbf,
            "jti" => &mut self.jti,
            _ => return,
        };
        *place = Some(value);
    }
}

fn string<'a>(claim: &'static str, value: Value<'a>) -> Result<Text<'a>, Error> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(invalid(claim, "it isn't a string")),
    }
}

fn subject(value: Value<'_>, legacy: Legacy) -> Result<Value<'_>, Error> {
    match value {
        Value::String(_) => Ok(value),
        Value::Number(number) if legacy.integer_subject && number.parse::<i64>().is_ok() => {
            Ok(value)
        }
        _ => Err(invalid("sub", "it isn't a string")),
    }
}

fn string_or_list(value: Value<'_>) -> Result<Value<'_>, Error> {
    match value {
        Value::String(_) => Ok(value),
        Value::Array(list) => {
            if list.items().nth(AUDIENCE_LIMIT).is_some() {
                return Err(invalid("aud", "it names too many"));
            }
            if !list.items().all(|item| matches!(item, Value::String(_))) {
                return Err(invalid("aud", "it isn't a list of strings"));
            }
            Ok(value)
        }
        _ => Err(invalid("aud", "it isn't a string")),
    }
}

/// Seconds since the epoch as a JSON number, whole or not (RFC 7519 §2), up to the year 9999.
fn date(
    claim: &'static str,
    value: Option<Value<'_>>,
    legacy: Legacy,
) -> Result<Option<Timestamp>, Error> {
    let number = match value {
        None => return Ok(None),
        Some(Value::Number(number)) => number,
        Some(Value::String(text)) if legacy.text_dates && is_digits(text.raw()) => text.raw(),
        Some(_) => return Err(invalid(claim, "it isn't a number")),
    };
    timestamp(number)
        .map(Some)
        .ok_or(invalid(claim, "it is out of range"))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn timestamp(number: &str) -> Option<Timestamp> {
    const LAST_SECOND: i64 = 253_402_300_799;
    if let Ok(seconds) = number.parse::<i64>() {
        return (0..=LAST_SECOND)
            .contains(&seconds)
            .then(|| Timestamp::from_secs(seconds));
    }
    let milliseconds = (number.parse::<f64>().ok()? * 1000.0).floor();
    #[expect(
        clippy::cast_precision_loss,
        reason = "the limit in milliseconds is below 2^53 and exact"
    )]
    let range = 0.0..=(LAST_SECOND * 1000) as f64;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "floored and within the range just checked"
    )]
    range
        .contains(&milliseconds)
        .then(|| Timestamp::from_millis(milliseconds as i64))
}

const fn invalid(claim: &'static str, reason: &'static str) -> Error {
    Error::claim_refused(ErrorKind::InvalidClaim, claim, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t10_numeric_dates_are_exact_and_in_range() {
        let millis = |number| timestamp(number).map(Timestamp::as_millis);
        assert_eq!(millis("0"), Some(0));
        assert_eq!(millis("1700000000"), Some(1_700_000_000_000));
        assert_eq!(millis("1700000000.25"), Some(1_700_000_000_250));
        assert_eq!(millis("1.7e9"), Some(1_700_000_000_000));
        assert_eq!(millis("253402300799"), Some(253_402_300_799_000));
        for out_of_range in [
            "-1",
            "-0.001",
            "-1e3",
            "253402300800",
            "1e12",
            "1e300",
            "9223372036854775808",
            "18446744073709551616",
        ] {
            assert_eq!(millis(out_of_range), None, "{out_of_range}");
        }
    }
}
