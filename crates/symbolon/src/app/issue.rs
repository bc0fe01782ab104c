//! Tokens for somebody whom a program has authenticated itself.

use std::time::Duration;

use serde_json::Value;
use symbolon_rules::{
    client,
    permission::{Role, Scope},
    tokens::{self, ExtraClaims, Freshness, Grant},
};

use super::{App, AppError};
use crate::hooks::IdentityError;

/// A token that is being described; see [`Engine::token_for`](crate::Engine::token_for).
#[derive(Debug)]
#[must_use = "nothing is minted before `issue` is called"]
pub struct TokenBuilder<'a> {
    app: &'a App,
    subject: &'a str,
    roles: Vec<Role>,
    scopes: Vec<Scope>,
    extra: ExtraClaims,
    audience: Option<&'a str>,
    lifetime: Duration,
    freshness: Freshness,
    refused: Option<IssueError>,
}

/// Why a token wasn't minted.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// A token must be about somebody: 1 to 255 bytes.
    #[error("the subject of a token must have 1 to 255 bytes")]
    Subject,
    /// A role or a claim can't stand in a token.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A token lives for a second at the least and a day at the most.
    #[error("a token lives for 1 second at the least and 24 hours at the most")]
    Lifetime,
    /// Nothing was decided.
    #[error(transparent)]
    App(#[from] AppError),
}

crate::reads_as_text!(IssueError);

impl App {
    pub(crate) fn token_for<'a>(&'a self, subject: &'a str) -> TokenBuilder<'a> {
        TokenBuilder {
            app: self,
            subject,
            roles: Vec::new(),
            scopes: Vec::new(),
            extra: ExtraClaims::default(),
            audience: None,
            lifetime: self.access_token_lifetime,
            freshness: Freshness::Unmarked,
            refused: None,
        }
    }
}

impl<'a> TokenBuilder<'a> {
    /// With these roles; a name that begins with `symbolon:` is refused.
    pub fn roles<R: AsRef<str>>(mut self, roles: impl IntoIterator<Item = R>) -> Self {
        let roles = roles.into_iter().map(|name| Role::parse(name.as_ref()));
        match roles.collect::<Result<_, _>>() {
            Ok(roles) => self.roles = roles,
            Err(error) => self.refuse(IdentityError::Role(error).into()),
        }
        self
    }

    /// Good for these scopes; a name that begins with `symbolon:` is refused.
    pub fn scopes<R: AsRef<str>>(mut self, scopes: impl IntoIterator<Item = R>) -> Self {
        let scopes = scopes.into_iter().map(|name| Scope::parse(name.as_ref()));
        match scopes.collect::<Result<_, _>>() {
            Ok(scopes) => self.scopes = scopes,
            Err(error) => self.refuse(IdentityError::Scope(error).into()),
        }
        self
    }

    /// With these claims: a JSON object, without names that verifiers decide by (`exp`, `aud`,
    /// `roles`…) and at most 4096 bytes long.
    pub fn claims(mut self, claims: Value) -> Self {
        match ExtraClaims::parse(claims) {
            Ok(extra) => self.extra = extra,
            Err(error) => self.refuse(IdentityError::Claims(error).into()),
        }
        self
    }

    /// For this API instead of the issuer itself.
    pub fn audience(mut self, audience: &'a str) -> Self {
        self.audience = Some(audience);
        self
    }

    /// Good for this long instead of what the engine is configured for; a day at the most.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Marked as coming from somebody who has just proved who they are: `fresh` and `auth_time`.
    pub fn fresh(mut self) -> Self {
        self.freshness = Freshness::Fresh;
        self
    }

    /// Mints and signs it. Refuses what any of the calls before was given wrongly.
    pub fn issue(mut self) -> Result<String, IssueError> {
        if !(1..=255).contains(&self.subject.len()) {
            self.refuse(IssueError::Subject);
        }
        if !tokens::is_lifetime(self.lifetime) {
            self.refuse(IssueError::Lifetime);
        }
        if let Some(refused) = self.refused {
            return Err(refused);
        }
        let app = self.app;
        let now = app.clock.now();
        let grant = Grant {
            issuer: &app.issuer,
            audience: self.audience.unwrap_or(&app.issuer),
            subject: self.subject,
            client: client::LOCAL,
            roles: &self.roles,
            scopes: &self.scopes,
            session: None,
            authenticated_at: (self.freshness == Freshness::Fresh).then_some(now),
            lifetime: self.lifetime,
            freshness: self.freshness,
            extra: &self.extra,
        };
        Ok(app.sign(&grant, now)?)
    }

    /// The first mistake is the one that is told.
    fn refuse(&mut self, error: IssueError) {
        self.refused.get_or_insert(error);
    }
}
