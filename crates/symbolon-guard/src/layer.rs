//! Guarding by layer: everything under it needs a good token.
//!
//! Every method is guarded, OPTIONS too: a layer that exempts preflights runs the view behind it
//! without a caller. A service that answers CORS preflights puts its CORS layer outside this one.
//!
//! Invariant: the inner service is called only with a `Caller` of this guard in the request's
//! extensions, who holds every role asked for.

use std::{
    borrow::Cow,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response, request::Parts};
use tower_layer::Layer;
use tower_service::Service;

use crate::{Caller, Guard, Rejection};

/// Lets a request through only with a good token, and puts its [`Caller`] into the extensions.
///
/// Refusals are answered here, as the guard answers (see [`Rejection`]); the response body only has to be makeable from a
/// `String`, as axum's and `Full<Bytes>` are.
///
/// ```
/// # fn routes(guard: symbolon_guard::Guard) -> axum::Router {
/// use axum::{Extension, Router, routing::get};
/// use symbolon_guard::Caller;
///
/// Router::new()
///     .route("/reports", get(async |Extension(caller): Extension<Caller>| {
///         format!("reports for {}", caller.subject())
///     }))
///     .layer(guard.layer().require_role("auditor"))
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct GuardLayer {
    guard: Guard,
    roles: Vec<Cow<'static, str>>,
    scopes: Vec<Cow<'static, str>>,
}

impl GuardLayer {
    pub(crate) fn new(guard: Guard) -> Self {
        Self {
            guard,
            roles: Vec::new(),
            scopes: Vec::new(),
        }
    }

    /// Lets only callers with this role through. Said several times, all of the roles are needed.
    pub fn require_role(mut self, role: impl Into<Cow<'static, str>>) -> Self {
        self.roles.push(role.into());
        self
    }

    /// Lets only tokens with this scope through. Said several times, all of the scopes are needed.
    pub fn require_scope(mut self, scope: impl Into<Cow<'static, str>>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    async fn admit(&self, parts: &Parts) -> Result<Caller, Rejection> {
        let caller = self.guard.require_once(parts).await?;
        let scope = self.scopes.iter().find(|scope| !caller.has_scope(scope));
        let role = self.roles.iter().find(|role| !caller.has_role(role));
        let rejection = match (scope, role) {
            (None, None) => return Ok(caller),
            (Some(scope), _) => Rejection::missing_scope(scope.clone()),
            (None, Some(role)) => Rejection::missing_role(role.clone()),
        };
        Err(rejection.answered_by(&self.guard))
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service behind a [`GuardLayer`].
#[derive(Clone, Debug)]
pub struct Guarded<S> {
    inner: S,
    layer: GuardLayer,
}

impl<S, B, ResBody> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Send + 'static,
    ResBody: From<String>,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The service that was polled ready is the one to call; its clone isn't ready yet.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let layer = self.layer.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match layer.admit(&parts).await {
                Ok(caller) => {
                    parts.extensions.insert(caller);
                    inner.call(Request::from_parts(parts, body)).await
                }
                Err(rejection) => Ok(rejection.into_http_response()),
            }
        })
    }
}
