//! Guarding by type: the handler's arguments say who may call it.
//!
//! `Caller` needs a good token, `Option<Caller>` takes a request without one, `CallerWith<N>` needs a role or
//! more, `CallerAs<T>` reads claims of the program's own, `User<U>` is whom the guard's user loader found. The
//! guard comes from the router's state (`Guard: FromRef<S>`); what a layer of the same guard has checked
//! isn't checked twice.
//!
//! Invariant: `None` comes only of a request with nothing sent; a bad token is refused there as everywhere
//! (a client with an expired token must learn so, not be served as a stranger), and so is a caller who
//! lacks what is needed.

use std::{any::Any, ops::Deref, sync::Arc};

use axum_core::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::{Caller, CallerWith, Guard, Hook, HookError, HookFailed, Need, Reason, Rejection};

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    Guard: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        Guard::from_ref(state).require_once(parts).await
    }
}

impl<S> OptionalFromRequestParts<S> for Caller
where
    S: Send + Sync,
    Guard: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        Guard::from_ref(state).admit_once(parts).await
    }
}

/// Extractors that are made of a caller: required, and optional in the same way.
macro_rules! made_of_a_caller {
    ($made:ident<$inside:ident>, $bound:path) => {
        impl<S, $inside> FromRequestParts<S> for $made<$inside>
        where
            S: Send + Sync,
            $inside: $bound,
            Guard: FromRef<S>,
        {
            type Rejection = Rejection;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
                let guard = Guard::from_ref(state);
                let caller = guard.require_once(parts).await?;
                Self::made_of(caller).map_err(|reason| guard.refusal(reason, &parts.headers))
            }
        }

        impl<S, $inside> OptionalFromRequestParts<S> for $made<$inside>
        where
            S: Send + Sync,
            $inside: $bound,
            Guard: FromRef<S>,
        {
            type Rejection = Rejection;

            async fn from_request_parts(
                parts: &mut Parts,
                state: &S,
            ) -> Result<Option<Self>, Rejection> {
                let guard = Guard::from_ref(state);
                let Some(caller) = guard.admit_once(parts).await? else {
                    return Ok(None);
                };
                let made = Self::made_of(caller);
                made.map(Some)
                    .map_err(|reason| guard.refusal(reason, &parts.headers))
            }
        }
    };
}

made_of_a_caller!(CallerWith<N>, Need);
made_of_a_caller!(CallerAs<T>, DeserializeOwned);
made_of_a_caller!(User<U>, Loadable);

impl<N: Need> CallerWith<N> {
    fn made_of(caller: Caller) -> Result<Self, Reason> {
        Self::require(caller)
    }
}

/// A [`Caller`] with the token's claims read as the program's own type. Claims that don't fit it are
/// refused with 401 `invalid_token`.
///
/// ```
/// use serde::Deserialize;
/// use symbolon_guard::CallerAs;
///
/// #[derive(Deserialize)]
/// struct Tenant {
///     tenant: String,
/// }
///
/// async fn files(caller: CallerAs<Tenant>) -> String {
///     format!("{} of {}", caller.subject(), caller.claims.tenant)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct CallerAs<T> {
    /// The claims that the program's type has a place for.
    pub claims: T,
    caller: Caller,
}

impl<T: DeserializeOwned> CallerAs<T> {
    fn made_of(caller: Caller) -> Result<Self, Reason> {
        match caller.extra() {
            Ok(claims) => Ok(Self { claims, caller }),
            Err(rejection) => Err(rejection.into_reason()),
        }
    }
}

impl<T> Deref for CallerAs<T> {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

/// Whom the guard's user loader found; see [`Guard::with_user_loader`].
///
/// A guard that loads no users, or users of another type, can't tell who this is: 503.
///
/// ```
/// use symbolon_guard::User;
///
/// struct Account {
///     name: String,
/// }
///
/// async fn hello(account: User<Account>) -> String {
///     format!("Hello, {}, through {}!", account.name, account.caller().client_id())
/// }
/// ```
#[derive(Debug)]
pub struct User<U> {
    user: Arc<U>,
    caller: Caller,
}

impl<U> User<U> {
    /// The caller that the user was loaded for.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
}

/// What a user loader can give: whatever can be kept and shared.
///
/// ```
/// use symbolon_guard::{Loadable, User};
///
/// fn subject_of<U: Loadable>(user: &User<U>) -> &str {
///     user.caller().subject()
/// }
/// ```
pub trait Loadable: Any + Send + Sync {}

impl<U: Any + Send + Sync> Loadable for U {}

impl<U: Loadable> User<U> {
    fn made_of(caller: Caller) -> Result<Self, Reason> {
        match caller.user::<U>() {
            Some(user) => Ok(Self { user, caller }),
            None => Err(Reason::HookFailed(HookFailed {
                hook: Hook::UserLoader,
                error: Arc::from(HookError::from("the guard loads no users of this type")),
            })),
        }
    }
}

impl<U> Clone for User<U> {
    fn clone(&self) -> Self {
        Self {
            user: Arc::clone(&self.user),
            caller: self.caller.clone(),
        }
    }
}

impl<U> Deref for User<U> {
    type Target = U;

    fn deref(&self) -> &U {
        &self.user
    }
}
