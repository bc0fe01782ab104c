//! Every URL of Symbolon on one page, grouped by who calls it.

use std::sync::Arc;

use axum::{
    Router,
    extract::FromRef,
    handler::Handler,
    http::{HeaderValue, Method, header},
    middleware::map_response,
    response::Response,
    routing::{self, MethodRouter},
};
use symbolon_guard::Guard;
#[cfg(feature = "cli")]
use symbolon_rules::origin::Readers;

#[cfg(feature = "cli")]
use super::setup;
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

/// A method, a path, and who answers there.
#[derive(Clone)]
struct Route {
    method: Method,
    path: &'static str,
    handler: MethodRouter<Http>,
}

fn table() -> Vec<Route> {
    let rows = vec![
        // People and their programs.
        post("/api/login", api::login),
        get("/api/me", api::me),
        // Verifiers and OAuth clients.
        get("/.well-known/jwks.json", well_known::jwks),
        get(
            "/.well-known/oauth-authorization-server",
            well_known::metadata,
        ),
        get("/.well-known/openid-configuration", well_known::metadata),
        // Whoever runs it.
        get("/healthz", health::alive),
        get("/readyz", health::ready),
    ];
    #[cfg(feature = "cli")]
    let rows = [rows, first_user()].concat();
    rows
}

/// The page for whoever has a code from `symbolon setup-link`.
#[cfg(feature = "cli")]
fn first_user() -> Vec<Route> {
    vec![
        get("/setup", setup::form),
        post("/setup", setup::submit),
        get("/setup/done", setup::done),
    ]
}

/// The router of an engine.
pub(crate) fn router<S: Clone + Send + Sync + 'static>(app: Arc<App>) -> Router<S> {
    let routes = table()
        .into_iter()
        .fold(Router::new(), |router, Route { path, handler, .. }| {
            router.route(path, handler)
        });
    routes
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(map_response(finish))
        .with_state(Http { app })
}

/// The login alone, for a path of the program's own.
pub(crate) fn login_route<S: Clone + Send + Sync + 'static>(app: Arc<App>) -> MethodRouter<S> {
    single(routing::post(api::login), app)
}

/// Who the caller is, for a path of the program's own.
pub(crate) fn me_route<S: Clone + Send + Sync + 'static>(app: Arc<App>) -> MethodRouter<S> {
    single(routing::get(api::me), app)
}

/// The keys, for a path of the program's own.
pub(crate) fn jwks_route<S: Clone + Send + Sync + 'static>(app: Arc<App>) -> MethodRouter<S> {
    single(routing::get(well_known::jwks), app)
}

fn single<S: Clone + Send + Sync + 'static>(
    route: MethodRouter<Http>,
    app: Arc<App>,
) -> MethodRouter<S> {
    route
        .fallback(error::method_not_allowed)
        .layer(map_response(finish))
        .with_state(Http { app })
}

/// Who may read what is answered at a path, from other sites.
#[cfg(feature = "cli")]
pub(super) fn readers_of(path: &str) -> Readers {
    if path.starts_with("/.well-known/") {
        Readers::Everybody
    } else if path.starts_with("/api/") {
        Readers::Listed
    } else {
        Readers::Nobody
    }
}

/// Every method and path, for whoever must not miss one.
pub(crate) fn routes() -> Vec<(Method, &'static str)> {
    let rows = table().into_iter();
    rows.map(|route| (route.method, route.path)).collect()
}

fn get<H: Handler<T, Http>, T: 'static>(path: &'static str, handler: H) -> Route {
    Route {
        method: Method::GET,
        path,
        handler: routing::get(handler),
    }
}

fn post<H: Handler<T, Http>, T: 'static>(path: &'static str, handler: H) -> Route {
    Route {
        method: Method::POST,
        path,
        handler: routing::post(handler),
    }
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
