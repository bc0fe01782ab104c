//! A token in a JSON body, by explicit choice: read here, judged by the layer inside.
//!
//! Invariant: no more of a body is read than was allowed, and the handler gets the same octets.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use axum_core::body::Body;
use http::{HeaderMap, Request, Response, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Limited};
use tower_layer::Layer;
use tower_service::Service;

use super::{GuardLayer, Guarded};
use crate::{Malformed, source::BodyToken};

impl GuardLayer {
    /// The same layer, looking for a token in JSON bodies of at most so many octets besides; a larger one
    /// is refused with 400. The guard's [`Sources`](crate::Sources) say which member holds it.
    ///
    /// Dangerous: up to that many octets are held for whoever sends them.
    ///
    /// ```
    /// # fn routes(guard: symbolon_guard::Guard) -> axum::Router {
    /// use axum::{Router, routing::post};
    /// use symbolon_guard::Sources;
    ///
    /// let guard = guard.with_sources(Sources::bearer().dangerous_and_json_field("access_token"));
    /// Router::new()
    ///     .route("/verify", post(async || "good"))
    ///     .layer(guard.layer().dangerous_read_body(16 * 1024))
    /// # }
    /// ```
    pub fn dangerous_read_body(self, octets: usize) -> BodyGuardLayer {
        BodyGuardLayer {
            layer: self,
            octets,
        }
    }
}

/// A [`GuardLayer`] that looks into JSON bodies; see [`GuardLayer::dangerous_read_body`].
///
/// ```
/// use symbolon_guard::{BodyGuardLayer, Guard};
///
/// fn layer(guard: &Guard) -> BodyGuardLayer {
///     guard.layer().require_role("auditor").dangerous_read_body(16 * 1024)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct BodyGuardLayer {
    layer: GuardLayer,
    octets: usize,
}

impl<S> Layer<S> for BodyGuardLayer {
    type Service = BodyGuarded<S>;

    fn layer(&self, inner: S) -> BodyGuarded<S> {
        BodyGuarded {
            guarded: self.layer.layer(inner),
            octets: self.octets,
        }
    }
}

/// A service behind a [`BodyGuardLayer`].
///
/// ```
/// use symbolon_guard::{BodyGuarded, Guard};
/// use tower_layer::Layer;
///
/// fn behind<S>(guard: &Guard, service: S) -> BodyGuarded<S> {
///     guard.layer().dangerous_read_body(16 * 1024).layer(service)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct BodyGuarded<S> {
    guarded: Guarded<S>,
    octets: usize,
}

impl<S, ResBody> Service<Request<Body>> for BodyGuarded<S>
where
    S: Service<Request<Body>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    ResBody: From<String> + Send + 'static,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.guarded.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // Whatever stood there wasn't put there by this layer.
        request.extensions_mut().remove::<BodyToken>();
        let next = self.guarded.clone();
        let mut guarded = std::mem::replace(&mut self.guarded, next);
        let manner = guarded.layer.guard.manner();
        let octets = self.octets;
        Box::pin(async move {
            if let Some(member) = manner.sources.json_field()
                && is_json(request.headers())
            {
                let (mut parts, body) = request.into_parts();
                let (found, body) = if let Ok(read) = Limited::new(body, octets).collect().await {
                    let read = read.to_bytes();
                    (BodyToken::find(&read, member), Body::from(read))
                } else {
                    // What was cut off can't be handed on, and isn't: this refuses.
                    let refused = BodyToken::Malformed(Malformed::TooLarge);
                    (Some(refused), Body::empty())
                };
                if let Some(found) = found {
                    parts.extensions.insert(found);
                }
                request = Request::from_parts(parts, body);
            }
            guarded.call(request).await
        })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}
