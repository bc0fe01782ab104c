//! The current user as an argument of a handler: their token is good, and they are still there.

use axum::{
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use symbolon_guard::{Caller, Guard, Rejection};

use super::error::{Language, Problem};
use crate::{Engine, Identity};

/// The user whom the request's token is about, as they are now.
///
/// Where [`Caller`] trusts the token alone, this asks the database, or the program's own
/// [`Users`](crate::Users), on each request: a user who was disabled, deleted, or given a new password
/// since is refused with 401, and their roles are those of this moment.
///
/// The guard comes from the router's state. A state of the program's own gives one made of
/// [`Engine::guard`], which may take tokens from elsewhere and answer refusals otherwise
/// ([`Guard::with_sources`], [`Guard::with_answers`]); the engine as the state gives its own.
///
/// ```
/// use symbolon::{CurrentUser, Engine};
///
/// async fn protected(user: CurrentUser) -> String {
///     format!("Hello, {}!", user.username())
/// }
///
/// fn app(engine: &Engine) -> axum::Router {
///     engine
///         .router()
///         .route("/protected", axum::routing::get(protected))
///         .with_state(engine.clone())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct CurrentUser(Identity);

impl std::ops::Deref for CurrentUser {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.0
    }
}

impl<S> FromRequestParts<S> for CurrentUser
where
    S: Send + Sync,
    Engine: FromRef<S>,
    Guard: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let engine = Engine::from_ref(state);
        let guard = Guard::from_ref(state);
        let caller = Caller::from_request_parts(parts, state)
            .await
            .map_err(IntoResponse::into_response)?;
        match engine.app.find_signed_in(&caller).await {
            Ok(Some(identity)) => Ok(Self(identity)),
            Ok(None) => Err(Rejection::signed_out().answered_by(&guard).into_response()),
            // Ours, and nothing against the token: the guard's answers have no part in it.
            Err(error) => Err(Problem::from(error).answer(Language::of(&parts.headers))),
        }
    }
}

impl FromRef<Engine> for Guard {
    fn from_ref(engine: &Engine) -> Self {
        engine.guard()
    }
}
