//! The app session as an argument of a handler.

use std::sync::PoisonError;

use axum::{extract::FromRequestParts, http::request::Parts, response::Response};
use serde::{Serialize, de::DeserializeOwned};
use symbolon_guard::Caller;
use symbolon_rules::{app_session::Draft, id::SessionId};

use super::{
    super::error::{Language, Problem},
    AppSessionError,
    request::{RequestSession, SharedDraft},
};

/// What keys of the engine's own begin with.
const RESERVED: &str = "symbolon.";

/// The values that a program keeps for a visitor between requests, on the server.
///
/// Needs the layer of [`Engine::app_sessions`](crate::Engine::app_sessions) around the route; without
/// it every request is answered 500. A visitor who is new, or whose session is over, has an empty
/// one, and no cookie until a value is set. If the database can't be asked the handler isn't called,
/// and the answer is a 503.
///
/// What a handler changes is written when it has answered, before the answer goes out, whatever the
/// answer's status is; see `docs/app-sessions.md` for what happens when requests of one visitor run
/// side by side. All arguments of one request are the same session.
///
/// ```
/// use axum::http::StatusCode;
/// use symbolon::{AppSession, AppSessionError};
///
/// async fn add_to_basket(session: AppSession) -> Result<String, AppSessionError> {
///     let mut basket: Vec<u32> = session.get("basket")?.unwrap_or_default();
///     basket.push(17);
///     session.set("basket", &basket)?;
///     Ok(format!("{} things", basket.len()))
/// }
///
/// async fn log_out(session: AppSession) -> Result<StatusCode, AppSessionError> {
///     session.end()?;
///     Ok(StatusCode::NO_CONTENT)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct AppSession(SharedDraft);

impl AppSession {
    /// The value under a key, if there is one. Fails if it is of another type.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, AppSessionError> {
        self.with(|draft| {
            let json = draft.entries().find(key).map(serde_json::from_str);
            json.transpose()
                .map_err(|_| AppSessionError::OtherType(key.to_owned()))
        })?
    }

    /// Puts a value under a key, in place of what is there.
    ///
    /// Fails if serde can't write it as JSON, if that is longer than 4 KiB, or if keys and values
    /// would be more than 32 KiB together; then nothing has changed. Keys that begin with `symbolon.` are
    /// the engine's own.
    pub fn set(&self, key: &str, value: impl Serialize) -> Result<(), AppSessionError> {
        if key.starts_with(RESERVED) {
            return Err(AppSessionError::Key);
        }
        self.set_own(key, value)
    }

    /// As [`AppSession::set`], for what the engine itself keeps there.
    pub(in crate::http) fn set_own(
        &self,
        key: &str,
        value: impl Serialize,
    ) -> Result<(), AppSessionError> {
        let json = serde_json::to_string(&value);
        let json = json.map_err(|_| AppSessionError::NotJson(key.to_owned()))?;
        Ok(self.with(|draft| draft.set(key, json))??)
    }

    /// Takes the value under a key away; nothing happens if there is none. With its last value the
    /// session ends.
    pub fn remove(&self, key: &str) -> Result<(), AppSessionError> {
        self.with(|draft| draft.remove(key))
    }

    /// Takes away every value that this request has seen.
    pub fn clear(&self) -> Result<(), AppSessionError> {
        self.with(Draft::clear)
    }

    /// Gives the session a new id; the old one opens nothing from then on.
    ///
    /// Call it whenever somebody gains rights, at their login above all: an id that was planted in
    /// their browser before is worth nothing after. The values stay, and the absolute lifetime goes
    /// on.
    pub fn renew(&self) -> Result<(), AppSessionError> {
        self.with(Draft::renew)
    }

    /// Gives the session a new id, and lets it count only as long as the sign-in that the caller's
    /// token comes from: it ends with a new password, when the user is disabled or deleted, and when
    /// the sign-in is over.
    ///
    /// Fails if the token names no sign-in, as those don't that a program has minted or that its own
    /// users have. Under a sign-in that this engine doesn't know the session never counts.
    pub fn renew_for(&self, caller: &Caller) -> Result<(), AppSessionError> {
        let sign_in = caller.session_id().map(str::parse::<SessionId>);
        let Some(Ok(sign_in)) = sign_in else {
            return Err(AppSessionError::NoSignIn);
        };
        self.renew_for_session(sign_in)
    }

    /// As [`AppSession::renew_for`], by the sign-in itself.
    pub(in crate::http) fn renew_for_session(
        &self,
        sign_in: SessionId,
    ) -> Result<(), AppSessionError> {
        self.with(|draft| draft.renew_for(sign_in))
    }

    /// Ends the session: its values are gone, its id opens nothing, and requests that are under way
    /// bring neither back. What is set afterwards begins another one.
    pub fn end(&self) -> Result<(), AppSessionError> {
        self.with(Draft::end)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Draft) -> T) -> Result<T, AppSessionError> {
        let mut draft = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        draft.as_mut().map(act).ok_or(AppSessionError::Answered)
    }
}

impl<S: Sync> FromRequestParts<S> for AppSession {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Response> {
        let language = Language::of(&parts.headers);
        let Some(session) = parts.extensions.get::<RequestSession>() else {
            tracing::error!("a route takes an AppSession outside of Engine::app_sessions()");
            return Err(Problem::Internal.answer(language));
        };
        let draft = session.open().await;
        draft.map(Self).map_err(|problem| problem.answer(language))
    }
}
