//! The layer, and how a program sets it.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{extract::Request, response::Response};
use symbolon_rules::{app_session::Lifetimes, cookie::Cookie};
use tower_layer::Layer;
use tower_service::Service;

use super::{super::error::Language, request::RequestSession};
use crate::{ConfigError, app::App};

/// Gives the routes under it an [`AppSession`](super::AppSession); see
/// [`Engine::app_sessions`](crate::Engine::app_sessions).
///
/// Layers with the same cookie name share their visitors' sessions.
#[derive(Clone)]
pub struct AppSessions(Arc<Settings>);

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) app: Arc<App>,
    pub(super) cookie: Cookie,
    pub(super) lifetimes: Lifetimes,
}

impl AppSessions {
    pub(crate) fn new(app: Arc<App>, cookie: Cookie) -> Self {
        Self(Arc::new(Settings {
            app,
            cookie,
            lifetimes: Lifetimes::default(),
        }))
    }

    /// Names the cookie otherwise than `session`: up to 64 letters, digits and `-_.`, not beginning
    /// with `__`. Where the issuer is https, `__Host-` is put in front of it.
    pub fn cookie_name(mut self, name: &str) -> Result<Self, ConfigError> {
        let settings = Arc::make_mut(&mut self.0);
        settings.cookie = Cookie::named(name, settings.cookie.transport())
            .map_err(|_| ConfigError::CookieName(name.to_owned()))?;
        Ok(self)
    }

    /// Ends a session that was not used for this long; half an hour unless said otherwise. Uses less
    /// than a sixth of it apart count as one, so that reading needn't write each time.
    pub fn idle_lifetime(mut self, idle: Duration) -> Self {
        Arc::make_mut(&mut self.0).lifetimes.idle = idle;
        self
    }

    /// Ends a session this long after it began, used or not, under whatever id; 24 hours unless said
    /// otherwise.
    pub fn absolute_lifetime(mut self, absolute: Duration) -> Self {
        Arc::make_mut(&mut self.0).lifetimes.absolute = absolute;
        self
    }
}

impl std::fmt::Debug for AppSessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppSessions")
            .field("cookie", &self.0.cookie)
            .field("lifetimes", &self.0.lifetimes)
            .finish_non_exhaustive()
    }
}

impl<S> Layer<S> for AppSessions {
    type Service = WithAppSession<S>;

    fn layer(&self, inner: S) -> WithAppSession<S> {
        WithAppSession {
            inner,
            settings: Arc::clone(&self.0),
        }
    }
}

/// A service under [`AppSessions`].
#[derive(Clone)]
pub struct WithAppSession<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> std::fmt::Debug for WithAppSession<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WithAppSession").finish_non_exhaustive()
    }
}

impl<S> Service<Request> for WithAppSession<S>
where
    S: Service<Request, Response = Response> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        // The service that was polled ready is the one to call; its clone isn't ready yet.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let language = Language::of(request.headers());
        let session = RequestSession::new(Arc::clone(&self.settings), request.headers());
        request.extensions_mut().insert(session.clone());
        Box::pin(async move {
            let response = inner.call(request).await?;
            Ok(session.finish(response, language).await)
        })
    }
}
