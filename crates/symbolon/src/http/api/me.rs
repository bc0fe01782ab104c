//! `GET /api/me`: who the caller is, as Symbolon knows them now.

use axum::{Json, extract::State, response::Response};
use serde::Serialize;
use symbolon_guard::Caller;
use symbolon_rules::permission::Role;

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
        Ok(Some((id, user))) => Ok(Json(Me {
            id: id.to_string(),
            username: user.username.as_str().to_owned(),
            roles: user.roles.iter().map(Role::to_string).collect(),
        })),
        Ok(None) => Err(Problem::SessionOver.answer(language)),
        Err(error) => Err(Problem::from(error).answer(language)),
    }
}
