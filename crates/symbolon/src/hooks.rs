//! A program's own users and claims in place of ours.
//!
//! Invariant: a hook answers yes, no, or that it can't tell; what it can't tell is a 503. Hooks run
//! in tasks of their own under a deadline, so that one that panics or hangs costs its request only.

use std::{error::Error, fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use serde_json::Value;
use symbolon_rules::{
    permission::{Role, RoleError},
    tokens::{ClaimError, ExtraClaims},
};
use zeroize::Zeroizing;

/// How long a hook may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// Somebody whom a program has authenticated or found.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    pub(crate) subject: String,
    pub(crate) username: String,
    pub(crate) roles: Vec<Role>,
    pub(crate) extra: ExtraClaims,
}

impl Identity {
    /// The user whom tokens call `subject`: an id that never changes and is never given to anybody
    /// else, as a string (RFC 7519 §4.1.2).
    pub fn new(subject: impl Into<String>, username: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            username: username.into(),
            roles: Vec::new(),
            extra: ExtraClaims::default(),
        }
    }

    /// With these roles. A name that begins with `symbolon:` is refused.
    pub fn with_roles<R: AsRef<str>>(
        mut self,
        roles: impl IntoIterator<Item = R>,
    ) -> Result<Self, IdentityError> {
        let roles = roles.into_iter().map(|name| Role::parse(name.as_ref()));
        self.roles = roles
            .collect::<Result<_, _>>()
            .map_err(IdentityError::Role)?;
        Ok(self)
    }

    /// With these claims in their tokens: a JSON object, without names that verifiers decide by
    /// (`exp`, `aud`, `roles`…) and at most 4096 bytes long.
    pub fn with_claims(mut self, claims: Value) -> Result<Self, IdentityError> {
        self.extra = ExtraClaims::parse(claims).map_err(IdentityError::Claims)?;
        Ok(self)
    }

    /// Whom tokens are about.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// What they are called.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Whether they have this role.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|held| held.as_str() == role)
    }

    /// The names of their roles.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.roles.iter().map(Role::as_str)
    }
}

/// Why an identity can't be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// A role is none, or one of Symbolon's own.
    #[error("this can't be a role: {0}")]
    Role(RoleError),
    /// A scope is none, or one of Symbolon's own.
    #[error("this can't be a scope: {0}")]
    Scope(RoleError),
    /// The claims can't stand in a token.
    #[error("{0}")]
    Claims(ClaimError),
}

/// What a hook couldn't do: any error, by `?`.
pub struct HookError(Box<dyn Error + Send + Sync>);

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for HookError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Debug for HookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A program's own user table.
///
/// ```
/// use symbolon::{HookError, Identity, Users, password::Pool};
///
/// struct OneUser { hash: String, passwords: Pool }
///
/// impl Users for OneUser {
///     async fn authenticate(&self, username: &str, password: &str) -> Result<Option<Identity>, HookError> {
///         // Nobody's password costs as much to check as somebody's.
///         let stored = (username == "admin").then_some(self.hash.as_str());
///         let right = self.passwords.verify(password, stored).await?;
///         Ok(right.then(|| Identity::new("1", "admin")))
///     }
///
///     async fn find(&self, subject: &str) -> Result<Option<Identity>, HookError> {
///         Ok((subject == "1").then(|| Identity::new("1", "admin")))
///     }
/// }
/// ```
pub trait Users: Send + Sync + 'static {
    /// The user with this name and password, as they were typed. `None` is "wrong credentials";
    /// an error is "can't tell", and becomes a 503.
    ///
    /// Runs in an async task: compare passwords in a [`password::Pool`](crate::password::Pool), and use
    /// a blocking task for other work that takes long.
    fn authenticate(
        &self,
        username: &str,
        password: &str,
    ) -> impl Future<Output = Result<Option<Identity>, HookError>> + Send;

    /// The user that a token is about. `None` refuses the token: a deleted user's is worth nothing.
    fn find(
        &self,
        subject: &str,
    ) -> impl Future<Output = Result<Option<Identity>, HookError>> + Send;
}

type Running<T> = Pin<Box<dyn Future<Output = Result<T, HookError>> + Send>>;

/// [`Users`] as an object.
trait AnyUsers: Send + Sync {
    fn authenticate(
        self: Arc<Self>,
        username: String,
        password: Zeroizing<String>,
    ) -> Running<Option<Identity>>;
    fn find(self: Arc<Self>, subject: String) -> Running<Option<Identity>>;
}

impl<U: Users> AnyUsers for U {
    fn authenticate(
        self: Arc<Self>,
        username: String,
        password: Zeroizing<String>,
    ) -> Running<Option<Identity>> {
        Box::pin(async move { Users::authenticate(&*self, &username, &password).await })
    }

    fn find(self: Arc<Self>, subject: String) -> Running<Option<Identity>> {
        Box::pin(async move { Users::find(&*self, &subject).await })
    }
}

/// What a program has put in place of ours.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    users: Option<Arc<dyn AnyUsers>>,
    claims: Option<Arc<dyn Fn(String) -> Running<Value> + Send + Sync>>,
    #[cfg(feature = "client")]
    admission: Option<Arc<Admission>>,
}

#[cfg(feature = "client")]
type Admission = dyn Fn(crate::client::Profile) -> Running<Option<Identity>> + Send + Sync;

/// A hook that couldn't tell.
#[derive(Debug, thiserror::Error)]
#[error("the hook {hook} failed: {reason}")]
pub(crate) struct HookFailure {
    hook: &'static str,
    reason: String,
}

impl Hooks {
    pub(crate) fn set_users(&mut self, users: impl Users) {
        self.users = Some(Arc::new(users));
    }

    pub(crate) fn set_claims<F>(&mut self, claims: impl Fn(String) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<Value, HookError>> + Send + 'static,
    {
        self.claims = Some(Arc::new(move |subject| Box::pin(claims(subject))));
    }

    #[cfg(feature = "client")]
    pub(crate) fn set_admission<F>(
        &mut self,
        admit: impl Fn(crate::client::Profile) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = Result<Option<Identity>, HookError>> + Send + 'static,
    {
        self.admission = Some(Arc::new(move |profile| Box::pin(admit(profile))));
    }

    /// Whether the program says who comes in whom a provider names.
    #[cfg(feature = "client")]
    pub(crate) fn decide_admission(&self) -> bool {
        self.admission.is_some()
    }

    /// Who this is to the program, if it lets them in.
    #[cfg(feature = "client")]
    pub(crate) async fn admit(
        &self,
        profile: crate::client::Profile,
    ) -> Result<Option<Identity>, HookFailure> {
        let Some(admit) = self.admission.clone() else {
            return Ok(None);
        };
        run("admission", move || admit(profile)).await
    }

    /// Whether a program's own users stand in for ours.
    pub(crate) fn have_users(&self) -> bool {
        self.users.is_some()
    }

    pub(crate) async fn authenticate(
        &self,
        username: &str,
        password: &str,
    ) -> Result<Option<Identity>, HookFailure> {
        let Some(users) = self.users.clone() else {
            return Ok(None);
        };
        let username = username.to_owned();
        let password = Zeroizing::new(password.to_owned());
        run("authenticate", move || {
            users.authenticate(username, password)
        })
        .await
    }

    pub(crate) async fn find(&self, subject: &str) -> Result<Option<Identity>, HookFailure> {
        let Some(users) = self.users.clone() else {
            return Ok(None);
        };
        let subject = subject.to_owned();
        run("find", move || users.find(subject)).await
    }

    /// The claims that the program adds for this subject.
    pub(crate) async fn claims(&self, subject: &str) -> Result<ExtraClaims, HookFailure> {
        let Some(claims) = self.claims.clone() else {
            return Ok(ExtraClaims::default());
        };
        let subject = subject.to_owned();
        let value = run("claims", move || claims(subject)).await?;
        ExtraClaims::parse(value).map_err(|error| HookFailure {
            hook: "claims",
            reason: error.to_string(),
        })
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("users", &self.users.is_some())
            .field("claims", &self.claims.is_some())
            .finish_non_exhaustive()
    }
}

/// Also what a hook does before it gives a future is the program's code, and happens in the hook's own task.
async fn run<T: Send + 'static>(
    hook: &'static str,
    begin: impl FnOnce() -> Running<T> + Send + 'static,
) -> Result<T, HookFailure> {
    let mut task = tokio::spawn(async move { begin().await });
    let reason = match tokio::time::timeout(DEADLINE, &mut task).await {
        Ok(Ok(Ok(value))) => return Ok(value),
        Ok(Ok(Err(HookError(error)))) => error.to_string(),
        Ok(Err(panic)) => panic.to_string(),
        Err(_elapsed) => {
            task.abort();
            "it did not answer in time".to_owned()
        }
    };
    Err(HookFailure { hook, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hook_that_panics_before_it_gives_a_future_has_failed() {
        let failed = run::<()>("claims", || panic!("torn down"))
            .await
            .unwrap_err();
        assert_eq!(failed.hook, "claims");
        assert!(failed.reason.contains("panicked"), "{}", failed.reason);
    }
}
