//! Why an app session can't be used as a handler asks.
//!
//! Invariant: keys are the program's own words and may be told; values never are.

use axum::response::{IntoResponse, Response};
use symbolon_rules::app_session::EntryError;

use super::super::error::{Language, Problem};

/// What a handler can't do with its [`AppSession`](super::AppSession).
///
/// As an answer it is 413 where a value was too large, which may be the visitor's doing, and 500
/// where the program has to be changed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppSessionError {
    /// The value that is there is no `T`.
    #[error("the value under {0:?} in the app session is of another type")]
    OtherType(String),
    /// The value to set has no form in JSON.
    #[error("the value for {0:?} in the app session can't be written as JSON")]
    NotJson(String),
    /// The key is empty, longer than 255 bytes, or one of the engine's own.
    #[error("a key of an app session has 1 to 255 bytes and doesn't begin with `symbolon.`")]
    Key,
    /// The value is longer than 4 KiB.
    #[error("a value in an app session has 4 KiB at the most")]
    ValueTooLarge,
    /// There would be more than 32 KiB.
    #[error("an app session holds 32 KiB at the most")]
    Full,
    /// The token names no sign-in.
    #[error("the caller's token names no sign-in that an app session could hang on")]
    NoSignIn,
    /// The request was answered already: nothing can be kept for it any more.
    #[error("the request was answered before its app session was used")]
    Answered,
}

impl From<EntryError> for AppSessionError {
    fn from(error: EntryError) -> Self {
        match error {
            EntryError::Key => Self::Key,
            EntryError::ValueTooLarge => Self::ValueTooLarge,
            EntryError::Full => Self::Full,
        }
    }
}

impl IntoResponse for AppSessionError {
    fn into_response(self) -> Response {
        let problem = match self {
            Self::ValueTooLarge | Self::Full => Problem::AppSessionFull,
            Self::OtherType(_) | Self::NotJson(_) | Self::Key | Self::NoSignIn | Self::Answered => {
                tracing::error!(error = %self, "answering 500");
                Problem::Internal
            }
        };
        problem.answer(Language::English)
    }
}
