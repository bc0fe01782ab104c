//! Where in a request a token may sit: the `Authorization` field, and nowhere else.
//!
//! RFC 6750 §2.1 (`Bearer` and a b64token), RFC 9110 §11.4 (credentials) and §11.1 (schemes compare
//! case-insensitively). A token in the query or the body is never looked at: it would end up in logs
//! and histories (RFC 6750 §5.3, row A14).
//!
//! Invariant: what looks like a mangled bearer credential is `Malformed`, never `Absent`; a request
//! that tried and failed must not be served as an anonymous one.

use std::fmt;

use http::{HeaderMap, header::AUTHORIZATION};

/// What a request offers as its credential.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Credential<'a> {
    Absent,
    Bearer(&'a str),
    Malformed(Malformed),
}

/// Why a credential could not be read. Answered with 400 `invalid_request` (RFC 6750 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// More than one `Authorization` field.
    Repeated,
    /// The field is empty, or doesn't begin with an authentication scheme.
    NoScheme,
    /// The scheme is `Bearer`, and no token follows it.
    NoToken,
    /// What follows `Bearer` and one space isn't a b64token.
    NotAToken,
}

impl fmt::Display for Malformed {
    /// One clause of printable ASCII, without any part of the request.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Repeated => "more than one Authorization header",
            Self::NoScheme => "the Authorization header names no scheme",
            Self::NoToken => "no token follows the Bearer scheme",
            Self::NotAToken => "what follows the Bearer scheme is not a token",
        })
    }
}

pub(crate) fn credential(headers: &HeaderMap) -> Credential<'_> {
    let mut fields = headers.get_all(AUTHORIZATION).iter();
    let Some(field) = fields.next() else {
        return Credential::Absent;
    };
    // RFC 9110 §5.3: Authorization isn't a list, so two of them have no meaning; a proxy may have
    // judged the one and we the other. RFC 6750 §3.1 calls it invalid_request.
    if fields.next().is_some() {
        return Credential::Malformed(Malformed::Repeated);
    }

    let value = field.as_bytes();
    let (scheme, rest) = match value.iter().position(|&byte| byte == b' ') {
        Some(space) => (&value[..space], Some(&value[space + 1..])),
        None => (value, None),
    };
    if scheme.is_empty() || !scheme.iter().copied().all(is_tchar) {
        return Credential::Malformed(Malformed::NoScheme);
    }
    // RFC 6750 §3.1 counts an unsupported scheme as a request without authentication information:
    // `Basic` may be meant for something in front of us, and says nothing about a token.
    if !scheme.eq_ignore_ascii_case(b"Bearer") {
        return Credential::Absent;
    }
    let Some(token) = rest.filter(|token| !token.is_empty()) else {
        return Credential::Malformed(Malformed::NoToken);
    };
    // One space, although RFC 6750 §2.1 would let several stand: a second spelling of the same
    // credential is something that a proxy and we could read differently, and nobody sends it.
    match std::str::from_utf8(token) {
        Ok(token) if is_b64token(token) => Credential::Bearer(token),
        _ => Credential::Malformed(Malformed::NotAToken),
    }
}

/// RFC 6750 §2.1: `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
fn is_b64token(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    !body.is_empty()
        && body
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

/// RFC 9110 §5.6.2.
fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests;
