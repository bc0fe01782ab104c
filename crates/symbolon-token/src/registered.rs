//! The registered claims (RFC 7519 §4.1), read with their exact types.
//!
//! A claim of the wrong type is an error, never an absent claim: reading `"exp": "1700000000"` as "no
//! expiry" or `"aud": 7` as "any audience" is how checks were skipped in other libraries
//! (CVE-2026-25537, CVE-2020-26160).

use crate::{
    Timestamp,
    error::{Error, ErrorKind},
    json::{Object, Value},
};

/// How many audiences a token may name. A list of empty strings takes eight times as much memory as its
/// text; with this, whatever a token of 16 KiB says takes less than the threefold.
const AUDIENCE_LIMIT: usize = 256;

/// The registered claims of a verified token.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredClaims {
    /// `iss`: who issued the token. `None` only where a verifier waives it.
    pub issuer: Option<String>,
    /// `sub`: whom it is about.
    pub subject: Option<String>,
    /// `aud`: whom it is meant for.
    pub audience: Vec<String>,
    /// `exp`: the first moment in which it is no longer valid.
    pub expires_at: Timestamp,
    /// `iat`: when it was issued.
    pub issued_at: Option<Timestamp>,
    /// `nbf`: when it starts to be valid.
    pub not_before: Option<Timestamp>,
    /// `jti`: the name of this one token.
    pub token_id: Option<String>,
}

/// The claims as they stand in the payload: well typed, nothing compared with anything yet.
#[derive(Default)]
pub(crate) struct Unchecked {
    pub(crate) issuer: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) audience: Option<Vec<String>>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) issued_at: Option<Timestamp>,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) token_id: Option<String>,
}

impl Unchecked {
    pub(crate) fn read(payload: Object<'_>) -> Result<Self, Error> {
        let mut claims = Self::default();
        for (name, value) in payload.members() {
            match name.decoded().as_ref() {
                "iss" => claims.issuer = Some(string("iss", value)?),
                "sub" => claims.subject = Some(string("sub", value)?),
                "aud" => claims.audience = Some(string_or_list("aud", value)?),
                "exp" => claims.expires_at = Some(numeric_date("exp", value)?),
                "iat" => claims.issued_at = Some(numeric_date("iat", value)?),
                "nbf" => claims.not_before = Some(numeric_date("nbf", value)?),
                "jti" => claims.token_id = Some(string("jti", value)?),
                _ => {}
            }
        }
        Ok(claims)
    }
}

fn string(claim: &'static str, value: Value<'_>) -> Result<String, Error> {
    value
        .into_string()
        .map(std::borrow::Cow::into_owned)
        .ok_or(invalid(claim, "it isn't a string"))
}

fn string_or_list(claim: &'static str, value: Value<'_>) -> Result<Vec<String>, Error> {
    match value {
        Value::Array(array) if array.items().nth(AUDIENCE_LIMIT).is_some() => {
            Err(invalid(claim, "it names too many"))
        }
        Value::Array(array) => array
            .strings()
            .ok_or(invalid(claim, "it isn't a list of strings")),
        value => Ok(vec![string(claim, value)?]),
    }
}

/// Seconds since the epoch as a JSON number, whole or not (RFC 7519 §2), up to the year 9999.
fn numeric_date(claim: &'static str, value: Value<'_>) -> Result<Timestamp, Error> {
    let Value::Number(number) = value else {
        return Err(invalid(claim, "it isn't a number"));
    };
    timestamp(number).ok_or(invalid(claim, "it is out of range"))
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
