//! The routes. What a caller may do stands in the arguments and first lines of each.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{FromRef, FromRequestParts, Path, State, rejection::JsonRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::{Deserialize, Serialize};
use symbolon::guard::{Caller, Rejection};

use crate::table::{Post, Posts};

/// Longest title in characters.
const TITLE_MAX: usize = 200;

/// Whoever calls, as far as the posts care. A handler's argument of such a type is its guard.
pub trait Visitor: Send {
    /// Who they are, for as long as they are anybody.
    fn subject(&self) -> &str;
    /// Whether what they came with is good for this scope.
    fn has_scope(&self, scope: &str) -> bool;
    /// Whether other people's posts are theirs to change.
    fn edits_all(&self) -> bool;
}

impl Visitor for Caller {
    fn subject(&self) -> &str {
        Self::subject(self)
    }

    fn has_scope(&self, scope: &str) -> bool {
        Self::has_scope(self, scope)
    }

    fn edits_all(&self) -> bool {
        self.has_role("admin")
    }
}

/// The routes, guarded by whatever lets a `V` in.
pub fn routes<V, S>() -> Router<S>
where
    V: Visitor + FromRequestParts<S> + 'static,
    Arc<Posts>: FromRef<S>,
    S: Clone + Send + Sync + 'static,
{
    let posts = get(list::<V>).post(create::<V>);
    let post = get(read::<V>).put(rename::<V>).delete(remove::<V>);
    Router::new()
        .route("/api/posts", posts)
        .route("/api/posts/{id}", post)
}

#[derive(Serialize)]
struct List {
    posts: Vec<Post>,
}

async fn list<V: Visitor>(
    caller: V,
    State(posts): State<Arc<Posts>>,
) -> Result<Json<List>, Refusal> {
    check_scope(&caller, "posts:read")?;
    let posts = posts.list()?;
    Ok(Json(List { posts }))
}

async fn read<V: Visitor>(
    caller: V,
    State(posts): State<Arc<Posts>>,
    Path(id): Path<String>,
) -> Result<Json<Post>, Refusal> {
    check_scope(&caller, "posts:read")?;
    find(&posts, &id).map(Json)
}

async fn create<V: Visitor>(
    caller: V,
    State(posts): State<Arc<Posts>>,
    body: Result<Json<Body>, JsonRejection>,
) -> Result<Response, Refusal> {
    check_scope(&caller, "posts:write")?;
    let post = posts.add(caller.subject(), &title(body)?)?;
    let location = [(header::LOCATION, format!("/api/posts/{}", post.id))];
    Ok((StatusCode::CREATED, location, Json(post)).into_response())
}

async fn rename<V: Visitor>(
    caller: V,
    State(posts): State<Arc<Posts>>,
    Path(id): Path<String>,
    body: Result<Json<Body>, JsonRejection>,
) -> Result<Json<Post>, Refusal> {
    check_scope(&caller, "posts:write")?;
    let post = find(&posts, &id)?;
    check_author(&caller, &post)?;
    let renamed = posts.rename(post.id, &title(body)?)?;
    renamed.map(Json).ok_or(Refusal::NotFound)
}

async fn remove<V: Visitor>(
    caller: V,
    State(posts): State<Arc<Posts>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    check_scope(&caller, "posts:write")?;
    let post = find(&posts, &id)?;
    check_author(&caller, &post)?;
    posts.remove(post.id)?;
    Ok(StatusCode::NO_CONTENT)
}

fn check_scope(caller: &impl Visitor, scope: &'static str) -> Result<(), Refusal> {
    if caller.has_scope(scope) {
        Ok(())
    } else {
        Err(Rejection::missing_scope(scope).into())
    }
}

/// Authors change their own posts, admins all of them.
fn check_author(caller: &impl Visitor, post: &Post) -> Result<(), Refusal> {
    if caller.edits_all() || caller.subject() == post.author {
        Ok(())
    } else {
        Err(Rejection::missing_role("admin").into())
    }
}

fn find(posts: &Posts, id: &str) -> Result<Post, Refusal> {
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    posts.find(id)?.ok_or(Refusal::NotFound)
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
