//! Hashing and comparing passwords, off the async threads, a bounded number at a time: Argon2id for
//! new ones, and whatever imported ones were hashed with until their next login.
//!
//! Invariant: comparing costs the same whether there is a hash to compare with or not; an unknown
//! user's login burns a scheme that some user has (W4). The permit to hash moves into the job: a
//! client that hangs up doesn't make room for another one while its hash is still being computed.

mod argon2;
mod bcrypt;
mod decoy;
mod pbkdf2;
#[cfg(feature = "cli")]
mod recognise;
mod scheme;
mod scrypt;
mod stored;
#[cfg(test)]
mod tests;

use std::{num::NonZero, sync::Arc, time::Duration};

use symbolon_rules::{
    Entropy,
    login::PasswordOutcome,
    password::{PasswordChecked, PasswordHash, PlainPassword},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

#[cfg(feature = "cli")]
pub(crate) use self::recognise::{Recognised, Unrecognised, recognise};
use self::{argon2::Argon2, stored::StoredHash};
pub(crate) use self::{decoy::Decoys, scheme::Scheme};
use crate::Randomness;

/// Logins that may wait for their turn; beyond, they are told to come back.
const WAITING: usize = 64;
/// How long they may wait.
const WAIT: Duration = Duration::from_secs(5);

/// Hashes and compares passwords.
#[derive(Clone, Debug)]
pub(crate) struct PasswordHasher {
    randomness: Randomness,
    queue: Arc<Semaphore>,
    workers: Arc<Semaphore>,
}

/// Why a password was neither hashed nor compared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HashError {
    /// Too many are waiting.
    #[error("too many passwords are waiting to be hashed")]
    Busy,
    /// A stored hash can't be read, or asks for more than is allowed.
    #[error("a stored password hash can't be used: {0}")]
    Unusable(String),
    /// The hasher itself failed.
    #[error("hashing failed: {0}")]
    Failed(String),
}

impl PasswordHasher {
    /// A hasher that keeps as many cores busy as there are.
    pub(crate) fn new(randomness: Randomness) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            randomness,
            queue: Arc::new(Semaphore::new(cores + WAITING)),
            workers: Arc::new(Semaphore::new(cores)),
        }
    }

    /// Hashes a new password with a salt of its own.
    pub(crate) async fn hash(
        &self,
        password: impl Into<Arc<PlainPassword>>,
    ) -> Result<PasswordHash, HashError> {
        let password = password.into();
        let mut randomness = self.randomness.clone();
        self.run(move || hash(&password, &mut randomness)).await
    }

    /// Compares a password with a stored hash, or with nobody's.
    pub(crate) async fn verify(
        &self,
        password: &Arc<PlainPassword>,
        against: Against,
    ) -> Result<PasswordOutcome, HashError> {
        let password = Arc::clone(password);
        self.run(move || compare(&password, &against)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let permits = self.turn().await?;
        tokio::task::spawn_blocking(move || {
            let _permits = permits;
            job()
        })
        .await
        .map_err(|panic| HashError::Failed(panic.to_string()))?
    }

    async fn turn(&self) -> Result<[OwnedSemaphorePermit; 2], HashError> {
        let place = Arc::clone(&self.queue)
            .try_acquire_owned()
            .map_err(|_| HashError::Busy)?;
        let worker = tokio::time::timeout(WAIT, Arc::clone(&self.workers).acquire_owned());
        match worker.await {
            Ok(Ok(worker)) => Ok([place, worker]),
            Ok(Err(_)) | Err(_) => Err(HashError::Busy),
        }
    }
}

/// What a password is compared with.
#[derive(Clone, Debug)]
pub(crate) enum Against {
    /// Somebody's hash.
    Hash(PasswordHash),
    /// Nobody's: the same work for nothing.
    Nobody(Scheme),
}

impl Against {
    /// A user's hash; where a program has no such user, nobody's of the scheme of new passwords.
    pub(crate) fn of_program(stored: Option<&str>) -> Self {
        match stored {
            Some(text) => Self::Hash(PasswordHash::from_phc(text.to_owned())),
            None => Self::Nobody(Scheme::CURRENT),
        }
    }
}

/// Hashes a password with a salt of its own. Blocks.
pub(crate) fn hash(
    password: &PlainPassword,
    entropy: &mut impl Entropy,
) -> Result<PasswordHash, HashError> {
    let mut salt = [0; 16];
    entropy.fill(&mut salt);
    let output = Scheme::CURRENT
        .derive(password, &salt)?
        .ok_or_else(|| HashError::Failed("Argon2 takes passwords of any length".to_owned()))?;
    Ok(Argon2::CURRENT.phc_string(&salt, &output))
}

/// Compares a password with a stored hash, or with nobody's. Blocks.
pub(crate) fn compare(
    password: &PlainPassword,
    against: &Against,
) -> Result<PasswordOutcome, HashError> {
    match against {
        Against::Hash(hash) => {
            let matched = StoredHash::parse(hash.as_phc())?.matches(password)?;
            Ok(if matched {
                PasswordOutcome::Matched(PasswordChecked::assertion())
            } else {
                PasswordOutcome::Mismatched
            })
        }
        Against::Nobody(scheme) => {
            scheme.derive(password, decoy::SALT)?;
            Ok(PasswordOutcome::Mismatched)
        }
    }
}

/// Whether a hash is other than new ones are, and is to be replaced at the next login (W3).
pub(crate) fn is_outdated(hash: &PasswordHash) -> bool {
    StoredHash::parse(hash.as_phc()).is_ok_and(|stored| *stored.scheme() != Scheme::CURRENT)
}
