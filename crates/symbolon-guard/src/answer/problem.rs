//! The usual answer: problem details with a stable code.
//!
//! RFC 9457 §3.1 (members) and §4.2.1 (`about:blank`), RFC 6750 §3.1 (codes).

use http::{HeaderValue, Response, header::CONTENT_TYPE};
use serde::Serialize;
use symbolon_token::{Error, ErrorKind};

use crate::{Invalid, Reason, Rejection, Sources, source::Source};

/// Status, body and media type.
pub(crate) fn problem(rejection: &Rejection, sources: &Sources) -> Response<String> {
    let status = rejection.status();
    let detail = detail(rejection.reason(), sources);
    let body = Details {
        r#type: "about:blank",
        title: status.canonical_reason().unwrap_or_default(),
        status: status.as_u16(),
        detail: &detail,
        code: rejection.code(),
    };
    // Strings and a number can always be written; an empty body would still have its status.
    let body = serde_json::to_string(&body).unwrap_or_default();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    response
}

/// One sentence for people.
pub(crate) fn detail(reason: &Reason, sources: &Sources) -> String {
    match reason {
        Reason::Absent(_) => match sources.in_order().first() {
            Some(Source::RawToken) => {
                "An access token is needed: send it as Authorization, without a scheme.".to_owned()
            }
            Some(Source::Scheme(scheme)) => format!(
                "An access token is needed: send it as Authorization: {}.",
                scheme.as_str()
            ),
            None => "An access token is needed.".to_owned(),
        },
        Reason::Invalid(Invalid::Token(error)) => {
            format!("The access token is refused: {}.", describe(error))
        }
        Reason::Invalid(Invalid::Request(why)) => {
            format!("The credential cannot be read: {why}.")
        }
        Reason::SignedOut => format!("The access token is refused: {SIGNED_OUT}."),
        Reason::MissingScope(scope) => format!("The token lacks the scope {scope:?}."),
        Reason::MissingRole(role) => format!("The caller lacks the role {role:?}."),
        Reason::Unavailable(_) => {
            "The keys to check this token with cannot be had at the moment.".to_owned()
        }
    }
}

/// What the caller of a token that counts no more is told.
pub(super) const SIGNED_OUT: &str = "its user is not signed in any more";

/// What the caller is told. Coarser than the token's own error, and free of the characters that an
/// `error_description` must not hold (RFC 6750 §3: no quote, no backslash, ASCII).
pub(super) fn describe(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Expired => "it has expired",
        ErrorKind::NotYetValid => "it is not valid yet",
        ErrorKind::WrongIssuer => "it is from another issuer",
        ErrorKind::WrongAudience => "it is meant for another audience",
        ErrorKind::WrongTyp => "it is not an access token",
        ErrorKind::UnknownKey => "it is signed with an unknown key",
        ErrorKind::BadSignature => "its signature is wrong",
        ErrorKind::AlgorithmNotAllowed => "its algorithm is not allowed",
        ErrorKind::MissingClaim | ErrorKind::InvalidClaim | ErrorKind::UnreadableClaims => {
            "its claims are incomplete or wrong"
        }
        ErrorKind::TooLarge => "it is too large",
        _ => "it is malformed",
    }
}

#[derive(Serialize)]
struct Details<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
}
