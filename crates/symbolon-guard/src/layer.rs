//! Guarding by layer: everything under it needs a good token.
//!
//! Every method is guarded, OPTIONS too: a layer that exempts preflights runs the view behind it
//! without a caller. A service that answers CORS preflights puts its CORS layer outside this one.
//!
//! Invariant: the inner service is called only with a `Caller` of this guard in the request's
//! extensions, who has everything asked for; or, of an optional layer, with no `Caller` there at all.

#[cfg(feature = "axum")]
mod body;
mod future;

use std::{
    borrow::Cow,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response, request::Parts};
use tower_layer::Layer;
use tower_service::Service;

#[cfg(feature = "axum")]
pub use self::body::{BodyGuardLayer, BodyGuarded};
pub use self::future::Guarding;
use crate::{Caller, Guard, Need, Reason, Rejection};

/// Lets a request through only with a good token, and puts its [`Caller`] into the extensions.
///
/// Refusals are answered here, as the guard answers (see [`Rejection`]); the response body only has to be
/// makeable from a `String`, as axum's and `Full<Bytes>` are. What is required is looked at in the order in
/// which it was said.
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
    absent: WhenAbsent,
    required: Arc<Vec<Required>>,
}

#[derive(Clone, Copy, Debug)]
enum WhenAbsent {
    Refuse,
    Pass,
}

#[derive(Clone, Debug)]
enum Required {
    Role(Cow<'static, str>),
    AnyRole(Vec<Cow<'static, str>>),
    Scope(Cow<'static, str>),
    AnyScope(Vec<Cow<'static, str>>),
    Fresh(Duration),
    Need(fn(&Caller) -> Result<(), Reason>),
}

/// What is required is said one after the other, and all of it is needed:
///
/// ```
/// # fn layer(guard: symbolon_guard::Guard) -> symbolon_guard::GuardLayer {
/// use std::time::Duration;
///
/// guard
///     .layer()
///     .require_any_role(["editor", "admin"])
///     .require_scope("posts:write")
///     .require_any_scope(["posts:publish", "posts:schedule"])
///     .require_fresh(Duration::from_secs(3600))
/// # }
/// ```
impl GuardLayer {
    pub(crate) fn new(guard: Guard) -> Self {
        Self {
            guard,
            absent: WhenAbsent::Refuse,
            required: Arc::default(),
        }
    }

    /// Lets a request without a credential through too, without a [`Caller`]. A bad token is refused all
    /// the same, and a good one must have what is required.
    ///
    /// ```
    /// # fn routes(guard: symbolon_guard::Guard) -> axum::Router {
    /// use axum::{Extension, Router, routing::get};
    /// use symbolon_guard::Caller;
    ///
    /// Router::new()
    ///     .route("/", get(async |caller: Option<Extension<Caller>>| match caller {
    ///         Some(caller) => format!("Hello, {}!", caller.subject()),
    ///         None => "Hello, stranger!".to_owned(),
    ///     }))
    ///     .layer(guard.layer().optional())
    /// # }
    /// ```
    pub fn optional(self) -> Self {
        Self {
            absent: WhenAbsent::Pass,
            ..self
        }
    }

    /// Lets only callers with this role through. Said several times, all of the roles are needed.
    pub fn require_role(self, role: impl Into<Cow<'static, str>>) -> Self {
        self.require(Required::Role(role.into()))
    }

    /// Lets only callers with one of these roles through; nobody, if there are none.
    pub fn require_any_role<R>(self, roles: impl IntoIterator<Item = R>) -> Self
    where
        R: Into<Cow<'static, str>>,
    {
        let roles = roles.into_iter().map(Into::into);
        self.require(Required::AnyRole(roles.collect()))
    }

    /// Lets only tokens with this scope through. Said several times, all of the scopes are needed.
    pub fn require_scope(self, scope: impl Into<Cow<'static, str>>) -> Self {
        self.require(Required::Scope(scope.into()))
    }

    /// Lets only tokens with one of these scopes through; none, if there are none.
    pub fn require_any_scope<S>(self, scopes: impl IntoIterator<Item = S>) -> Self
    where
        S: Into<Cow<'static, str>>,
    {
        let scopes = scopes.into_iter().map(Into::into);
        self.require(Required::AnyScope(scopes.collect()))
    }

    /// Lets only callers through who proved within this time who they are; see [`Caller::is_fresh`].
    pub fn require_fresh(self, within: Duration) -> Self {
        self.require(Required::Fresh(within))
    }

    /// Lets only callers through who meet this [`Need`].
    ///
    /// ```
    /// # fn routes(guard: symbolon_guard::Guard) -> symbolon_guard::GuardLayer {
    /// use symbolon_guard::FreshWithin;
    ///
    /// guard.layer().require_need::<FreshWithin<300>>()
    /// # }
    /// ```
    pub fn require_need<N: Need>(self) -> Self {
        self.require(Required::Need(N::check))
    }

    /// Whether strangers pass.
    #[cfg(feature = "routes")]
    pub(crate) fn is_optional(&self) -> bool {
        matches!(self.absent, WhenAbsent::Pass)
    }

    fn require(mut self, required: Required) -> Self {
        Arc::make_mut(&mut self.required).push(required);
        self
    }

    /// What a request comes to, if nothing has to be waited for: passed, with or without a caller.
    fn admit_now(&self, parts: &Parts) -> Option<Result<Option<Caller>, Rejection>> {
        let found = self.guard.require_now(parts)?;
        Some(self.with_all_required(parts, found))
    }

    async fn admit(self, parts: Parts) -> (Parts, Result<Option<Caller>, Rejection>) {
        let found = self.guard.require_once(&parts).await;
        let found = self.with_all_required(&parts, found);
        (parts, found)
    }

    fn with_all_required(
        &self,
        parts: &Parts,
        found: Result<Caller, Rejection>,
    ) -> Result<Option<Caller>, Rejection> {
        let caller = match (found, self.absent) {
            (Ok(caller), _) => caller,
            (Err(rejection), WhenAbsent::Pass)
                if matches!(rejection.reason(), Reason::Absent(_)) =>
            {
                return Ok(None);
            }
            (Err(rejection), _) => return Err(rejection),
        };
        for required in self.required.iter() {
            required
                .check(&caller)
                .map_err(|reason| self.guard.refusal(reason, &parts.headers))?;
        }
        Ok(Some(caller))
    }
}

impl Required {
    fn check(&self, caller: &Caller) -> Result<(), Reason> {
        match self {
            Self::Role(role) => has(caller.has_role(role), || Reason::MissingRole(role.clone())),
            Self::Scope(scope) => has(caller.has_scope(scope), || {
                Reason::MissingScope(scope.clone())
            }),
            Self::AnyRole(roles) => has(roles.iter().any(|role| caller.has_role(role)), || {
                roles
                    .first()
                    .map_or(Reason::NotAllowed, |role| Reason::MissingRole(role.clone()))
            }),
            Self::AnyScope(scopes) => {
                has(scopes.iter().any(|scope| caller.has_scope(scope)), || {
                    scopes.first().map_or(Reason::NotAllowed, |scope| {
                        Reason::MissingScope(scope.clone())
                    })
                })
            }
            Self::Fresh(within) => has(caller.is_fresh(*within), || Reason::NotFresh(*within)),
            Self::Need(check) => check(caller),
        }
    }
}

fn has(it: bool, lacking: impl FnOnce() -> Reason) -> Result<(), Reason> {
    if it { Ok(()) } else { Err(lacking()) }
}

/// Puts what was found where the inner service looks for it. A caller whom another guard let in is nobody
/// here.
fn mark(parts: &mut Parts, caller: Option<Caller>) {
    match caller {
        Some(caller) => parts.extensions.insert(caller),
        None => parts.extensions.remove(),
    };
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
///
/// ```
/// use symbolon_guard::{Guard, Guarded};
/// use tower_layer::Layer;
///
/// fn behind<S>(guard: &Guard, service: S) -> Guarded<S> {
///     guard.layer().layer(service)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Guarded<S> {
    inner: S,
    layer: GuardLayer,
}

impl<S, B, ResBody> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response<ResBody>> + Clone,
    ResBody: From<String>,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = Guarding<S, B, S::Future, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        match self.layer.admit_now(&parts) {
            Some(Ok(caller)) => {
                mark(&mut parts, caller);
                Guarding::passed(self.inner.call(Request::from_parts(parts, body)))
            }
            Some(Err(rejection)) => Guarding::refused(rejection.into_http_response()),
            None => {
                // The service that was polled ready is the one to call; its clone isn't ready yet.
                let next = self.inner.clone();
                let inner = std::mem::replace(&mut self.inner, next);
                Guarding::waiting(self.layer.clone().admit(parts), body, inner)
            }
        }
    }
}
