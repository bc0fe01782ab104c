//! The guard's refusals as HTTP answers.
//!
//! RFC 6750 §3 (challenges) and §3.1 (error codes), RFC 9110 §10.2.3 (Retry-After), RFC 9457
//! (problem details).
//!
//! Invariant: everything sent is fixed text, a number, or the name of a role that the program's author
//! wrote; no part of the request or its token comes back.

use std::{borrow::Cow, fmt, time::Duration};

use http::{
    HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde::Serialize;
use symbolon_token::{Error, ErrorKind};

use crate::{Invalid, Unavailable};

/// Why a request isn't served, and the answer that says so.
///
/// | what happened | status | `code` | challenge |
/// |---|---|---|---|
/// | no credential | 401 | `missing_token` | `Bearer` without an error code |
/// | token refused | 401 | `invalid_token` | `Bearer error="invalid_token"` |
/// | credential unreadable | 400 | `invalid_request` | `Bearer error="invalid_request"` |
/// | role missing | 403 | `insufficient_scope` | `Bearer error="insufficient_scope"` |
/// | keys can't be had | 503 | `keys_unavailable` | none; `Retry-After` |
///
/// The body is `application/problem+json` with `type`, `title`, `status`, `detail` and `code`.
///
/// ```
/// use symbolon_guard::Rejection;
///
/// let answer: http::Response<String> = Rejection::missing_token().into_http_response();
/// assert_eq!(answer.status(), 401);
/// assert!(answer.headers().contains_key("www-authenticate"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    MissingToken,
    Invalid(Invalid),
    MissingRole(Cow<'static, str>),
    Unavailable(Duration),
}

impl Rejection {
    /// Nothing was sent where a token is needed.
    pub const fn missing_token() -> Self {
        Self(Kind::MissingToken)
    }

    /// A credential was sent and is refused.
    pub const fn invalid(invalid: Invalid) -> Self {
        Self(Kind::Invalid(invalid))
    }

    /// The caller is known and lacks this role.
    pub fn missing_role(role: impl Into<Cow<'static, str>>) -> Self {
        Self(Kind::MissingRole(role.into()))
    }

    /// The token can't be judged now.
    pub const fn unavailable(unavailable: Unavailable) -> Self {
        Self(Kind::Unavailable(unavailable.retry_after))
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match &self.0 {
            Kind::MissingToken | Kind::Invalid(Invalid::Token(_)) => StatusCode::UNAUTHORIZED,
            Kind::Invalid(Invalid::Request(_)) => StatusCode::BAD_REQUEST,
            Kind::MissingRole(_) => StatusCode::FORBIDDEN,
            Kind::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The stable code, as it stands in the body: RFC 6750's own where it has one.
    pub fn code(&self) -> &'static str {
        match &self.0 {
            Kind::MissingToken => "missing_token",
            Kind::Invalid(Invalid::Token(_)) => "invalid_token",
            Kind::Invalid(Invalid::Request(_)) => "invalid_request",
            Kind::MissingRole(_) => "insufficient_scope",
            Kind::Unavailable(_) => "keys_unavailable",
        }
    }

    /// The token's own error, if a token was refused: its code says more than callers are told.
    pub fn token_error(&self) -> Option<&Error> {
        match &self.0 {
            Kind::Invalid(Invalid::Token(error)) => Some(error),
            _ => None,
        }
    }

    /// The whole answer, in whatever body type the service uses.
    pub fn into_http_response<B: From<String>>(self) -> Response<B> {
        let status = self.status();
        let detail = self.detail();
        let body = Details {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: &detail,
            code: self.code(),
        };
        // Strings and a number can always be written; an empty body would still have its status.
        let body = serde_json::to_string(&body).unwrap_or_default();
        let mut response = Response::new(B::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = self.challenge() {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if let Kind::Unavailable(retry_after) = self.0 {
            // Rounded up: RFC 9110 §10.2.3 knows whole seconds, and 0 would mean "at once".
            let seconds = retry_after.as_millis().div_ceil(1000).max(1);
            headers.insert(
                RETRY_AFTER,
                HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX)),
            );
        }
        response
    }

    fn challenge(&self) -> Option<HeaderValue> {
        let challenge = match &self.0 {
            // RFC 6750 §3.1: no error code where no credential was sent, so that a client that
            // didn't know can tell this from a token gone bad. §3 wants some parameter after the
            // scheme all the same: the realm.
            Kind::MissingToken => return Some(HeaderValue::from_static(r#"Bearer realm="api""#)),
            Kind::Unavailable(_) => return None,
            Kind::Invalid(Invalid::Token(error)) => format!(
                r#"Bearer error="invalid_token", error_description="{}""#,
                describe(error)
            ),
            Kind::Invalid(Invalid::Request(why)) => {
                format!(r#"Bearer error="invalid_request", error_description="{why}""#)
            }
            Kind::MissingRole(_) => {
                r#"Bearer error="insufficient_scope", error_description="the caller lacks a role that is needed here""#
                    .to_owned()
            }
        };
        HeaderValue::try_from(challenge).ok()
    }

    fn detail(&self) -> String {
        match &self.0 {
            Kind::MissingToken => {
                "An access token is needed: send it as Authorization: Bearer.".to_owned()
            }
            Kind::Invalid(Invalid::Token(error)) => {
                format!("The access token is refused: {}.", describe(error))
            }
            Kind::Invalid(Invalid::Request(why)) => {
                format!("The credential cannot be read: {why}.")
            }
            Kind::MissingRole(role) => format!("The caller lacks the role {role:?}."),
            Kind::Unavailable(_) => {
                "The keys to check this token with cannot be had at the moment.".to_owned()
            }
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.detail())
    }
}

impl std::error::Error for Rejection {}

#[cfg(feature = "axum")]
impl axum_core::response::IntoResponse for Rejection {
    fn into_response(self) -> axum_core::response::Response {
        self.into_http_response()
    }
}

/// RFC 9457 §3.1; `about:blank` says that the title is the status' own (§4.2.1).
#[derive(Serialize)]
struct Details<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
}

/// What the caller is told. Coarser than the token's own error, and free of the characters that an
/// `error_description` must not hold (RFC 6750 §3: no quote, no backslash, ASCII).
fn describe(error: &Error) -> &'static str {
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
