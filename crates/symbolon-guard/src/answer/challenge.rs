//! What `WWW-Authenticate` says: how to send a token, and what was wrong with the one that came.
//!
//! RFC 6750 §3 (parameters) and §3.1 (error codes), RFC 9110 §11.6.1 (one challenge for each scheme, a
//! field of its own for each: lists of challenges are often misread).

use http::HeaderValue;

use super::problem::{SIGNED_OUT, describe};
use crate::{Invalid, Reason, Sources, source::Source};

/// One challenge a source, in the order of the sources.
pub(super) fn challenges(reason: &Reason, sources: &Sources) -> Vec<HeaderValue> {
    let Some(parameters) = parameters(reason) else {
        return Vec::new();
    };
    let words = sources.in_order().iter().map(|source| match source {
        Source::Scheme(scheme) => scheme.as_str(),
        // RFC 9110 §15.5.2 wants a challenge, and no scheme means "none": a client that believed in
        // `Bearer` would be refused again, one that knows no `Raw` leaves it.
        Source::RawToken => "Raw",
    });
    words
        .filter_map(|word| HeaderValue::try_from(format!("{word} {parameters}")).ok())
        .collect()
}

fn parameters(reason: &Reason) -> Option<String> {
    Some(match reason {
        // RFC 6750 §3.1: no error code where no credential was sent, so that a client that didn't know
        // can tell this from a token gone bad. §3 wants some parameter after the scheme all the same:
        // the realm.
        Reason::Absent(_) => r#"realm="api""#.to_owned(),
        Reason::Unavailable(_) => return None,
        Reason::Invalid(Invalid::Token(error)) => format!(
            r#"error="invalid_token", error_description="{}""#,
            describe(error)
        ),
        Reason::Invalid(Invalid::Request(why)) => {
            format!(r#"error="invalid_request", error_description="{why}""#)
        }
        Reason::SignedOut => {
            format!(r#"error="invalid_token", error_description="{SIGNED_OUT}""#)
        }
        // RFC 6750 §3: the scope that would do. A name that can't stand in quotes isn't one (RFC 6749
        // §3.3), and is left out.
        Reason::MissingScope(scope) => {
            let named = if scope.bytes().all(is_scope_byte) {
                format!(r#", scope="{scope}""#)
            } else {
                String::new()
            };
            format!(
                r#"error="insufficient_scope", error_description="the token lacks a scope that is needed here"{named}"#
            )
        }
        Reason::MissingRole(_) => {
            r#"error="insufficient_scope", error_description="the caller lacks a role that is needed here""#
                .to_owned()
        }
    })
}

const fn is_scope_byte(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}
