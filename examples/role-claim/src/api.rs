//! The routes: `POST /login`, `GET /protected` for members, `GET /admin` for admins among them.

use axum::{
    Json, Router,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, Response, StatusCode, header},
    response::IntoResponse,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use symbolon::{Engine, LoginError};

use crate::{
    guard::{Admin, Caller, Guards},
    member::Members,
    message::{Language, Message},
};

/// What the routes need.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) engine: Engine,
    pub(crate) guards: Guards,
    pub(crate) members: Members,
}

pub(crate) fn routes(api: Api) -> Router {
    Router::new()
        .route("/login", post(login))
        .route("/protected", get(protected))
        .route("/admin", get(admin))
        .route("/me", get(me))
        .with_state(api)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    #[serde(alias = "username")]
    id: String,
    password: String,
}

#[derive(Serialize)]
struct AccessToken {
    access_token: String,
}

async fn login(
    State(api): State<Api>,
    headers: HeaderMap,
    body: Result<Json<Credentials>, JsonRejection>,
) -> Result<impl IntoResponse, Response<String>> {
    let language = Language::of(&headers);
    let Json(Credentials { id, password }) =
        body.map_err(|rejection| Message::BadBody.answer(rejection.status(), language))?;
    let login = api.engine.login(&id, &password).await;
    let login = login.map_err(|error| match error {
        LoginError::App(_) => {
            Message::Unavailable.answer(StatusCode::SERVICE_UNAVAILABLE, language)
        }
        _ => Message::WrongCredentials.answer(StatusCode::UNAUTHORIZED, language),
    })?;
    // RFC 6749 §5.1: a token isn't to be found in caches.
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    let access_token = login.access_token;
    Ok((no_store, Json(AccessToken { access_token })))
}

async fn protected(caller: Caller) -> Response<String> {
    Message::Protected.answer(StatusCode::OK, caller.language)
}

async fn admin(Admin(caller): Admin) -> Response<String> {
    Message::Admin.answer(StatusCode::OK, caller.language)
}

/// Id and role, as every handler can read them.
async fn me(caller: Caller) -> Json<Value> {
    Json(json!({ "user_id": caller.user_id, "role": caller.role.as_str() }))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use axum::{body::Body, http::Request};
    use http_body_util::BodyExt;
    use symbolon::{Config, Signing};
    use tower::ServiceExt;

    use super::*;
    use crate::member::Role;

    const PASSWORD: &str = "correct horse battery staple";

    async fn api(folder: &Path) -> Api {
        let members = Members::new();
        members.add("ada", PASSWORD, Role::Admin).await.unwrap();
        let config = Config::in_folder("http://127.0.0.1:3000", folder).unwrap();
        let mut config = config.with_users(members.clone());
        config.signing = Signing::SharedKept;
        let engine = Engine::open(config).await.unwrap();
        Api {
            guards: Guards::new(&engine, &Signing::SharedKept).unwrap(),
            engine,
            members,
        }
    }

    async fn call(api: &Api, path: &str, token: &str) -> (u16, String) {
        let request = Request::get(path).header("authorization", token);
        let request = request.body(Body::empty()).unwrap();
        let answer = routes(api.clone()).oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// The role in the token is as old as the token.
    #[tokio::test]
    async fn p1_07_the_role_of_this_moment_counts_and_so_does_being_gone() {
        let folder = tempfile::tempdir().unwrap();
        let api = api(folder.path()).await;
        let token = api
            .engine
            .login("ada", PASSWORD)
            .await
            .unwrap()
            .access_token;
        assert_eq!(call(&api, "/admin", &token).await.0, 200);

        api.members.give("ada", Role::User);
        let refused = call(&api, "/admin", &token).await;
        assert_eq!(
            refused,
            (403, r#"{"message":"관리자 권한이 필요합니다."}"#.into())
        );
        assert_eq!(call(&api, "/protected", &token).await.0, 200);

        api.members.remove("ada");
        let gone = call(&api, "/protected", &token).await;
        assert_eq!(
            gone,
            (401, r#"{"message":"유효하지 않은 토큰입니다."}"#.into())
        );
        api.engine.shutdown().await;
    }
}
