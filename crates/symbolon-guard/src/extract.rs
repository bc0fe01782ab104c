//! Guarding by type: the handler's arguments say who may call it.
//!
//! `Caller` needs a good token, `Option<Caller>` takes a request without one, `CallerWith<R>` needs a
//! role too. The guard comes from the router's state (`Guard: FromRef<S>`); what a layer of the same
//! guard has checked isn't checked twice.
//!
//! Invariant: `Option<Caller>` is `None` only if nothing was sent; a bad token is refused there as
//! everywhere (a client with an expired token must learn so, not be served as a stranger).

use axum_core::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;

use crate::{Caller, CallerWith, Guard, Rejection, Role};

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

impl<S, R> FromRequestParts<S> for CallerWith<R>
where
    S: Send + Sync,
    R: Role,
    Guard: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let guard = Guard::from_ref(state);
        let caller = guard.require_once(parts).await?;
        Self::check(caller).ok_or_else(|| Rejection::missing_role(R::NAME).answered_by(&guard))
    }
}
