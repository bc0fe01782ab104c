//! `POST /api/login`: a username and a password in, an access token out.

use axum::{
    Json,
    extract::{Request, State},
    response::Response,
};
use serde::Serialize;
use zeroize::Zeroizing;

use super::super::{
    body::{Fields, read_fields},
    error::{Language, Problem},
    router::Http,
};

/// The answer, in the words of RFC 6749 §5.1.
#[derive(Serialize)]
pub(crate) struct TokenResponse {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
}

pub(crate) async fn login(
    State(http): State<Http>,
    language: Language,
    request: Request,
) -> Result<Json<TokenResponse>, Response> {
    let room = http.app.check_room_for_login();
    room.map_err(|error| Problem::from(error).answer(language))?;
    let [username, password] = credentials(request)
        .await
        .map_err(|problem| problem.answer(language))?;
    match http.app.login(&username, &password).await {
        Ok(login) => Ok(Json(TokenResponse {
            access_token: login.access_token,
            token_type: "Bearer",
            expires_in: login.expires_in.as_secs(),
        })),
        Err(error) => Err(Problem::from(error).answer(language)),
    }
}

async fn credentials(request: Request) -> Result<[Zeroizing<String>; 2], Problem> {
    let mut fields: Fields = read_fields(request).await?;
    let credentials = [fields.take("username")?, fields.take("password")?];
    fields.finish()?;
    Ok(credentials)
}
