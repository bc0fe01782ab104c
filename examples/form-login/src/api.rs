//! The routes: `POST /login` by form or JSON, `GET /protected` for whoever is signed in.

use axum::{
    Form, Json, Router,
    extract::{FromRef, FromRequest, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use symbolon::{Engine, LoginError, guard::Guard};

use crate::guard::SignedIn;

/// What the routes need.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) engine: Engine,
    pub(crate) guard: Guard,
}

impl FromRef<Api> for Engine {
    fn from_ref(api: &Api) -> Self {
        api.engine.clone()
    }
}

impl FromRef<Api> for Guard {
    fn from_ref(api: &Api) -> Self {
        api.guard.clone()
    }
}

pub(crate) fn routes(api: Api) -> Router {
    Router::new()
        .route("/login", post(login))
        .route("/protected", get(protected))
        .with_state(api)
}

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

impl<S: Send + Sync> FromRequest<S> for Credentials {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let is_json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
        if is_json {
            let json = Json::from_request(request, state).await;
            let json = json.map_err(|rejection| Refusal::Body(rejection.status()))?;
            return Ok(json.0);
        }
        let form = Form::from_request(request, state).await;
        let form = form.map_err(|rejection| Refusal::Body(rejection.status()))?;
        Ok(form.0)
    }
}

#[derive(Serialize)]
struct AccessToken {
    access_token: String,
}

async fn login(
    State(api): State<Api>,
    credentials: Credentials,
) -> Result<impl IntoResponse, Refusal> {
    let Credentials { username, password } = credentials;
    let login = api.engine.login(&username, &password).await?;
    // RFC 6749 §5.1: a token isn't to be found in caches.
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    let access_token = login.access_token;
    Ok((no_store, Json(AccessToken { access_token })))
}

#[derive(Serialize)]
struct Message {
    message: String,
}

async fn protected(SignedIn(id): SignedIn) -> Json<Message> {
    let message = format!("Protected route for user: {id}");
    Json(Message { message })
}

/// Why there is no login.
enum Refusal {
    Credentials,
    Body(StatusCode),
    Unavailable,
}

impl From<LoginError> for Refusal {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::App(_) => Self::Unavailable,
            // What can't be a name or a password is nobody's.
            _ => Self::Credentials,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::Credentials => (StatusCode::UNAUTHORIZED, "Invalid credentials"),
            // The original's status for a field that isn't there.
            Self::Body(StatusCode::UNPROCESSABLE_ENTITY) => {
                (StatusCode::BAD_REQUEST, "Send username and password")
            }
            Self::Body(status) => (status, "Send a form or a JSON object"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment"),
        };
        let message = message.to_owned();
        (status, Json(Message { message })).into_response()
    }
}

#[cfg(test)]
mod tests;
