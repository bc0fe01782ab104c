//! Every URL of Symbolon on one page, grouped by who calls it.

use std::sync::Arc;

use axum::{
    Router,
    extract::FromRef,
    http::{HeaderValue, header},
    middleware::map_response,
    response::Response,
    routing::{get, post},
};
use symbolon_guard::Guard;

use super::{api, error, health, well_known};
use crate::app::App;

/// What handlers get at.
#[derive(Clone)]
pub(super) struct Http {
    pub(super) app: Arc<App>,
}

impl FromRef<Http> for Guard {
    fn from_ref(http: &Http) -> Self {
        http.app.guard.clone()
    }
}

/// The routes of an engine.
pub(crate) fn router<S: Clone + Send + Sync + 'static>(app: Arc<App>) -> Router<S> {
    Router::new()
        // People and their programs.
        .route("/api/login", post(api::login))
        .route("/api/me", get(api::me))
        // Verifiers and OAuth clients.
        .route("/.well-known/jwks.json", get(well_known::jwks))
        .route(
            "/.well-known/oauth-authorization-server",
            get(well_known::metadata),
        )
        .route("/.well-known/openid-configuration", get(well_known::metadata))
        // Whoever runs it.
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(map_response(finish))
        .with_state(Http { app })
}

/// What every answer says: that its type is what it says it is, and that it isn't to be kept unless
/// it says otherwise.
async fn finish(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
