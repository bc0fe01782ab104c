//! Hashing passwords for a program's own user table, as Symbolon does for its own.
//!
//! These block for some tens of milliseconds, on purpose. In async code use a [`Pool`], or, where there
//! is an engine, [`Engine::hash_password`](crate::Engine::hash_password) and
//! [`Engine::verify_password`](crate::Engine::verify_password), which take their turn in its pool.

use std::{sync::Arc, time::Duration};

use symbolon_rules::{
    login::PasswordOutcome,
    password::{PasswordError, PasswordHash, PlainPassword},
};

use crate::{
    ConfigError, PasswordHashing, Randomness,
    passwords::{self, HashError, PasswordHasher},
};

/// Hashes a new password of at least 15 characters with Argon2id and a salt of its own. Gives a PHC
/// string of about 97 bytes: keep it in a column without a tight limit.
///
/// ```
/// use symbolon::password;
///
/// let hash = password::hash("correct horse battery staple")?;
/// assert!(hash.starts_with("$argon2id$"));
/// assert!(password::verify("correct horse battery staple", Some(&hash))?);
/// assert!(!password::verify("something else entirely", Some(&hash))?);
/// # Ok::<(), password::Error>(())
/// ```
pub fn hash(password: &str) -> Result<String, Error> {
    let password = PlainPassword::parse_new(password).map_err(Error::Password)?;
    let hash = passwords::hash_here(&password, &mut Randomness::system()).map_err(Error::failed)?;
    Ok(hash.as_phc().to_owned())
}

/// Compares a password with a stored hash. `None` costs the same and is false: pass it for a user who
/// doesn't exist, so that nobody learns who does.
///
/// Hashes of Werkzeug, Django and passlib are understood too, and bcrypt; of these scrypt and bcrypt
/// with the feature `imported-hashes` only. After a match with one of them store what [`hash`] gives.
///
/// A password that can't be one (empty, too long, with a NUL) is false too. A stored text that is no
/// hash that this version knows is an error, never a no.
pub fn verify(password: &str, stored: Option<&str>) -> Result<bool, Error> {
    let Ok(password) = PlainPassword::parse(password) else {
        return Ok(false);
    };
    let outcome = passwords::verify_here(&password, stored).map_err(Error::failed)?;
    Ok(matches!(outcome, PasswordOutcome::Matched(_)))
}

/// Hashes and compares in the background, as many at once as there are cores: for a program's own
/// [`Users`](crate::Users), which are there before their engine is. Clones share their turns.
///
/// Each takes a core and some 20 MiB for a moment; without turns, a crowd of logins would take the
/// machine's memory. The threads start with the first password and end with the last clone.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), symbolon::password::Error> {
/// use symbolon::password::Pool;
///
/// let pool = Pool::new();
/// let hash = pool.hash("correct horse battery staple").await?;
/// assert!(pool.verify("correct horse battery staple", Some(&hash)).await?);
/// assert!(!pool.verify("correct horse battery staple", None).await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Pool(PasswordHasher);

impl Pool {
    /// A pool of its own.
    pub fn new() -> Self {
        Self(PasswordHasher::standard())
    }

    /// A pool of its own, with other limits or dearer hashes than by default.
    ///
    /// Whoever raises the parameters goes on comparing with hashes that were made before; hash anew after a
    /// match where [`Pool::is_outdated`] says so.
    pub fn with(options: &PasswordHashing) -> Result<Self, ConfigError> {
        let checked = options.check()?;
        let clock = symbolon_guard::Clock::system();
        Ok(Self(PasswordHasher::new(
            Randomness::system(),
            checked,
            clock,
        )))
    }

    /// Whether a stored hash is weaker than [`Pool::hash`] would make it now: hash the password anew and
    /// store that, after it matched.
    pub fn is_outdated(&self, stored: &str) -> bool {
        self.0
            .is_outdated(&PasswordHash::from_phc(stored.to_owned()))
    }

    pub(crate) fn of(hasher: &PasswordHasher) -> Self {
        Self(hasher.clone())
    }

    /// As [`hash`]. Fails too if hundreds are waiting already.
    ///
    /// Must be called within a tokio runtime.
    pub async fn hash(&self, password: &str) -> Result<String, Error> {
        let password = PlainPassword::parse_new(password).map_err(Error::Password)?;
        let hash = self.0.hash(password).await.map_err(Error::failed)?;
        Ok(hash.as_phc().to_owned())
    }

    /// As [`verify`]. Fails too if hundreds are waiting already.
    ///
    /// Must be called within a tokio runtime.
    pub async fn verify(&self, password: &str, stored: Option<&str>) -> Result<bool, Error> {
        let Ok(password) = PlainPassword::parse(password) else {
            return Ok(false);
        };
        let password = Arc::new(password);
        let verifying = self.0.verify(&password, self.0.of_program(stored));
        let outcome = verifying.await.map_err(Error::failed)?;
        Ok(matches!(outcome, PasswordOutcome::Matched(_)))
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self::new()
    }
}

/// Why a password wasn't hashed or compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The new password can't be one.
    #[error("this can't be a password: {0}")]
    Password(PasswordError),
    /// Too many are waiting: it may work after this time.
    #[error("too many passwords are waiting to be hashed")]
    Busy {
        /// When the queue will have been worked off.
        retry_after: Duration,
    },
    /// The stored hash can't be read, or the hasher failed.
    #[error("{0}")]
    Failed(String),
}

impl Error {
    fn failed(error: HashError) -> Self {
        match error {
            HashError::Busy { retry_after } => Self::Busy { retry_after },
            error => Self::Failed(error.to_string()),
        }
    }
}
