//! Whether the process runs, and whether it can serve.

use axum::{Json, extract::State, response::Response};
use serde_json::{Value, json};

use super::{
    error::{Language, Problem},
    router::Http,
};

/// `GET /healthz`: the process answers.
pub(super) async fn alive() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// `GET /readyz`: the database answers too.
pub(super) async fn ready(
    State(http): State<Http>,
    language: Language,
) -> Result<Json<Value>, Response> {
    match http.app.check_ready().await {
        Ok(()) => Ok(Json(json!({ "status": "ok" }))),
        Err(error) => Err(Problem::from(error).answer(language)),
    }
}
