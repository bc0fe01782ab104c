//! The routes: `POST /auth` logs in, `GET /protected` and `GET /whoami` are for who has.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Json, Router,
    extract::{State, rejection::JsonRejection},
    http::{Response, StatusCode, header},
    response::IntoResponse,
    routing::{get, post},
};
use serde::Serialize;
use serde_json::json;
use symbolon::{Engine, LoginError};

use crate::{
    jwt::{CurrentIdentity, Jwt, shaped, unavailable},
    user::UserTable,
};

/// How long a token is good for.
const LIFETIME: Duration = Duration::from_mins(5);

/// What the routes need.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) engine: Engine,
    pub(crate) jwt: Jwt,
    pub(crate) users: UserTable,
}

pub(crate) fn routes(api: Api) -> Router {
    Router::new()
        .route("/auth", post(auth))
        .route("/protected", get(Protected::get))
        .route("/whoami", get(whoami))
        .with_state(api)
}

#[derive(Serialize)]
struct AccessToken {
    access_token: String,
}

async fn auth(
    State(api): State<Api>,
    body: Result<Json<BTreeMap<String, String>>, JsonRejection>,
) -> Result<impl IntoResponse, Response<String>> {
    let Json(body) = body.map_err(|rejection| match rejection {
        JsonRejection::JsonDataError(_) => invalid_credentials(),
        other => shaped(other.status(), "Bad Request", "Send a JSON object"),
    })?;
    // These two and nothing else: a client that sends more means something that isn't done.
    let (Some(username), Some(password), 2) =
        (body.get("username"), body.get("password"), body.len())
    else {
        return Err(invalid_credentials());
    };
    let login = api.engine.login(username, password).await;
    let login = login.map_err(|error| match error {
        LoginError::App(_) => unavailable(),
        _ => invalid_credentials(),
    })?;
    let token = api
        .engine
        .token_for(&login.subject)
        .lifetime(LIFETIME)
        .claims(json!({ "identity": login.subject }))
        .issue();
    let access_token = token.map_err(|_| unavailable())?;
    // RFC 6749 §5.1: a token isn't to be found in caches.
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok((no_store, Json(AccessToken { access_token })))
}

fn invalid_credentials() -> Response<String> {
    shaped(
        StatusCode::UNAUTHORIZED,
        "Bad Request",
        "Invalid credentials",
    )
}

/// A resource: the methods that it has are those that it answers; any other is a 405.
struct Protected;

#[expect(
    clippy::unused_async,
    reason = "handlers are async, whether they wait or not"
)]
impl Protected {
    async fn get(CurrentIdentity(user): CurrentIdentity) -> Json<String> {
        Json(format!("Hello, {}!", user.username))
    }
}

/// A plain view under the same guard.
async fn whoami(CurrentIdentity(user): CurrentIdentity) -> String {
    user.to_string()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use axum::{body::Body, http::Request};
    use http_body_util::BodyExt;
    use symbolon::{Config, Signing};
    use tower::ServiceExt;

    use super::*;
    use crate::user::NewUser;

    const PASSWORD: &str = "correct horse battery staple";

    async fn api(folder: &Path) -> Api {
        let users = UserTable::open(Path::new(":memory:")).unwrap();
        users
            .add(&NewUser::new("admin", PASSWORD).unwrap())
            .unwrap();
        let config = Config::in_folder("http://127.0.0.1:3000", folder).unwrap();
        let mut config = config.with_users(users.clone());
        config.signing = Signing::SharedKept;
        let engine = Engine::open(config).await.unwrap();
        Api {
            jwt: Jwt::new(&engine, &Signing::SharedKept).unwrap(),
            engine,
            users,
        }
    }

    async fn call(api: &Api, path: &str, token: &str) -> (u16, String) {
        let request = Request::get(path).header("authorization", format!("JWT {token}"));
        let request = request.body(Body::empty()).unwrap();
        let answer = routes(api.clone()).oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn p0_10_a_deleted_user_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let api = api(folder.path()).await;
        let login = api.engine.login("admin", PASSWORD).await.unwrap();
        let before = call(&api, "/protected", &login.access_token).await;
        assert_eq!(before, (200, r#""Hello, admin!""#.to_owned()));

        api.users.remove(1).unwrap();
        // Whoever comes next must not be taken for the one who went.
        api.users
            .add(&NewUser::new("next", PASSWORD).unwrap())
            .unwrap();
        for path in ["/protected", "/whoami"] {
            let (status, body) = call(&api, path, &login.access_token).await;
            assert_eq!(status, 401);
            assert!(body.contains("User does not exist"), "{body}");
        }
        api.engine.shutdown().await;
    }
}
