//! Login with a username and a password, by our own users or a program's.
//!
//! Each gets a place among those whose passwords are hashed before anything is written for it. Then it is
//! counted before its password is looked at, and the count ends with how it went: forgotten with a session
//! that begins, kept with a refusal, taken back where we failed.

use std::{sync::Arc, time::Duration};

use symbolon_rules::{
    client,
    id::UserId,
    login::{self, Decision, LoginFacts, PasswordOutcome, Refusal},
    password::{PasswordError, PasswordHash, PlainPassword},
    session::NewSession,
    throttle::Account,
    tokens::{ExtraClaims, Freshness, Grant},
    user::{Username, UsernameError},
};
use symbolon_token::Timestamp;

use super::{App, AppError, throttle::Counted};
#[cfg(feature = "cli")]
use crate::store::FindLogin;
use crate::{
    passwords::{Against, Place},
    relay,
    store::{BeginSession, BeginSessionOfTry, Begun},
};
#[cfg(feature = "cli")]
use symbolon_rules::password::PasswordChecked;

/// Longest name that a program's own users are asked for, in bytes.
const TYPED_NAME_MAX: usize = 1024;

/// What a successful login gives.
#[derive(Clone)]
#[non_exhaustive]
pub struct Login {
    /// The signed access token.
    pub access_token: String,
    /// How long it is good for.
    pub expires_in: Duration,
    /// Whom it is about: its `sub`.
    pub subject: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// Why there was no login.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The credentials are refused; whether the name or the password is wrong isn't told.
    #[error("the username or the password is wrong")]
    Refused,
    /// The account was tried with wrong passwords too often, and waits; whether anybody has it isn't told.
    #[error("too many wrong passwords; try again in {} seconds", retry_after.as_secs())]
    TooManyAttempts {
        /// How long it waits, in whole seconds.
        retry_after: Duration,
    },
    /// This can't be anybody's name.
    #[error("this can't be a username: {0}")]
    Username(UsernameError),
    /// This can't be anybody's password.
    #[error("this can't be a password: {0}")]
    Password(PasswordError),
    /// Nothing was decided; try again.
    #[error(transparent)]
    App(AppError),
}

impl<E: Into<AppError>> From<E> for LoginError {
    fn from(error: E) -> Self {
        Self::App(error.into())
    }
}

/// How a try went.
enum Tried {
    /// A session began.
    Begun(Box<SignedIn>),
    /// For this reason there is none.
    Refused(&'static str),
}

/// Whose session began, and what is to be told of it.
struct SignedIn {
    session: NewSession,
    facts: Option<LoginFacts>,
    extra: ExtraClaims,
    now: Timestamp,
}

impl Tried {
    /// What the password was compared with, and whose it is.
    fn password_hash(&self) -> Option<(UserId, PasswordHash)> {
        match self {
            Self::Begun(signed_in) => {
                let facts = signed_in.facts.as_ref()?;
                Some((facts.user, facts.password_hash.clone()?))
            }
            Self::Refused(_) => None,
        }
    }
}

impl App {
    /// Whether a login has any prospect now: where not, nothing of it needs to be read.
    pub(crate) fn check_room_for_login(&self) -> Result<(), LoginError> {
        if self.hooks.have_users() {
            return Ok(());
        }
        self.passwords.check_room().map_err(|error| {
            self.tally.logins_failed.add_one();
            error.into()
        })
    }

    /// Signs somebody in and mints their first access token.
    pub(crate) async fn login(
        self: &Arc<Self>,
        username: &str,
        password: &str,
    ) -> Result<Login, LoginError> {
        let login = self.log_in(username, password).await;
        if let Err(LoginError::TooManyAttempts { .. }) = &login {
            tracing::info!(reason = "too_many_attempts", "login refused");
        }
        match &login {
            Ok(_) => self.tally.logins_succeeded.add_one(),
            Err(LoginError::App(_)) => self.tally.logins_failed.add_one(),
            Err(_) => self.tally.logins_refused.add_one(),
        }
        login
    }

    async fn log_in(self: &Arc<Self>, username: &str, password: &str) -> Result<Login, LoginError> {
        let typed = PlainPassword::parse(password).map_err(LoginError::Password)?;
        if self.hooks.have_users() {
            return self.login_of_hook(username, password).await;
        }
        let username = Username::parse(username).map_err(LoginError::Username)?;
        self.login_of_ours(username, typed).await
    }

    async fn login_of_ours(
        self: &Arc<Self>,
        username: Username,
        password: PlainPassword,
    ) -> Result<Login, LoginError> {
        let password = Arc::new(password);
        let trying = Arc::clone(self).try_password(username.clone(), Arc::clone(&password));
        let (counted, tried) = relay::run(trying).await?;
        let stored = tried.as_ref().ok().and_then(Tried::password_hash);
        let login = tried.and_then(|tried| self.answer(&username, tried));
        self.end_try(counted, &login).await?;
        // Only now: a disabled user's right password must take no longer than a wrong one (W4).
        if let (Ok(_), Some((user, old))) = (&login, stored) {
            self.renew_hash(user, password, old).await;
        }
        login
    }

    /// From a place in the queue to the session.
    async fn try_password(
        self: Arc<Self>,
        username: Username,
        password: Arc<PlainPassword>,
    ) -> Result<(Counted, Result<Tried, LoginError>), LoginError> {
        // Before anything is written: in a storm most are turned away here, and cost nothing more.
        let place = self.passwords.place().await?;
        let (counted, facts) = self.count_try(username.clone()).await?;
        let tried = self.try_counted(place, &username, &password, facts, counted.account());
        let tried = tried.await;
        Ok((counted, tried))
    }

    /// What becomes of the count, but for the session's begin, which forgets it.
    async fn end_try(
        &self,
        counted: Counted,
        result: &Result<Login, LoginError>,
    ) -> Result<(), LoginError> {
        match result {
            Ok(_) => {}
            Err(LoginError::App(_)) => self.take_back(counted).await,
            Err(_) => self.note_failure(&counted).await?,
        }
        Ok(())
    }

    async fn try_counted(
        &self,
        place: Place,
        username: &Username,
        password: &Arc<PlainPassword>,
        facts: Option<LoginFacts>,
        account: Account,
    ) -> Result<Tried, LoginError> {
        let stored = facts.as_ref().and_then(|facts| facts.password_hash.clone());
        let against = match stored {
            Some(hash) => Against::Hash(hash),
            None => Against::Nobody(self.decoys.draw(username)),
        };
        let outcome = self.passwords.verify_at(place, password, against).await?;
        self.begin(facts, outcome, Some(account)).await
    }

    /// Signs in whom the program has just given a password: comparing it would only cost time.
    #[cfg(feature = "cli")]
    pub(crate) async fn login_after_setting_password(
        &self,
        username: Username,
    ) -> Result<Login, LoginError> {
        let find = FindLogin {
            username: username.clone(),
        };
        let facts = self.store.run(find).await?;
        let outcome = PasswordOutcome::Matched(PasswordChecked::assertion());
        let tried = self.begin(facts, outcome, None).await?;
        self.answer(&username, tried)
    }

    async fn begin(
        &self,
        facts: Option<LoginFacts>,
        outcome: PasswordOutcome,
        account: Option<Account>,
    ) -> Result<Tried, LoginError> {
        let now = self.clock.now();
        let entropy = &mut self.randomness.clone();
        let session = match login::decide(facts.as_ref(), &outcome, client::LOCAL, now, entropy) {
            Decision::Begin(session) => session,
            Decision::Refuse(refusal) => return Ok(Tried::Refused(refusal.code())),
        };
        // Before the session begins: a hook that can't tell leaves nothing behind.
        let subject = session.user.to_string();
        let extra = self.claims_of_ours(&subject, facts.as_ref()).await?;
        if self.begin_session(session.clone(), account).await? == Begun::Stale {
            return Ok(Tried::Refused("credentials_changed"));
        }
        Ok(Tried::Begun(Box::new(SignedIn {
            session,
            facts,
            extra,
            now,
        })))
    }

    fn answer(&self, username: &Username, tried: Tried) -> Result<Login, LoginError> {
        let SignedIn {
            session,
            facts,
            extra,
            now,
        } = match tried {
            Tried::Begun(signed_in) => *signed_in,
            Tried::Refused(reason) => return Err(refused(username, reason)),
        };
        let subject = session.user.to_string();
        let roles = facts.map(|facts| facts.roles).unwrap_or_default();
        let grant = Grant {
            roles: &roles,
            session: Some(session.id),
            ..self.login_grant(&subject, &extra, now)
        };
        let access_token = self.sign(&grant, now)?;
        tracing::info!(user = %session.user, session = %session.id, "login");
        Ok(self.granted(access_token, &subject))
    }

    async fn begin_session(
        &self,
        session: NewSession,
        account: Option<Account>,
    ) -> Result<Begun, AppError> {
        Ok(match account {
            Some(account) => {
                let begin = BeginSessionOfTry { session, account };
                let patience = self.passwords.patience();
                self.store.run_patiently(begin, patience).await?
            }
            None => self.store.run(BeginSession { session }).await?,
        })
    }

    /// What stands beside the registered claims: the id that an imported user had before, and what
    /// the program adds.
    async fn claims_of_ours(
        &self,
        subject: &str,
        facts: Option<&LoginFacts>,
    ) -> Result<ExtraClaims, AppError> {
        let external_id = facts.and_then(|facts| facts.external_id.clone());
        let ours = match (&self.external_id_claim, external_id) {
            (Some(name), Some(id)) => name.with(id),
            _ => ExtraClaims::default(),
        };
        Ok(self.hooks.claims(subject).await?.and(ours))
    }

    async fn login_of_hook(&self, username: &str, password: &str) -> Result<Login, LoginError> {
        if username.is_empty() {
            return Err(LoginError::Username(UsernameError::Empty));
        }
        if username.len() > TYPED_NAME_MAX {
            return Err(LoginError::Username(UsernameError::TooLong));
        }
        let counted = self.count_try_of_hook(username).await?;
        let result = self.login_of_hook_counted(username, password).await;
        match result {
            // Its own try alone: whoever has a name that looks alike must not forgive the others.
            Ok(_) => self.take_back(counted).await,
            Err(_) => self.end_try(counted, &result).await?,
        }
        result
    }

    async fn login_of_hook_counted(
        &self,
        username: &str,
        password: &str,
    ) -> Result<Login, LoginError> {
        let Some(identity) = self.hooks.authenticate(username, password).await? else {
            tracing::info!(reason = "hook", "login refused");
            return Err(LoginError::Refused);
        };
        let now = self.clock.now();
        let added = self.hooks.claims(&identity.subject).await?;
        let extra = added.and(identity.extra);
        let grant = Grant {
            roles: &identity.roles,
            ..self.login_grant(&identity.subject, &extra, now)
        };
        let access_token = self.sign(&grant, now)?;
        tracing::info!(user = identity.subject, "login");
        Ok(self.granted(access_token, &identity.subject))
    }

    /// What every token of a login has in common.
    fn login_grant<'a>(
        &'a self,
        subject: &'a str,
        extra: &'a ExtraClaims,
        now: Timestamp,
    ) -> Grant<'a> {
        Grant {
            issuer: &self.issuer,
            audience: &self.issuer,
            subject,
            client: client::LOCAL,
            roles: &[],
            scopes: &self.scopes,
            session: None,
            authenticated_at: Some(now),
            lifetime: self.access_token_lifetime,
            freshness: Freshness::Unmarked,
            extra,
        }
    }

    fn granted(&self, access_token: String, subject: &str) -> Login {
        Login {
            access_token,
            expires_in: self.access_token_lifetime,
            subject: subject.to_owned(),
        }
    }

    /// Signs a grant with the key whose time it is.
    pub(super) fn sign(&self, grant: &Grant<'_>, now: Timestamp) -> Result<String, AppError> {
        let claims = grant.claims(now, &mut self.randomness.clone());
        let token = self.keys.sign_access(&claims, now)?;
        self.tally.tokens_signed.add_one();
        Ok(token)
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
