//! Login with a username and a password.

use std::time::Duration;

use symbolon_rules::{
    client,
    login::{self, Decision, Refusal},
    password::PlainPassword,
    tokens::{self, ACCESS_TOKEN_LIFETIME},
    user::Username,
};

use super::{App, AppError};
use crate::store::{BeginSession, Begun, FindLogin};

/// What a successful login gives.
#[derive(Debug)]
pub(crate) struct Granted {
    /// The signed access token.
    pub(crate) access_token: String,
    /// How long it is good for.
    pub(crate) expires_in: Duration,
}

/// Why there was no login.
#[derive(Debug)]
pub(crate) enum LoginError {
    /// The credentials are refused; why is nobody's business.
    Refused,
    /// Nobody knows.
    App(AppError),
}

impl<E: Into<AppError>> From<E> for LoginError {
    fn from(error: E) -> Self {
        Self::App(error.into())
    }
}

impl App {
    /// Signs a user in to the built-in client and mints the first access token.
    pub(crate) async fn login(
        &self,
        username: Username,
        password: PlainPassword,
    ) -> Result<Granted, LoginError> {
        let find = FindLogin {
            username: username.clone(),
        };
        let facts = self.store.run(find).await?;
        let stored = facts.as_ref().and_then(|facts| facts.password_hash.clone());
        let outcome = self.passwords.verify(password, stored).await?;

        let now = self.clock.now();
        let entropy = &mut self.randomness.clone();
        let session = match login::decide(facts.as_ref(), &outcome, client::LOCAL, now, entropy) {
            Decision::Begin(session) => session,
            Decision::Refuse(refusal) => return Err(refused(&username, refusal.code())),
        };
        let begin = BeginSession {
            session: session.clone(),
        };
        if self.store.run(begin).await? == Begun::Stale {
            return Err(refused(&username, "credentials_changed"));
        }

        let roles = facts.map(|facts| facts.roles).unwrap_or_default();
        let claims =
            tokens::access_claims(&self.issuer, &self.issuer, &session, &roles, now, entropy);
        let access_token = self.keys.sign_access(&claims, now)?;
        tracing::info!(user = %session.user, session = %session.id, "login");
        Ok(Granted {
            access_token,
            expires_in: ACCESS_TOKEN_LIFETIME,
        })
    }
}

fn refused(username: &Username, reason: &'static str) -> LoginError {
    // A name that nobody has may be a password typed into the wrong field.
    if reason == Refusal::UnknownUser.code() {
        tracing::info!(reason, "login refused");
    } else {
        tracing::info!(reason, %username, "login refused");
    }
    LoginError::Refused
}
