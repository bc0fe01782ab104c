//! Logging in with others: begun, answered, and over.
//!
//! Invariant: nobody is signed in before every check of the answer has passed, and the login that it
//! answers is used up by the first answer that comes from the right browser, whatever comes of it.

mod admission;
mod provider_tokens;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use symbolon_rules::{
    Entropy,
    id::SessionId,
    upstream::{
        Answer, BrowserSecret, LOGIN_LIFETIME, LoginKey, LoginState, Next, Outcome, Pending,
        Profile, Refusal, Why,
    },
};
use symbolon_token::Timestamp;

use super::{App, AppError};
use crate::{
    client::{Client, Tokens},
    hooks::Identity,
    keys::{LOGINS, login_row, sha256},
    store::{BeginUpstreamLogin, EndSession, RedeemUpstreamLogin, Sealed, TokensId},
};

/// Why a login with a provider didn't happen.
#[derive(Debug)]
pub(crate) enum UpstreamError {
    /// It is refused.
    Refused(Refusal),
    /// Nothing was decided.
    App(AppError),
}

impl From<Refusal> for UpstreamError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<E: Into<AppError>> From<E> for UpstreamError {
    fn from(error: E) -> Self {
        Self::App(error.into())
    }
}

/// A login that has begun.
pub(crate) struct Begun {
    /// Where the browser is sent.
    pub(crate) location: String,
    pub(crate) key: LoginKey,
    /// What the browser has to bring back.
    pub(crate) browser: BrowserSecret,
}

/// A login that is done.
pub(crate) struct Done {
    pub(crate) visitor: Visitor,
    /// The page that was asked for.
    pub(crate) next: Option<Next>,
}

/// Somebody who has logged in, as their app session remembers them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Visitor {
    pub(crate) client: String,
    pub(crate) profile: Profile,
    pub(crate) admitted: Admitted,
    /// What a request that changes something must repeat.
    pub(crate) csrf: String,
    /// Where the provider's tokens are kept, if they are.
    tokens: Option<String>,
}

/// Who they are here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Admitted {
    /// A user of ours, by a sign-in.
    User { id: String, session: String },
    /// Whom the program says.
    Program {
        subject: String,
        username: String,
        roles: Vec<String>,
    },
}

impl Visitor {
    /// The sign-in that the app session hangs on.
    pub(crate) fn session(&self) -> Option<SessionId> {
        match &self.admitted {
            Admitted::User { session, .. } => session.parse().ok(),
            Admitted::Program { .. } => None,
        }
    }

    /// Whether both are the same person here.
    pub(crate) fn is_same_person(&self, other: &Self) -> bool {
        match (&self.admitted, &other.admitted) {
            (Admitted::User { id, .. }, Admitted::User { id: other, .. }) => id == other,
            (Admitted::Program { subject, .. }, Admitted::Program { subject: other, .. }) => {
                subject == other
            }
            _ => false,
        }
    }

    fn tokens(&self) -> Option<TokensId> {
        self.tokens.as_ref()?.parse().ok()
    }
}

impl App {
    /// Begins a login with the provider of this client.
    pub(crate) async fn begin_upstream_login(
        &self,
        client: &Client,
        next: Option<&str>,
    ) -> Result<Begun, UpstreamError> {
        let now = self.clock.now();
        let entropy = &mut self.randomness.clone();
        let (state, browser) = (
            LoginState::generate(now, entropy),
            BrowserSecret::generate(now, entropy),
        );
        let next = next.and_then(Next::parse);
        let max_age = client.registration().max_age;
        let pending = Pending::begin(client.name(), next.as_ref(), max_age, now, entropy);
        // First, so that a provider which can't be found leaves nothing behind.
        let location = client.authorization_url(&state, &pending).await?;

        let key = state.key(sha256);
        let plain = serde_json::to_vec(&pending).map_err(|error| fault(&error))?;
        let sealed = self
            .vault
            .seal(LOGINS, &login_row(key.as_bytes()), &plain, entropy);
        let begin = BeginUpstreamLogin {
            key,
            browser: browser.key(sha256),
            sealed: sealed.map_err(|error| fault(&error))?,
            expires_at: now + LOGIN_LIFETIME,
        };
        self.store.run(begin).await?;
        Ok(Begun {
            location,
            key,
            browser,
        })
    }

    /// Judges what a browser has brought back to the callback of this client.
    pub(crate) async fn finish_upstream_login(
        &self,
        client: &Client,
        answer: Answer,
        browser: Option<BrowserSecret>,
    ) -> Result<Done, UpstreamError> {
        let browser = browser.ok_or(Refusal::new(
            Why::NotUnderWay,
            "this browser began no such login",
        ))?;
        let key = answer.state.key(sha256);
        let redeem = RedeemUpstreamLogin {
            key,
            browser: browser.key(sha256),
            now: self.clock.now(),
        };
        let sealed = self.store.run(redeem).await?.ok_or(Refusal::new(
            Why::NotUnderWay,
            "the login is over, was answered before, or is another browser's",
        ))?;
        let pending = self.pending(&key, &sealed)?;
        // Each client has a callback of its own (RFC 9700 §4.4.2): an answer at another's is a mix-up.
        if pending.client() != client.name() {
            let reason = "the answer came to the callback of another client";
            return Err(Refusal::new(Why::WrongProvider, reason).into());
        }
        let promises_iss = client.promises_iss().await?;
        let code = match answer.of_issuer(client.issuer(), promises_iss)? {
            Outcome::Code(code) => code,
            Outcome::Refused(refusal) => return Err(refusal.into()),
        };
        let tokens = client.redeem(&code, &pending).await?;
        let profile = client.profile(&tokens, &pending).await?;
        let next = pending.next();
        let visitor = self.receive(client, profile, tokens).await?;
        Ok(Done { visitor, next })
    }

    /// Lets somebody in whom a provider has named.
    async fn receive(
        &self,
        client: &Client,
        profile: Profile,
        tokens: Tokens,
    ) -> Result<Visitor, UpstreamError> {
        let admitted = self.admit(client, &profile).await?;
        let mut csrf = [0; 32];
        self.randomness.clone().fill(&mut csrf);
        let mut visitor = Visitor {
            client: client.name().to_owned(),
            profile,
            admitted,
            csrf: BASE64URL_NOPAD.encode(&csrf),
            tokens: None,
        };
        if client.registration().keep_tokens {
            let id = self.keep_provider_tokens(&tokens, visitor.session());
            visitor.tokens = Some(id.await?.to_string());
        }
        tracing::info!(
            client = client.name(),
            session = visitor.session().map(|id| id.to_string()),
            "login with a provider"
        );
        Ok(visitor)
    }

    fn pending(&self, key: &LoginKey, sealed: &Sealed) -> Result<Pending, AppError> {
        let plain = self
            .vault
            .unseal(LOGINS, &login_row(key.as_bytes()), sealed);
        let plain = plain.map_err(|error| fault(&error))?;
        serde_json::from_slice(&plain).map_err(|error| fault(&error))
    }

    /// Who this is now, if they still count: a user of ours who was disabled doesn't, nor does one whom
    /// the program no longer finds.
    pub(crate) async fn find_visitor(
        &self,
        visitor: &Visitor,
    ) -> Result<Option<Identity>, AppError> {
        match &visitor.admitted {
            Admitted::User { id, session } => {
                let (Ok(user), Ok(session)) = (id.parse(), session.parse()) else {
                    return Ok(None);
                };
                self.find_signed_in_by(user, session).await
            }
            Admitted::Program { subject, .. } if self.hooks.have_users() => {
                let found = self.hooks.find(subject).await?;
                Ok(found.filter(|identity| identity.subject == *subject))
            }
            Admitted::Program {
                subject,
                username,
                roles,
            } => {
                let identity = Identity::new(subject, username).with_roles(roles);
                Ok(identity.ok())
            }
        }
    }

    /// Ends what a login began here; gives where the browser can log out at the provider, too.
    pub(crate) async fn end_upstream_login(
        &self,
        visitor: &Visitor,
    ) -> Result<Option<String>, AppError> {
        // First, since they go with the session.
        let tokens = match visitor.tokens() {
            Some(id) => self.drop_provider_tokens(id).await?,
            None => None,
        };
        if let Some(id) = visitor.session() {
            self.store.run(EndSession { id }).await?;
        }
        let Some(client) = self.clients.find(&visitor.client) else {
            return Ok(None);
        };
        let back_to = format!("{}{}", self.issuer, client.registration().after_logout);
        let hint = tokens.as_ref().and_then(Tokens::id_token);
        Ok(client.end_session_url(hint, &back_to).await)
    }
}

fn fault(error: &dyn std::error::Error) -> AppError {
    AppError::Fault(error.to_string())
}

/// How long what hangs on a login is kept at the most.
fn login_end(now: Timestamp) -> Timestamp {
    now + symbolon_rules::session::SESSION_LIFETIME
}
