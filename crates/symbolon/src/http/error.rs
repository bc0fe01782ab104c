//! The only file that picks a status: refusals and failures as problem details (RFC 9457).
//!
//! Invariant: an answer is fixed text and the name of a field of ours. Nothing that was sent comes
//! back, and the four ways a login can be wrong are one answer (W4).

use std::{convert::Infallible, time::Duration};

use axum::{
    Json,
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Serialize;
#[cfg(feature = "client")]
use symbolon_rules::upstream::Why;
use symbolon_rules::{password::PasswordError, user::UsernameError};

use super::messages::{self, Message};
use crate::app::{AppError, LoginError};

/// Everything that can be wrong with a request, or with us.
#[derive(Debug)]
pub(super) enum Problem {
    InvalidCredentials,
    /// The account waits, whoever has it or nobody.
    TooManyAttempts {
        retry_after: Duration,
    },
    SessionOver,
    Username(UsernameError),
    Password(PasswordError),
    MissingField(&'static str),
    DuplicateField(&'static str),
    FieldType(&'static str),
    UnknownField,
    MalformedJson,
    MalformedForm,
    NotAnObject,
    NotUtf8,
    DuplicateContentType,
    #[cfg(feature = "cli")]
    Host,
    UnsupportedMediaType,
    BodyTooLarge,
    BodyCutOff,
    RequestTimeout,
    AppSessionEnded,
    AppSessionFull,
    /// A login with a provider came to nothing.
    #[cfg(feature = "client")]
    LogIn(Why),
    /// A page needs somebody who has logged in.
    #[cfg(feature = "client")]
    LogInRequired,
    /// A request that changes something may come from another site.
    #[cfg(any(feature = "client", feature = "cli"))]
    CrossSite,
    /// A code for the first user is none, used, replaced or expired.
    #[cfg(feature = "cli")]
    SetupCode,
    #[cfg(feature = "cli")]
    PasswordsDiffer,
    #[cfg(feature = "cli")]
    UsernameTaken,
    NotFound,
    MethodNotAllowed,
    Unavailable,
    /// The server is about to end.
    #[cfg(feature = "cli")]
    Draining,
    /// It took longer than anything may.
    #[cfg(feature = "cli")]
    Overdue,
    /// Too many logins are waiting.
    Busy {
        retry_after: Duration,
    },
    Internal,
}

impl Problem {
    /// The status of the answer and its stable code; docs/errors.md lists them.
    const fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Self::InvalidCredentials => (StatusCode::UNAUTHORIZED, "invalid_credentials"),
            Self::TooManyAttempts { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts"),
            Self::SessionOver => (StatusCode::UNAUTHORIZED, "invalid_token"),
            Self::Username(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_username"),
            Self::Password(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_password"),
            Self::MissingField(_) => (StatusCode::UNPROCESSABLE_ENTITY, "missing_field"),
            Self::DuplicateField(_) => (StatusCode::UNPROCESSABLE_ENTITY, "duplicate_field"),
            Self::FieldType(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_field_type"),
            Self::UnknownField => (StatusCode::UNPROCESSABLE_ENTITY, "unknown_field"),
            Self::NotAnObject => (StatusCode::UNPROCESSABLE_ENTITY, "not_an_object"),
            Self::MalformedJson => (StatusCode::BAD_REQUEST, "malformed_json"),
            Self::MalformedForm => (StatusCode::BAD_REQUEST, "malformed_form"),
            Self::NotUtf8 => (StatusCode::BAD_REQUEST, "not_utf8"),
            Self::DuplicateContentType => (StatusCode::BAD_REQUEST, "duplicate_header"),
            #[cfg(feature = "cli")]
            Self::Host => (StatusCode::BAD_REQUEST, "invalid_host"),
            Self::BodyCutOff => (StatusCode::BAD_REQUEST, "body_cut_off"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type")
            }
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            Self::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, "request_timeout"),
            Self::AppSessionEnded => (StatusCode::CONFLICT, "app_session_ended"),
            Self::AppSessionFull => (StatusCode::PAYLOAD_TOO_LARGE, "app_session_full"),
            #[cfg(feature = "client")]
            Self::LogIn(why) => match why {
                Why::Malformed => (StatusCode::BAD_REQUEST, "login_answer_malformed"),
                Why::NotUnderWay => (StatusCode::BAD_REQUEST, "login_not_under_way"),
                Why::WrongProvider => (StatusCode::BAD_REQUEST, "login_answer_of_another"),
                Why::Denied => (StatusCode::BAD_REQUEST, "login_denied"),
                Why::NotAdmitted => (StatusCode::FORBIDDEN, "login_not_admitted"),
                // Ours to ask and theirs to answer: RFC 4918 §11.4 has the word for it.
                Why::Unavailable => (StatusCode::FAILED_DEPENDENCY, "provider_unavailable"),
                Why::Faulty => (StatusCode::FAILED_DEPENDENCY, "provider_faulty"),
                Why::ClientRefused => (StatusCode::FAILED_DEPENDENCY, "client_refused"),
            },
            #[cfg(feature = "client")]
            Self::LogInRequired => (StatusCode::UNAUTHORIZED, "login_required"),
            #[cfg(feature = "cli")]
            Self::SetupCode => (StatusCode::FORBIDDEN, "setup_code_refused"),
            #[cfg(feature = "cli")]
            Self::PasswordsDiffer => (StatusCode::UNPROCESSABLE_ENTITY, "passwords_differ"),
            #[cfg(feature = "cli")]
            Self::UsernameTaken => (StatusCode::CONFLICT, "username_taken"),
            #[cfg(any(feature = "client", feature = "cli"))]
            Self::CrossSite => (StatusCode::FORBIDDEN, "cross_site"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::Unavailable | Self::Busy { .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable")
            }
            #[cfg(feature = "cli")]
            Self::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
            #[cfg(feature = "cli")]
            Self::Overdue => (StatusCode::SERVICE_UNAVAILABLE, "request_overdue"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
        }
    }

    const fn field(&self) -> Option<&'static str> {
        match self {
            Self::MissingField(field) | Self::DuplicateField(field) | Self::FieldType(field) => {
                Some(*field)
            }
            Self::Username(_) => Some("username"),
            Self::Password(_) => Some("password"),
            _ => None,
        }
    }

    /// Status, code and texts, for an answer that is a page.
    #[cfg(any(feature = "client", feature = "cli"))]
    pub(super) const fn parts(&self, language: Language) -> (StatusCode, &'static str, Message) {
        let (status, code) = self.kind();
        (status, code, messages::of(self, language))
    }

    /// The answer for a caller who reads this language.
    pub(super) fn answer(&self, language: Language) -> Response {
        let (status, code) = self.kind();
        let Message { title, detail } = messages::of(self, language);
        let body = Details {
            r#type: "about:blank",
            title,
            status: status.as_u16(),
            detail,
            code,
            field: self.field(),
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(
            header::CONTENT_LANGUAGE,
            HeaderValue::from_static(language.tag()),
        );
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Language"));
        match self {
            // RFC 6750 §3.1: a token that was good and is no more.
            Self::SessionOver => {
                const CHALLENGE: &str =
                    r#"Bearer error="invalid_token", error_description="The session has ended""#;
                headers.insert(
                    header::WWW_AUTHENTICATE,
                    HeaderValue::from_static(CHALLENGE),
                );
            }
            // RFC 9110 §15.5.2 wants a challenge, and a browser's login has no scheme: the name says what
            // would help.
            #[cfg(feature = "client")]
            Self::LogInRequired => {
                let challenge = HeaderValue::from_static("Cookie realm=\"login\"");
                headers.insert(header::WWW_AUTHENTICATE, challenge);
            }
            // A body that wasn't read to its end would be taken for the next request.
            Self::BodyTooLarge | Self::RequestTimeout | Self::BodyCutOff => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        self.say_when_to_retry(headers);
        response
    }

    /// RFC 9110 §10.2.3.
    pub(super) fn say_when_to_retry(&self, headers: &mut HeaderMap) {
        let after = match self {
            Self::TooManyAttempts { retry_after } | Self::Busy { retry_after } => *retry_after,
            Self::Unavailable => Duration::from_secs(1),
            #[cfg(feature = "cli")]
            Self::Draining | Self::Overdue => Duration::from_secs(1),
            _ => return,
        };
        headers.insert(header::RETRY_AFTER, after.as_secs().into());
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Unavailable(reason) => {
                tracing::warn!(reason, "answering 503");
                Self::Unavailable
            }
            // In a storm there are thousands: what they have to know is in the answer.
            AppError::Busy { retry_after } => {
                tracing::debug!("too many logins are waiting: answering 503");
                Self::Busy { retry_after }
            }
            AppError::Fault(reason) => {
                tracing::error!(reason, "answering 500");
                Self::Internal
            }
        }
    }
}

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Refused => Self::InvalidCredentials,
            LoginError::TooManyAttempts { retry_after } => Self::TooManyAttempts { retry_after },
            LoginError::Username(error) => Self::Username(error),
            LoginError::Password(error) => Self::Password(error),
            LoginError::App(error) => error.into(),
        }
    }
}

#[derive(Serialize)]
struct Details {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'static str,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
}

/// A language that people are answered in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Korean,
}

impl Language {
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Korean => "ko",
        }
    }

    /// RFC 9110 §12.5.4: the one that the caller prefers, English where that isn't said.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT_LANGUAGE).iter();
        let ranges = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        let mut weights = [0.0_f32; 2];
        for range in ranges {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let weight = parameters
                .trim()
                .strip_prefix("q=")
                .map_or(1.0, |weight| weight.trim().parse().unwrap_or(0.0));
            let primary = tag.trim().split('-').next().unwrap_or_default();
            let slot = match primary.to_ascii_lowercase().as_str() {
                "en" | "*" => 0,
                "ko" => 1,
                _ => continue,
            };
            weights[slot] = weights[slot].max(weight);
        }
        if weights[1] > weights[0] {
            Self::Korean
        } else {
            Self::English
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

/// What is at no route.
pub(super) async fn not_found(language: Language) -> Response {
    Problem::NotFound.answer(language)
}

/// What is at a route that doesn't take this method; the router adds `Allow`.
pub(super) async fn method_not_allowed(language: Language) -> Response {
    Problem::MethodNotAllowed.answer(language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_language_is_chosen_by_weight() {
        for (accepted, expected) in [
            ("", Language::English),
            ("ko", Language::Korean),
            ("ko-KR,ko;q=0.9,en-US;q=0.8", Language::Korean),
            ("en;q=0.8, ko;q=0.9", Language::Korean),
            ("en-GB, ko;q=0.9", Language::English),
            ("fr", Language::English),
            ("ko;q=0", Language::English),
            ("*", Language::English),
            ("ko;q=x", Language::English),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, accepted.parse().unwrap());
            assert_eq!(Language::of(&headers), expected, "{accepted:?}");
        }
    }
}
