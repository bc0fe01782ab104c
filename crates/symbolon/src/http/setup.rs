//! `/setup`: the page that makes the first user by a code from the terminal (W7).
//!
//! The page is always there and always the same, so it tells nobody whether a code is out. The code comes
//! in a body only (a URL ends in logs and histories); a browser must say that this very page sent the form
//! (S3); and success answers 303, so that nothing is sent twice (A10).

mod page;
#[cfg(test)]
mod tests;

use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use zeroize::Zeroizing;

use super::{
    accept::wants_a_page,
    body::{Fields, read_fields},
    csrf,
    error::{Language, Problem},
    router::Http,
};
use crate::app::{SetupError, SetupInput, UserError};

/// Relative, so that a path in front of the issuer's stays (RFC 3986 §5.2).
const DONE: &str = "setup/done";

/// `GET /setup`.
pub(super) async fn form(language: Language) -> Response {
    page::form(language, None)
}

/// `GET /setup/done`.
pub(super) async fn done(language: Language) -> Response {
    page::done(language)
}

/// `POST /setup`.
pub(super) async fn submit(
    State(http): State<Http>,
    language: Language,
    request: Request,
) -> Response {
    let for_people = wants_a_page(request.headers());
    match redeem(&http, request).await {
        Ok(()) => (StatusCode::SEE_OTHER, [(header::LOCATION, DONE)]).into_response(),
        Err(problem) if for_people => page::form(language, Some(&problem)),
        Err(problem) => problem.answer(language),
    }
}

async fn redeem(http: &Http, request: Request) -> Result<(), Problem> {
    if !csrf::is_same_origin(request.headers(), &http.app.issuer) {
        return Err(Problem::CrossSite);
    }
    let [code, username, password, repeated] = fields(request).await?;
    let input = SetupInput {
        code: &code,
        username: &username,
        password: &password,
        repeated: &repeated,
    };
    http.app.redeem_setup(input).await?;
    Ok(())
}

async fn fields(request: Request) -> Result<[Zeroizing<String>; 4], Problem> {
    let mut fields: Fields = read_fields(request).await?;
    let taken = [
        fields.take("code")?,
        fields.take("username")?,
        fields.take("password")?,
        fields.take("repeated")?,
    ];
    fields.finish()?;
    Ok(taken)
}

impl From<SetupError> for Problem {
    fn from(error: SetupError) -> Self {
        match error {
            SetupError::Code => Self::SetupCode,
            SetupError::PasswordsDiffer => Self::PasswordsDiffer,
            SetupError::User(error) => match error {
                UserError::Username(error) => Self::Username(error),
                UserError::Password(error) => Self::Password(error),
                UserError::NameTaken => Self::UsernameTaken,
                UserError::App(error) => error.into(),
                UserError::Role(_) | UserError::Unknown => Self::Internal,
            },
        }
    }
}
