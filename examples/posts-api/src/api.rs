//! The routes. What a caller may do stands in the arguments and first lines of each.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{FromRef, Path, State, rejection::JsonRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::{Deserialize, Serialize};
use symbolon::guard::{Caller, Guard, Rejection};

use crate::table::{Post, Posts};

/// Longest title in characters.
const TITLE_MAX: usize = 200;

/// What the routes need.
#[derive(Clone)]
pub struct PostsApi {
    pub guard: Guard,
    pub posts: Arc<Posts>,
}

impl FromRef<PostsApi> for Guard {
    fn from_ref(api: &PostsApi) -> Self {
        api.guard.clone()
    }
}

pub(crate) fn routes(api: PostsApi) -> Router {
    Router::new()
        .route("/api/posts", get(list).post(create))
        .route("/api/posts/{id}", get(read).put(rename).delete(remove))
        .with_state(api)
}

#[derive(Serialize)]
struct List {
    posts: Vec<Post>,
}

async fn list(caller: Caller, State(api): State<PostsApi>) -> Result<Json<List>, Refusal> {
    check_scope(&caller, "posts:read")?;
    let posts = api.posts.list()?;
    Ok(Json(List { posts }))
}

async fn read(
    caller: Caller,
    State(api): State<PostsApi>,
    Path(id): Path<String>,
) -> Result<Json<Post>, Refusal> {
    check_scope(&caller, "posts:read")?;
    find(&api, &id).map(Json)
}

async fn create(
    caller: Caller,
    State(api): State<PostsApi>,
    body: Result<Json<Body>, JsonRejection>,
) -> Result<Response, Refusal> {
    check_scope(&caller, "posts:write")?;
    let post = api.posts.add(caller.subject(), &title(body)?)?;
    let location = [(header::LOCATION, format!("/api/posts/{}", post.id))];
    Ok((StatusCode::CREATED, location, Json(post)).into_response())
}

async fn rename(
    caller: Caller,
    State(api): State<PostsApi>,
    Path(id): Path<String>,
    body: Result<Json<Body>, JsonRejection>,
) -> Result<Json<Post>, Refusal> {
    check_scope(&caller, "posts:write")?;
    let post = find(&api, &id)?;
    check_author(&caller, &post)?;
    let renamed = api.posts.rename(post.id, &title(body)?)?;
    renamed.map(Json).ok_or(Refusal::NotFound)
}

async fn remove(
    caller: Caller,
    State(api): State<PostsApi>,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    check_scope(&caller, "posts:write")?;
    let post = find(&api, &id)?;
    check_author(&caller, &post)?;
    api.posts.remove(post.id)?;
    Ok(StatusCode::NO_CONTENT)
}

fn check_scope(caller: &Caller, scope: &'static str) -> Result<(), Refusal> {
    if caller.has_scope(scope) {
        Ok(())
    } else {
        Err(Rejection::missing_scope(scope).into())
    }
}

/// Authors change their own posts, admins all of them.
fn check_author(caller: &Caller, post: &Post) -> Result<(), Refusal> {
    if caller.has_role("admin") || caller.subject() == post.author {
        Ok(())
    } else {
        Err(Rejection::missing_role("admin").into())
    }
}

fn find(api: &PostsApi, id: &str) -> Result<Post, Refusal> {
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    api.posts.find(id)?.ok_or(Refusal::NotFound)
}

/// What is sent to make or change a post.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    title: String,
}

fn title(body: Result<Json<Body>, JsonRejection>) -> Result<String, Refusal> {
    let Json(Body { title }) = body.map_err(|rejection| Refusal::Body(rejection.status()))?;
    let title = title.trim();
    if title.is_empty() || title.chars().count() > TITLE_MAX {
        return Err(Refusal::Body(StatusCode::UNPROCESSABLE_ENTITY));
    }
    Ok(title.to_owned())
}

/// Why a request isn't served; its answers have the shape of the guard's.
enum Refusal {
    Guard(Rejection),
    NotFound,
    Body(StatusCode),
    Database,
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self::Guard(rejection)
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(_: rusqlite::Error) -> Self {
        Self::Database
    }
}

#[derive(Serialize)]
struct Problem {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'static str,
    code: &'static str,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, title, detail, code) = match self {
            Self::Guard(rejection) => return rejection.into_response(),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "No such post",
                "It never was there, or somebody removed it.",
                "not_found",
            ),
            Self::Body(status) => (
                status,
                "The body is no post",
                "Send a JSON object with a title of 1 to 200 characters and nothing else.",
                "invalid_post",
            ),
            Self::Database => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The posts can't be reached",
                "Nothing was changed. Try again in a moment.",
                "temporarily_unavailable",
            ),
        };
        let problem = Problem {
            r#type: "about:blank",
            title,
            status: status.as_u16(),
            detail,
            code,
        };
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (status, kind, Json(problem)).into_response()
    }
}
