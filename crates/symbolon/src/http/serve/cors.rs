//! Cross-origin requests (the Fetch Standard's CORS protocol): what other sites' scripts may read.
//!
//! Invariant: cookies are never allowed together with it, on any route; and an answer that could differ
//! by origin says so to caches (`Vary`), also where no origin was sent.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use symbolon_rules::origin::{Allowed, Origins, Readers};

use crate::http::router::{readers_of, routes};

/// How long a browser may remember what it was allowed.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static("authorization, content-type");
/// Beside what scripts may always read.
const EXPOSED: HeaderValue =
    HeaderValue::from_static("retry-after, www-authenticate, x-request-id");

/// Who may call, and what there is to call.
pub(super) struct Cors {
    origins: Origins,
    routes: Vec<(Method, &'static str)>,
}

impl Cors {
    pub(super) fn new(origins: Origins) -> Arc<Self> {
        let routes = routes();
        Arc::new(Self { origins, routes })
    }

    fn methods_of(&self, path: &str) -> String {
        let routes = self.routes.iter().filter(|(_, route)| *route == path);
        let methods: Vec<_> = routes.map(|(method, _)| method.as_str()).collect();
        methods.join(", ")
    }
}

pub(super) async fn apply(State(cors): State<Arc<Cors>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let readers = readers_of(path);
    let headers = request.headers();
    let origin = headers.get(header::ORIGIN).cloned();
    let allowed = cors
        .origins
        .decide(readers, origin.as_ref().map(HeaderValue::as_bytes));
    let asked = headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let preflight = request.method() == Method::OPTIONS && origin.is_some() && asked;
    let mut response = if preflight && readers != Readers::Nobody {
        answer_preflight(cors.methods_of(path), allowed)
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    if readers == Readers::Listed {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
    let allow = match (allowed, origin) {
        (Allowed::Everybody, _) => Some(HeaderValue::from_static("*")),
        (Allowed::This, origin) => origin,
        (Allowed::Nobody, _) => None,
    };
    if let Some(allow) = allow {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allow);
        if !preflight {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
    response
}

/// What may be sent; to an origin that isn't listed, that nothing may.
fn answer_preflight(methods: String, allowed: Allowed) -> Response {
    let mut headers = HeaderMap::new();
    if allowed != Allowed::Nobody {
        if let Ok(methods) = HeaderValue::try_from(methods) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    }
    (StatusCode::NO_CONTENT, headers, Body::empty()).into_response()
}
