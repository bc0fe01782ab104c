//! Hashing passwords for a program's own user table, as Symbolon does for its own.
//!
//! These block for some tens of milliseconds, on purpose. In async code use
//! [`Engine::hash_password`](crate::Engine::hash_password) and
//! [`Engine::verify_password`](crate::Engine::verify_password), which take their turn in the
//! engine's bounded pool.

use symbolon_rules::{
    login::PasswordOutcome,
    password::{PasswordError, PlainPassword},
};

use crate::{
    Randomness,
    passwords::{self, Against},
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
    let hash = passwords::hash(&password, &mut Randomness::system()).map_err(Error::failed)?;
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
    let against = Against::of_program(stored);
    let outcome = passwords::compare(&password, &against).map_err(Error::failed)?;
    Ok(matches!(outcome, PasswordOutcome::Matched(_)))
}

/// Why a password wasn't hashed or compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The new password can't be one.
    #[error("this can't be a password: {0}")]
    Password(PasswordError),
    /// The stored hash can't be read, or the hasher failed or was too busy.
    #[error("{0}")]
    Failed(String),
}

impl Error {
    pub(crate) fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}
