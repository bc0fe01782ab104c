//! Who calls: the proof that a request carried a good access token.
//!
//! RFC 9068 §2.2 (claims), §2.2.3.1 (roles) and RFC 6749 §3.3 (scopes).
//!
//! Invariant: a `Caller` is made in one place, from a `Verified` token, and remembers which guard
//! made it; a caller that another guard let in (another issuer, another audience) is no caller here.

use std::{
    fmt,
    marker::PhantomData,
    ops::Deref,
    sync::{Arc, Weak},
};

use serde::de::DeserializeOwned;
use symbolon_token::{AccessClaims, Timestamp, Verified};

use crate::{
    Invalid, Rejection,
    guard::{Guard, Inner},
};

/// The caller of a request, as its access token names them.
///
/// A value of this type is a proof: only a [`Guard`] makes one. Clones are cheap.
#[derive(Clone)]
pub struct Caller {
    token: Arc<Verified<AccessClaims>>,
    guard: Weak<Inner>,
}

impl Caller {
    pub(crate) fn new(guard: &Guard, token: Verified<AccessClaims>) -> Self {
        Self {
            token: Arc::new(token),
            guard: Arc::downgrade(&guard.inner),
        }
    }

    /// Whether this very guard (or a clone of it) let the caller in. A caller whom another guard let
    /// in may come from another issuer, or be meant for another audience.
    pub fn is_from(&self, guard: &Guard) -> bool {
        std::ptr::eq(self.guard.as_ptr(), Arc::as_ptr(&guard.inner))
    }

    /// `sub`: the user, or the client itself where no user is involved. Unique within the issuer.
    pub fn subject(&self) -> &str {
        &self.claims().sub
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

    /// When the token ends. It was good when the request arrived; a handler that works for long may
    /// look again.
    pub fn expires_at(&self) -> Timestamp {
        self.token.registered().expires_at
    }

    /// The claims that every access token has.
    pub fn claims(&self) -> &AccessClaims {
        self.token.claims()
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
        self.token.claims_as().map_err(|error| {
            let manner = self.guard.upgrade().map(|guard| guard.manner());
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

/// A role as a type, so that a handler's arguments say who may call it.
///
/// ```
/// use symbolon_guard::Role;
///
/// struct Admin;
///
/// impl Role for Admin {
///     const NAME: &'static str = "admin";
/// }
/// ```
pub trait Role {
    /// The role as it stands in the token's `roles`.
    const NAME: &'static str;
}

/// A [`Caller`] who holds the role `R`; also a proof.
pub struct CallerWith<R> {
    caller: Caller,
    role: PhantomData<fn() -> R>,
}

impl<R: Role> CallerWith<R> {
    /// The same caller, if they hold the role.
    pub fn check(caller: Caller) -> Option<Self> {
        caller.has_role(R::NAME).then_some(Self {
            caller,
            role: PhantomData,
        })
    }
}

impl<R> CallerWith<R> {
    /// The caller, for code that no longer asks for the role.
    pub fn into_caller(self) -> Caller {
        self.caller
    }
}

impl<R> Deref for CallerWith<R> {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl<R> Clone for CallerWith<R> {
    fn clone(&self) -> Self {
        Self {
            caller: self.caller.clone(),
            role: PhantomData,
        }
    }
}

impl<R> fmt::Debug for CallerWith<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.caller.fmt(f)
    }
}
