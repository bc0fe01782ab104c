//! What every request meets before its handler: who calls, under which id, for how long, and one line
//! in the log about how it ended.
//!
//! Invariant: what a caller sent gets into the log in three places, each of a short alphabet: the id
//! (only from a trusted proxy), the address, and the method where it is one that everybody knows. The
//! path is the route's, never the caller's: a secret in a URL stays there.

use std::{net::IpAddr, panic::AssertUnwindSafe, sync::Arc};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Version, header},
    middleware::Next,
    response::Response,
};
use data_encoding::HEXLOWER;
use futures_util::FutureExt;
use symbolon_rules::{Entropy, client_address::TrustedProxies};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};
use tracing::Instrument;

use super::{
    connection::Peer,
    metrics::{Metrics, method_label},
    options::Limits,
};
use crate::{
    Randomness,
    http::{
        body::BodyTimeout,
        error::{Language, Problem},
    },
};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const ID_MAX: usize = 64;
const READY: &str = "/readyz";

/// Who calls, proxies of ours left out. An extension of every request that is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// What the layers need.
pub(super) struct Desk {
    pub(super) trusted_proxies: Arc<TrustedProxies>,
    pub(super) limits: Limits,
    pub(super) metrics: Arc<Metrics>,
    pub(super) randomness: Randomness,
    /// Whether the end has been announced.
    pub(super) leaving: watch::Receiver<bool>,
    pub(super) kind: Kind,
}

/// Who calls at this listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Anybody; each request is a line of the log.
    Public,
    /// Whoever runs the server, over and over again; only of interest to who looks closely.
    Admin,
}

/// Knows the caller, gives the request its id, and tells how it ended.
pub(super) async fn receive(
    State(desk): State<Arc<Desk>>,
    mut request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let client = peer.map(|peer| ClientAddress(desk.client_address(peer, request.headers())));
    let id = desk.request_id(peer, request.headers());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let extensions = request.extensions_mut();
    if let Some(client) = client {
        extensions.insert(client);
    }
    extensions.insert(BodyTimeout(desk.limits.body_timeout));

    // An error's level: whatever is logged at all inside of it carries the id.
    let span = tracing::error_span!("request", id);
    let language = Language::of(request.headers());
    let answering = AssertUnwindSafe(next.run(request)).catch_unwind();
    let answered = answering.instrument(span.clone()).await;
    let mut response = answered.unwrap_or_else(|_panic| {
        // What it said went to stderr already; this has the id.
        span.in_scope(|| tracing::error!("a handler panicked"));
        Problem::Internal.answer(language)
    });
    let took = began.elapsed();
    // The template that the router went by.
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let status = response.status();
    span.in_scope(|| {
        let (method, status) = (method_label(&method), status.as_u16());
        let ms = took.as_secs_f64() * 1000.0;
        let client = client.map(|client| tracing::field::display(client.0));
        match desk.kind {
            Kind::Public => tracing::info!(method, route, status, ms, client, "answered"),
            Kind::Admin => tracing::debug!(method, route, status, ms, client, "answered"),
        }
    });
    if desk.kind == Kind::Public {
        desk.metrics.answered(&method, route, status, took);
    }
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    response
}

impl Desk {
    fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let forwarded = headers.get_all(X_FORWARDED_FOR).iter();
        let forwarded = forwarded.map(HeaderValue::as_bytes);
        self.trusted_proxies.client_address(peer, forwarded)
    }

    /// The one that a trusted proxy chose, or one of ours.
    fn request_id(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> String {
        let trusted = peer.is_some_and(|peer| self.trusted_proxies.trust(peer));
        let mut given = headers.get_all(X_REQUEST_ID).iter();
        if trusted
            && let (Some(id), None) = (given.next(), given.next())
            && is_safe(id.as_bytes())
            && let Ok(id) = id.to_str()
        {
            return id.to_owned();
        }
        let mut bytes = [0; 16];
        self.randomness.clone().fill(&mut bytes);
        HEXLOWER.encode(&bytes)
    }
}

fn is_safe(id: &[u8]) -> bool {
    let safe = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    (1..=ID_MAX).contains(&id.len()) && id.iter().all(safe)
}

/// RFC 9112 §3.2: a request of HTTP/1.1 has one `Host`. Two of them, and a proxy in front may have read
/// the other one.
pub(super) async fn check_host(language: Language, request: Request, next: Next) -> Response {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    if request.version() == Version::HTTP_11 && hosts != 1 {
        return Problem::Host.answer(language);
    }
    next.run(request).await
}

/// Tells load balancers to look elsewhere once the end has been announced.
pub(super) async fn announce_the_end(
    State(desk): State<Arc<Desk>>,
    language: Language,
    request: Request,
    next: Next,
) -> Response {
    if *desk.leaving.borrow() && request.uri().path() == READY {
        return Problem::Draining.answer(language);
    }
    next.run(request).await
}

/// Ends what takes too long. What it has begun in the store finishes there.
pub(super) async fn limit_time(
    State(desk): State<Arc<Desk>>,
    language: Language,
    request: Request,
    next: Next,
) -> Response {
    match timeout(desk.limits.request_timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_elapsed) => {
            tracing::warn!("the request took too long");
            Problem::Overdue.answer(language)
        }
    }
}
