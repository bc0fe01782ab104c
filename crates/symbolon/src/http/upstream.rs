//! Logging in with others, over HTTP: off to the provider, back from it, and out.
//!
//! RFC 6749 §4.1, RFC 9700 §4.2 (no referrer), row A10 (303 after a form).
//!
//! Invariant: what stands in an answer is fixed text, a URL that a client's provider or this program's
//! author wrote, or a path that can only lead to this site.

mod log_in;
mod log_out;
mod message;
mod page;
mod signed_in;

use std::sync::Arc;

use axum::{
    Json,
    http::{HeaderValue, header},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::{self, MethodRouter},
};

pub(super) use self::message::message;
pub use self::signed_in::{SignedIn, SignedInError};
use super::error;
use crate::{app::App, client::Client};

/// Where an app session keeps who has logged in.
const VISITOR: &str = "symbolon.visitor";

/// What the routes of one client get at.
#[derive(Clone)]
struct Upstream {
    app: Arc<App>,
    client: Client,
}

/// Where a login with this client's provider begins.
pub(crate) fn log_in_route<S>(app: Arc<App>, client: Client) -> MethodRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    finished(routing::get(log_in::begin).with_state(Upstream { app, client }))
}

/// Where browsers come back from it.
pub(crate) fn callback_route<S>(app: Arc<App>, client: Client) -> MethodRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    finished(routing::get(log_in::finish).with_state(Upstream { app, client }))
}

/// Where people log out.
pub(crate) fn log_out_route<S>(app: Arc<App>) -> MethodRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    finished(routing::post(log_out::log_out).with_state(app))
}

/// The public keys of this program's clients, for their providers.
pub(crate) fn client_keys_route<S>(app: Arc<App>) -> MethodRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    let keys = async move || {
        // Providers may keep them as long as a turn-over waits.
        let cache = [(header::CACHE_CONTROL, "public, max-age=300")];
        (cache, Json(app.clients.public_keys())).into_response()
    };
    finished(routing::get(keys))
}

fn finished<S: Clone + Send + Sync + 'static>(route: MethodRouter<S>) -> MethodRouter<S> {
    route
        .fallback(error::method_not_allowed)
        .layer(map_response(finish))
}

/// What every answer here says: it isn't kept, and the address of this page, which may hold a code, goes
/// to nobody.
async fn finish(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
