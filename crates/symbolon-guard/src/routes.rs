//! A router that knows which of its routes are guarded.
//!
//! A route that nobody guards looks like any other. Here each is added as guarded or as open, and what was
//! added as neither can be listed, in a test or at the start.
//!
//! Invariant: a route counts as guarded only if a guard's layer is around it, or if its handler takes a
//! guard's extractor that can't be had without a token.

use std::{any::type_name, fmt};

use axum::{
    Router,
    handler::Handler,
    routing::{self, MethodFilter, MethodRouter},
};
use http::Method;

use crate::GuardLayer;

/// An [`axum::Router`] that records what guards its routes.
///
/// ```
/// # fn routes(guard: symbolon_guard::Guard) -> Result<axum::Router, symbolon_guard::Unguarded> {
/// use axum::routing::get;
/// use http::Method;
/// use symbolon_guard::{Caller, Routes};
///
/// async fn me(caller: Caller) -> String {
///     caller.subject().to_owned()
/// }
///
/// let router = Routes::new()
///     .on(&Method::GET, "/me", me) // its arguments guard it
///     .guarded(guard.layer().require_role("auditor"), |routes| {
///         routes.route("/reports", get(async || "reports"))
///     })
///     .open("/healthz", get(async || "well"))
///     .into_router()?; // fails, and names them, if there are others
/// # Ok(router.with_state(guard))
/// # }
/// ```
#[must_use]
pub struct Routes<S = ()> {
    router: Router<S>,
    recorded: Vec<Recorded>,
}

#[derive(Clone, Debug)]
struct Recorded {
    name: String,
    by: By,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Layer,
    Extractor,
    /// It is open, and meant to be.
    Choice,
    Nobody,
}

/// What was recorded can be looked at in a test:
///
/// ```
/// use axum::routing::get;
/// use symbolon_guard::Routes;
///
/// let posts = Routes::<()>::new()
///     .guarded_by_itself("/{id}", get(async || "by an extractor of its own"))
///     .route("/drafts", get(async || "oh"));
/// let health = Routes::new().open("/healthz", get(async || "well"));
///
/// let routes = Routes::new().nest("/posts", posts).merge(health);
/// assert_eq!(routes.unguarded(), ["/posts/drafts"]);
/// assert_eq!(routes.opened(), ["/healthz"]);
/// ```
impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// No routes.
    pub fn new() -> Self {
        Self {
            router: Router::new(),
            recorded: Vec::new(),
        }
    }

    /// A route with whatever handlers: guarded if it stands inside of [`Routes::guarded`].
    pub fn route(self, path: &str, handlers: MethodRouter<S>) -> Self {
        self.record(path.to_owned(), By::Nobody, path, handlers)
    }

    /// A route of one method, which an argument of its handler may guard: a [`Caller`](crate::Caller), a
    /// [`CallerWith`](crate::CallerWith), a [`CallerAs`](crate::CallerAs) or a [`User`](crate::User).
    /// `Option` of one doesn't guard: the handler runs for strangers too.
    ///
    /// An extractor of the program's own isn't seen, whatever it asks for inside; such a route is added with
    /// [`Routes::guarded_by_itself`].
    ///
    /// # Panics
    ///
    /// As [`Router::route`] does, and on methods that axum has no filter for.
    pub fn on<H, T>(self, method: &Method, path: &str, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let by = if takes_a_caller(type_name::<T>()) {
            By::Extractor
        } else {
            By::Nobody
        };
        let name = format!("{method} {path}");
        self.record(name, by, path, routing::on(filter(method), handler))
    }

    /// A route that is open to everybody, and meant to be.
    pub fn open(self, path: &str, handlers: MethodRouter<S>) -> Self {
        self.record(path.to_owned(), By::Choice, path, handlers)
    }

    /// A route whose handlers see to it themselves, by an extractor of the program's own.
    pub fn guarded_by_itself(self, path: &str, handlers: MethodRouter<S>) -> Self {
        self.record(path.to_owned(), By::Extractor, path, handlers)
    }

    /// Routes behind this layer. Those that are added as open inside count as open by choice and are
    /// guarded all the same.
    pub fn guarded(mut self, layer: GuardLayer, add: impl FnOnce(Self) -> Self) -> Self {
        let is_guard = !layer.is_optional();
        let mut inner = add(Self::new());
        if is_guard {
            for recorded in &mut inner.recorded {
                recorded.by = By::Layer;
            }
        }
        // An empty router has no routes for a layer.
        let router = if inner.recorded.is_empty() {
            inner.router
        } else {
            inner.router.route_layer(layer)
        };
        self.router = self.router.merge(router);
        self.recorded.append(&mut inner.recorded);
        self
    }

    /// All of these routes under a path.
    pub fn nest(mut self, path: &str, inner: Self) -> Self {
        self.router = self.router.nest(path, inner.router);
        let under = |recorded: Recorded| {
            let (method, rest) = match recorded.name.split_once(' ') {
                Some((method, rest)) => (format!("{method} "), rest.to_owned()),
                None => (String::new(), recorded.name),
            };
            Recorded {
                name: format!("{method}{}{rest}", path.trim_end_matches('/')),
                by: recorded.by,
            }
        };
        self.recorded.extend(inner.recorded.into_iter().map(under));
        self
    }

    /// These routes too.
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.recorded.extend(other.recorded);
        self
    }

    /// The routes that nobody guards and nobody called open: `/path`, or `GET /path` where only one method
    /// is meant.
    pub fn unguarded(&self) -> Vec<&str> {
        let recorded = self.recorded.iter();
        recorded
            .filter(|recorded| recorded.by == By::Nobody)
            .map(|recorded| recorded.name.as_str())
            .collect()
    }

    /// The routes that were called open, for a look at what strangers can do.
    pub fn opened(&self) -> Vec<&str> {
        let recorded = self.recorded.iter();
        recorded
            .filter(|recorded| recorded.by == By::Choice)
            .map(|recorded| recorded.name.as_str())
            .collect()
    }

    /// The router, if every route is guarded or called open.
    pub fn into_router(self) -> Result<Router<S>, Unguarded> {
        let unguarded: Vec<String> = self.unguarded().into_iter().map(str::to_owned).collect();
        if unguarded.is_empty() {
            Ok(self.router)
        } else {
            Err(Unguarded { routes: unguarded })
        }
    }

    fn record(mut self, name: String, by: By, path: &str, handlers: MethodRouter<S>) -> Self {
        self.router = self.router.route(path, handlers);
        self.recorded.push(Recorded { name, by });
        self
    }
}

/// Whether one of a handler's extractors is a caller that can't be absent. Names of types are for people to
/// read, and their form isn't promised; a test sees that these are still understood, and one that isn't
/// counts as no guard.
fn takes_a_caller(arguments: &str) -> bool {
    let ours = concat!(env!("CARGO_CRATE_NAME"), "::");
    [
        "caller::Caller",
        "need::CallerWith<",
        "extract::CallerAs<",
        "extract::User<",
    ]
    .iter()
    .any(|name| {
        arguments.match_indices(ours).any(|(at, _)| {
            let (before, rest) = arguments.split_at(at);
            let is_argument = before.ends_with(['(', ' ']);
            let rest = rest.get(ours.len()..).unwrap_or_default();
            is_argument
                && rest.strip_prefix(name).is_some_and(|rest| {
                    name.ends_with('<') || rest.starts_with([',', ')']) || rest.is_empty()
                })
        })
    })
}

/// As axum's own filters, by which a handler of GET answers HEAD too.
fn filter(method: &Method) -> MethodFilter {
    match MethodFilter::try_from(method.clone()) {
        Ok(filter) => filter,
        Err(_) => unknown(method),
    }
}

#[expect(
    clippy::panic,
    reason = "a router that can't be built is a mistake in the program, as elsewhere in axum"
)]
fn unknown(method: &Method) -> MethodFilter {
    panic!("routes of {method} are added with `route`")
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> fmt::Debug for Routes<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Routes").field(&self.recorded).finish()
    }
}

/// Routes that nobody guards and nobody called open.
///
/// ```
/// use axum::routing::get;
/// use symbolon_guard::Routes;
///
/// let routes = Routes::<()>::new().route("/forgotten", get(async || "in"));
/// let refused = routes.into_router().unwrap_err();
/// assert_eq!(refused.routes(), ["/forgotten"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unguarded {
    routes: Vec<String>,
}

impl Unguarded {
    /// Which: `/path`, or `GET /path` where only one method is meant.
    pub fn routes(&self) -> &[String] {
        &self.routes
    }
}

impl fmt::Display for Unguarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "routes without a guard: {}", self.routes.join(", "))
    }
}

impl std::error::Error for Unguarded {}
