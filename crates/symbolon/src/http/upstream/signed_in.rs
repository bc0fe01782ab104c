//! Who has logged in, as an argument of a handler.
//!
//! Invariant: a request that changes something is let through only if it comes from a page of this site
//! and repeats the visitor's CSRF token (row S3); whoever takes a `SignedIn` can't forget to ask.

use axum::{
    extract::{FromRef, FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
    response::{IntoResponse, Response},
};

use super::{
    super::{
        AppSession, csrf,
        error::{Language, Problem},
    },
    VISITOR,
};
use crate::{
    Engine, Identity,
    app::{UpstreamError, Visitor},
    client::{ClientError, Profile, Tokens},
};

/// Somebody who has logged in with a provider, in this browser, and still counts.
///
/// Needs the layer of [`Engine::app_sessions`](crate::Engine::app_sessions) around the route. Each request
/// asks the database, or the program's own [`Users`](crate::Users): a user who was disabled or deleted is
/// refused at once. `Option<SignedIn>` takes visitors who haven't logged in.
///
/// A request other than GET and HEAD must come from a page of this site, by what the browser says, and
/// carry [`csrf_token`](Self::csrf_token) in the header `X-CSRF-Token`; otherwise it is refused with 403.
///
/// ```
/// use symbolon::client::SignedIn;
///
/// async fn index(who: Option<SignedIn>) -> String {
///     match who {
///         Some(who) => format!("Hello, {}!", who.username()),
///         None => "Hello, whoever you are!".to_owned(),
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct SignedIn {
    identity: Identity,
    visitor: Visitor,
    engine: Engine,
}

impl SignedIn {
    /// Who they are here.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What the provider tells of them.
    pub fn profile(&self) -> &Profile {
        &self.visitor.profile
    }

    /// The name of the client whose provider named them.
    pub fn client(&self) -> &str {
        &self.visitor.client
    }

    /// What pages of this site have to send back: in `X-CSRF-Token`, or as the field `csrf_token` of the
    /// form that logs out.
    pub fn csrf_token(&self) -> &str {
        &self.visitor.csrf
    }

    /// The provider's tokens for them, refreshed where their time is nearly over, by one node at a time.
    ///
    /// Fails unless the client was registered with
    /// [`keep_tokens`](crate::client::Registration::keep_tokens).
    pub async fn provider_tokens(&self) -> Result<Tokens, SignedInError> {
        let tokens = self.engine.app.provider_tokens(&self.visitor).await;
        tokens.map_err(|error| match error {
            UpstreamError::Refused(refusal) => SignedInError::Provider(ClientError(refusal)),
            UpstreamError::App(error) => SignedInError::App(error),
        })
    }
}

impl std::ops::Deref for SignedIn {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.identity
    }
}

/// Why the provider's tokens can't be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignedInError {
    /// The provider gives none, or none are kept.
    #[error(transparent)]
    Provider(ClientError),
    /// Nothing was decided; try again.
    #[error(transparent)]
    App(crate::AppError),
}

impl<S> OptionalFromRequestParts<S> for SignedIn
where
    S: Send + Sync,
    Engine: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Response> {
        let engine = Engine::from_ref(state);
        let language = Language::of(&parts.headers);
        let session = AppSession::from_request_parts(parts, state).await?;
        // What can't be read was written by another version: whoever it was logs in again.
        let Some(visitor) = session.get::<Visitor>(VISITOR).unwrap_or_default() else {
            return Ok(None);
        };
        if !csrf::is_safe(&parts.method) {
            let same_origin = csrf::is_same_origin(&parts.headers, &engine.app.issuer);
            if !same_origin || !csrf::repeats(&parts.headers, &visitor.csrf) {
                return Err(Problem::CrossSite.answer(language));
            }
        }
        match engine.app.find_visitor(&visitor).await {
            Ok(identity) => Ok(identity.map(|identity| Self {
                identity,
                visitor,
                engine,
            })),
            Err(error) => Err(Problem::from(error).answer(language)),
        }
    }
}

impl<S> FromRequestParts<S> for SignedIn
where
    S: Send + Sync,
    Engine: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let found: Option<Self> =
            <Self as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await?;
        found.ok_or_else(|| {
            Problem::LogInRequired
                .answer(Language::of(&parts.headers))
                .into_response()
        })
    }
}
