//! Who calls: the proof that a request carried a good access token.
//!
//! RFC 9068 §2.2 (claims), §2.2.3.1 (roles) and RFC 6749 §3.3 (scopes).
//!
//! Invariant: a `Caller` is made in one place, from a `Verified` token, and remembers which guard
//! made it; a caller that another guard let in (another issuer, another audience) is no caller here.

use std::{any::Any, fmt, sync::Arc, time::Duration};

use http::Extensions;
use serde::de::DeserializeOwned;
use symbolon_token::{AccessClaims, Timestamp};

use crate::{Guard, Invalid, Rejection, admitted::Admitted, hooks::User};

/// The caller of a request, as its access token names them.
///
/// A value of this type is a proof: only a [`Guard`] makes one. Clones are cheap.
///
/// ```
/// use symbolon_guard::Caller;
///
/// async fn hello(caller: Caller) -> String {
///     format!("Hello, {}!", caller.subject())
/// }
/// ```
///
/// ```
/// use std::time::Duration;
/// use symbolon_guard::Caller;
///
/// async fn about(caller: Caller) -> String {
///     let mut said = vec![
///         format!("{} of {} through {}", caller.subject(), caller.issuer(), caller.client_id()),
///         format!("in the sign-in {:?}, until {:?}", caller.session_id(), caller.expires_at()),
///         format!("roles {:?}, scopes {:?}", caller.roles(), caller.scopes().collect::<Vec<_>>()),
///     ];
///     if caller.has_role("admin") || caller.has_scope("posts:write") {
///         said.push("may write".to_owned());
///     }
///     if !caller.is_fresh(Duration::from_secs(300)) {
///         said.push(format!("logged in at {:?}", caller.authenticated_at()));
///     }
///     said.join("\n")
/// }
/// ```
///
/// ```
/// use symbolon_guard::{Caller, Guard};
///
/// struct Account;
///
/// fn audited(caller: &Caller, ours: &Guard) -> String {
///     let known = caller.user::<Account>().is_some();
///     let whose = if caller.is_from(ours) { "our" } else { "another" };
///     format!("{} at {:?} by {whose} guard, known: {known}", caller.claims().jti, caller.admitted_at())
/// }
/// ```
#[derive(Clone)]
pub struct Caller {
    admitted: Arc<Admitted>,
    at: Timestamp,
    user: Option<User>,
}

impl Caller {
    pub(crate) fn new(admitted: Arc<Admitted>, at: Timestamp) -> Self {
        Self {
            admitted,
            at,
            user: None,
        }
    }

    pub(crate) fn with_user(self, user: User) -> Self {
        Self {
            user: Some(user),
            ..self
        }
    }

    /// The caller whom a guard's layer let in, anywhere that a request's extensions can be seen: in a
    /// middleware, in a service behind the layer, in what a handler calls.
    ///
    /// ```
    /// use http::Request;
    /// use symbolon_guard::Caller;
    ///
    /// fn subject_for_the_log<B>(request: &Request<B>) -> Option<&str> {
    ///     Caller::of(request.extensions()).map(Caller::subject)
    /// }
    /// ```
    pub fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// Whether this very guard (or a clone of it) let the caller in. A caller whom another guard let
    /// in may come from another issuer, or be meant for another audience.
    pub fn is_from(&self, guard: &Guard) -> bool {
        std::ptr::eq(self.admitted.guard.as_ptr(), Arc::as_ptr(&guard.inner))
    }

    /// `iss`: who says so. Empty for tokens that name nobody, where that is taken.
    pub fn issuer(&self) -> &str {
        &self.claims().iss
    }

    /// `sub`: the user, or the client itself where no user is involved. Unique within the issuer.
    pub fn subject(&self) -> &str {
        self.admitted.proof.subject()
    }

    /// The roles that the issuer gives this subject; none if the token names none.
    pub fn roles(&self) -> &[String] {
        &self.claims().roles
    }

    /// Whether the token names exactly this role (case-sensitively, no patterns).
    pub fn has_role(&self, role: &str) -> bool {
        self.roles().iter().any(|held| held == role)
    }

    /// The granted scopes (RFC 6749 §3.3), in the token's order.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.claims()
            .scope
            .as_deref()
            .unwrap_or_default()
            .split(' ')
            .filter(|scope| !scope.is_empty())
    }

    /// Whether exactly this scope was granted.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes().any(|granted| granted == scope)
    }

    /// `client_id`: the program through which the subject acts.
    pub fn client_id(&self) -> &str {
        &self.claims().client_id
    }

    /// `sid`: the sign-in that the token belongs to, if it belongs to one.
    pub fn session_id(&self) -> Option<&str> {
        self.claims().sid.as_deref()
    }

    /// `auth_time`: when the user last proved who they are, if the token says so.
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        self.claims().auth_time.map(Timestamp::from_secs)
    }

    /// Whether the user proved who they are within this time before the request. A token that doesn't say
    /// when, or names a moment in the future, isn't fresh.
    pub fn is_fresh(&self, within: Duration) -> bool {
        self.authenticated_at()
            .is_some_and(|login| login <= self.at && self.at <= login + within)
    }

    /// The user that [`Guard::with_user_loader`] found, if it finds users of this type.
    pub fn user<U: Any + Send + Sync>(&self) -> Option<Arc<U>> {
        Arc::clone(self.user.as_ref()?).downcast().ok()
    }

    /// When the guard let the caller in.
    pub fn admitted_at(&self) -> Timestamp {
        self.at
    }

    /// When the token ends. It was good when the request arrived; a handler that works for long may
    /// look again.
    pub fn expires_at(&self) -> Timestamp {
        self.admitted.proof.expires_at()
    }

    /// The claims that every access token has, from wherever the issuer's [`Profile`](crate::Profile) has
    /// them. What a foreign issuer leaves out is empty here, and a time 0.
    pub fn claims(&self) -> &AccessClaims {
        self.admitted.proof.claims()
    }

    /// The token's claims read as the program's own type: for those that the issuer adds.
    ///
    /// Fails with `invalid_token` if they don't fit it: then the token isn't one that this handler can
    /// serve, whoever signed it.
    ///
    /// ```
    /// use serde::Deserialize;
    /// use symbolon_guard::{Caller, Rejection};
    ///
    /// #[derive(Deserialize)]
    /// struct Own {
    ///     identity: String,
    /// }
    ///
    /// async fn hello(caller: Caller) -> Result<String, Rejection> {
    ///     let own: Own = caller.extra()?;
    ///     Ok(format!("Hello, {}!", own.identity))
    /// }
    /// ```
    pub fn extra<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        self.admitted.proof.claims_as().map_err(|error| {
            let manner = self.admitted.guard.upgrade().map(|guard| guard.manner());
            Rejection::invalid(Invalid::Token(error)).in_manner(manner)
        })
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("subject", &self.subject())
            .field("client_id", &self.client_id())
            .finish_non_exhaustive()
    }
}
