//! The routes: `/` and `/session` know a visitor by a cookie, `/resource` and `/report` know a caller by
//! a token.

use axum::{
    Form, Json, Router,
    extract::{FromRequestParts, State, rejection::FormRejection},
    http::{Response, StatusCode, header, request::Parts},
    middleware::from_extractor_with_state,
    response::IntoResponse,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::json;
use symbolon::{
    AppSession, AppSessionError, Engine, LoginError,
    guard::{Absent, Invalid, Reason, Rejection},
};

use crate::{
    user::{User, Users},
    verifying::Verifying,
};

/// What the routes need.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) engine: Engine,
    pub(crate) users: Users,
    pub(crate) verifying: Verifying,
}

pub(crate) fn routes(app: App) -> Router {
    let sessions = app.engine.app_sessions();
    // A guard around routes, for those that needn't know who it is.
    let guarded = Router::new()
        .route("/report", get(async || "for whoever has a token"))
        .route_layer(from_extractor_with_state::<SignedIn, App>(app.clone()));
    Router::new()
        .route("/", get(set))
        .route("/session", get(read).delete(clear))
        .route("/login", post(log_in))
        .layer(sessions)
        .route("/resource", get(Resource::get))
        .route("/verify", post(verify))
        .merge(guarded)
        .with_state(app)
}

async fn set(session: AppSession) -> Result<&'static str, AppSessionError> {
    session.set("username", "user1")?;
    Ok("세션 시작!")
}

async fn read(session: AppSession) -> Result<String, AppSessionError> {
    let username: Option<String> = session.get("username")?;
    let username = username.unwrap_or_else(|| "None".to_owned());
    Ok(format!("현재 사용자: {username}"))
}

async fn clear(session: AppSession) -> Result<&'static str, AppSessionError> {
    session.remove("username")?;
    Ok("세션 값 삭제!")
}

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

/// Gives a token to callers, and the browser's session a new id: who planted the old one doesn't come
/// in with whoever logs in.
async fn log_in(
    State(app): State<App>,
    session: AppSession,
    form: Result<Form<Credentials>, FormRejection>,
) -> Result<impl IntoResponse, Response<String>> {
    let Form(credentials) =
        form.map_err(|rejection| shaped(rejection.status(), "Send username and password"))?;
    let login = app
        .engine
        .login(&credentials.username, &credentials.password);
    let login = login.await.map_err(|error| match error {
        LoginError::App(_) => shaped(StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment"),
        _ => shaped(StatusCode::UNAUTHORIZED, "Invalid credentials"),
    })?;
    let user = app.users.get(&login.subject);
    let user = user.ok_or_else(|| shaped(StatusCode::UNAUTHORIZED, "Invalid credentials"))?;
    let token = user.make_token(&app.engine);
    let token = token.map_err(|_| shaped(StatusCode::SERVICE_UNAVAILABLE, "Try again"))?;
    session
        .renew()
        .and_then(|()| session.set("username", &user.username))
        .map_err(|_| shaped(StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment"))?;
    // RFC 6749 §5.1: a token isn't to be found in caches.
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok((no_store, Json(json!({ "access_token": token }))))
}

/// A resource: the methods that it has are those that it answers.
struct Resource;

#[expect(
    clippy::unused_async,
    reason = "handlers are async, whether they wait or not"
)]
impl Resource {
    async fn get(SignedIn(user): SignedIn) -> Json<serde_json::Value> {
        Json(json!({ "user": user.username }))
    }
}

/// The user whom the request's token names; an argument of a handler, or a layer around several.
struct SignedIn(User);

impl FromRequestParts<App> for SignedIn {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Rejection> {
        let user = app.verifying.user_of(&app.users, &parts.headers).await?;
        Ok(Self(user))
    }
}

/// Whose token is in the body, for a part of the program that has nothing but the token: the user's
/// name, or null.
async fn verify(
    State(app): State<App>,
    token: String,
) -> Result<Json<serde_json::Value>, Rejection> {
    let user = User::verify_token(&app.verifying, &app.users, &token).await?;
    Ok(Json(json!({ "user": user.map(|user| user.username) })))
}

/// The words that callers of the Python program know: `{"msg": …}`, 401 for what is missing or over and
/// 422 for what can't be read.
pub(crate) fn msg(rejection: &Rejection) -> Response<String> {
    let (status, text) = match rejection.reason() {
        Reason::Absent(Absent::NoHeader) => {
            (StatusCode::UNAUTHORIZED, "Missing Authorization Header")
        }
        Reason::Absent(_) => (
            StatusCode::UNAUTHORIZED,
            "Missing 'Bearer' type in 'Authorization' header",
        ),
        Reason::Invalid(Invalid::Token(error)) if error.code() == "expired" => {
            (StatusCode::UNAUTHORIZED, "Token has expired")
        }
        Reason::Invalid(Invalid::Token(error)) if error.code() == "bad_signature" => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "Signature verification failed",
        ),
        Reason::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "Invalid token"),
        Reason::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment"),
        _ => (StatusCode::UNAUTHORIZED, "User not found"),
    };
    shaped(status, text)
}

fn shaped(status: StatusCode, text: &str) -> Response<String> {
    let mut answer = Response::new(json!({ "msg": text }).to_string());
    *answer.status_mut() = status;
    answer.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json"),
    );
    answer
}
