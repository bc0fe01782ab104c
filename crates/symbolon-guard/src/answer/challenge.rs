//! What `WWW-Authenticate` says: how to send a token, and what was wrong with the one that came.
//!
//! RFC 6750 §3 (parameters) and §3.1 (error codes), RFC 9110 §11.6.1 (one challenge for each scheme, a
//! field of its own for each: lists of challenges are often misread).

use std::{fmt::Write, time::Duration};

use http::HeaderValue;

use super::{
    Manner,
    text::{SIGNED_OUT, describe, describe_kind},
};
use crate::{Invalid, Reason, source::Source};

/// One challenge a scheme, in the order of the sources.
pub(super) fn challenges(reason: &Reason, manner: &Manner) -> Vec<HeaderValue> {
    let Some(mut parameters) = parameters(reason) else {
        return Vec::new();
    };
    if let Some(metadata) = &manner.metadata {
        // RFC 9728 §5.1.
        let _ = write!(parameters, r#", resource_metadata="{}""#, metadata.url());
    }
    let mut words: Vec<&str> = Vec::new();
    for source in manner.sources.in_order() {
        let word = match source {
            Source::Scheme(scheme) => scheme.as_str(),
            // RFC 9110 §15.5.2 wants a challenge, and no scheme means "none": a client that believed in
            // `Bearer` would be refused again, one that knows no `Raw` leaves it.
            Source::RawToken => "Raw",
            Source::Cookie(_) => "Cookie",
            // RFC 6750 §2.3: another place for the same kind of credential.
            Source::Query(_) | Source::JsonField(_) => "Bearer",
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
        .into_iter()
        .filter_map(|word| HeaderValue::try_from(format!("{word} {parameters}")).ok())
        .collect()
}

fn parameters(reason: &Reason) -> Option<String> {
    Some(match reason {
        // RFC 6750 §3.1: no error code where no credential was sent, so that a client that didn't know
        // can tell this from a token gone bad. §3 wants some parameter after the scheme all the same:
        // the realm.
        Reason::Absent(_) => r#"realm="api""#.to_owned(),
        Reason::Unavailable(_) | Reason::HookFailed(_) => return None,
        Reason::Invalid(Invalid::Token(error)) => error_with("invalid_token", describe(error).0),
        Reason::Invalid(Invalid::WrongKind(kind)) => {
            error_with("invalid_token", describe_kind(*kind).0)
        }
        Reason::Invalid(Invalid::Request(why)) => error_with("invalid_request", &why.to_string()),
        Reason::Invalid(Invalid::CrossSite(why)) => error_with("invalid_request", &why.to_string()),
        Reason::SignedOut => error_with("invalid_token", SIGNED_OUT.0),
        Reason::NotFresh(within) => not_fresh(*within),
        Reason::NotAllowed => error_with("insufficient_scope", "the caller may not do this"),
        // RFC 6750 §3: the scope that would do. A name that can't stand in quotes isn't one (RFC 6749
        // §3.3), and is left out.
        Reason::MissingScope(scope) => {
            let named = if scope.bytes().all(is_scope_byte) {
                format!(r#", scope="{scope}""#)
            } else {
                String::new()
            };
            let lacking = "the token lacks a scope that is needed here";
            error_with("insufficient_scope", lacking) + &named
        }
        Reason::MissingRole(_) => error_with(
            "insufficient_scope",
            "the caller lacks a role that is needed here",
        ),
    })
}

fn error_with(code: &str, description: &str) -> String {
    format!(r#"error="{code}", error_description="{description}""#)
}

/// RFC 9470 §3: how old a login may be at most.
fn not_fresh(within: Duration) -> String {
    let error = error_with(
        "insufficient_user_authentication",
        "the login is too long ago for this",
    );
    format!(r#"{error}, max_age="{}""#, within.as_secs())
}

const fn is_scope_byte(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}
