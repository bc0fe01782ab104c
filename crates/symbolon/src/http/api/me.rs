//! `GET /api/me`: who the caller is, as Symbolon knows them now.

use axum::{Json, extract::State, response::Response};
use serde::Serialize;
use symbolon_guard::Caller;

use super::super::{
    error::{Language, Problem},
    router::Http,
};

/// The user; `id` is the `sub` of their tokens.
#[derive(Serialize)]
pub(crate) struct Me {
    id: String,
    username: String,
    roles: Vec<String>,
}

pub(crate) async fn me(
    State(http): State<Http>,
    language: Language,
    caller: Caller,
) -> Result<Json<Me>, Response> {
    match http.app.find_signed_in(&caller).await {
        Ok(Some(user)) => Ok(Json(Me {
            id: user.subject().to_owned(),
            username: user.username().to_owned(),
            roles: user.roles().map(str::to_owned).collect(),
        })),
        Ok(None) => Err(Problem::SessionOver.answer(language)),
        Err(error) => Err(Problem::from(error).answer(language)),
    }
}
