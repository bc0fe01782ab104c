//! Hashing and comparing passwords: Argon2id, off the async threads, a bounded number at a time.
//!
//! Invariant: comparing costs the same whether there is a hash to compare with or not; an unknown
//! user's login burns a hash of the default parameters (W4). The permit to hash moves into the job:
//! a client that hangs up doesn't make room for another one while its hash is still being computed.

use std::{num::NonZero, sync::Arc, time::Duration};

use argon2::{
    Argon2, Params,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc},
};
use symbolon_rules::{
    Entropy,
    login::PasswordOutcome,
    password::{PasswordChecked, PasswordHash, PlainPassword},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Randomness;

/// OWASP's Argon2id parameters: 19 MiB, two passes, one lane (requirement W3).
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// A stored hash may ask for this much at the most: a row must not be able to stop the server.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
const PASSES_MAX: u32 = 16;
/// Logins that may wait for their turn; beyond, they are told to come back.
const WAITING: usize = 64;
/// How long they may wait.
const WAIT: Duration = Duration::from_secs(5);

/// A hash of the default parameters that no password has: its output is all zeros.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c3ltYm9sb24tbm9ib2R5$\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

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
    pub(crate) async fn hash(&self, password: PlainPassword) -> Result<PasswordHash, HashError> {
        let mut randomness = self.randomness.clone();
        self.run(move || hash(&password, &mut randomness)).await
    }

    /// Compares a password with a stored hash, or with nobody's.
    pub(crate) async fn verify(
        &self,
        password: PlainPassword,
        stored: Option<PasswordHash>,
    ) -> Result<PasswordOutcome, HashError> {
        self.run(move || compare(&password, stored.as_ref())).await
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

fn hasher() -> Result<Argon2<'static>, HashError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|error| HashError::Failed(error.to_string()))?;
    Ok(Argon2::new(
        argon2::Algorithm::Argon2id,
        argon2::Version::V0x13,
        params,
    ))
}

/// Hashes a password with a salt of its own. Blocks.
pub(crate) fn hash(
    password: &PlainPassword,
    entropy: &mut impl Entropy,
) -> Result<PasswordHash, HashError> {
    let mut salt = [0; 16];
    entropy.fill(&mut salt);
    let hash: phc::PasswordHash = hasher()?
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(|error| HashError::Failed(error.to_string()))?;
    Ok(PasswordHash::from_phc(hash.to_string()))
}

/// Compares a password with a stored hash, or with nobody's. Blocks.
pub(crate) fn compare(
    password: &PlainPassword,
    stored: Option<&PasswordHash>,
) -> Result<PasswordOutcome, HashError> {
    let text = stored.map_or(NOBODY, PasswordHash::as_phc);
    let hash =
        phc::PasswordHash::new(text).map_err(|error| HashError::Unusable(error.to_string()))?;
    let params = Params::try_from(&hash).map_err(|error| HashError::Unusable(error.to_string()))?;
    if hash.algorithm.as_str() != "argon2id"
        || params.m_cost() > MEMORY_KIB_MAX
        || params.t_cost() > PASSES_MAX
        || params.p_cost() > 16
    {
        return Err(HashError::Unusable(
            "its algorithm or parameters are not allowed".to_owned(),
        ));
    }
    let matched = hasher()?
        .verify_password(password.as_bytes(), &hash)
        .is_ok();
    Ok(if matched && stored.is_some() {
        PasswordOutcome::Matched(PasswordChecked::assertion())
    } else {
        PasswordOutcome::Mismatched
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> PlainPassword {
        PlainPassword::parse(text).unwrap()
    }

    async fn matches(hasher: &PasswordHasher, password: &str, hash: &PasswordHash) -> bool {
        let outcome = hasher.verify(plain(password), Some(hash.clone())).await;
        matches!(outcome.unwrap(), PasswordOutcome::Matched(_))
    }

    #[tokio::test]
    async fn w3_passwords_are_hashed_with_argon2id_and_a_salt_of_their_own() {
        let hasher = PasswordHasher::new(Randomness::system());
        let first = hasher.hash(plain("correct horse battery")).await.unwrap();
        let second = hasher.hash(plain("correct horse battery")).await.unwrap();
        assert!(
            first
                .as_phc()
                .starts_with("$argon2id$v=19$m=19456,t=2,p=1$")
        );
        assert_ne!(first.as_phc(), second.as_phc());
        assert!(matches(&hasher, "correct horse battery", &first).await);
        assert!(!matches(&hasher, "correct horse batterz", &first).await);
    }

    #[tokio::test]
    async fn w2_passwords_that_differ_after_72_bytes_differ() {
        let hasher = PasswordHasher::new(Randomness::system());
        let long = "x".repeat(80);
        let hash = hasher.hash(plain(&long)).await.unwrap();
        assert!(matches(&hasher, &long, &hash).await);
        assert!(!matches(&hasher, &format!("{}y", &long[..79]), &hash).await);
    }

    #[tokio::test]
    async fn w4_nobody_has_a_password_and_costs_the_same_parameters() {
        let hasher = PasswordHasher::new(Randomness::system());
        for password in ["x", "symbolon", "correct horse battery"] {
            let outcome = hasher.verify(plain(password), None).await.unwrap();
            assert!(matches!(outcome, PasswordOutcome::Mismatched));
        }
        let real = hasher.hash(plain("correct horse battery")).await.unwrap();
        let params = |text: &str| {
            let hash = phc::PasswordHash::new(text).unwrap();
            let length = hash.hash.unwrap().len();
            let params = Params::try_from(&hash).unwrap();
            (params.m_cost(), params.t_cost(), params.p_cost(), length)
        };
        assert_eq!(params(NOBODY), params(real.as_phc()));
    }

    #[tokio::test]
    async fn a_stored_hash_cannot_ask_for_any_amount_of_work() {
        let hasher = PasswordHasher::new(Randomness::system());
        for hash in [
            "$argon2id$v=19$m=4194304,t=2,p=1$c3ltYm9sb24tbm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=19456,t=4000000,p=1$c3ltYm9sb24tbm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$argon2i$v=19$m=19456,t=2,p=1$c3ltYm9sb24tbm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "plain text",
        ] {
            let stored = Some(PasswordHash::from_phc(hash.to_owned()));
            let outcome = hasher.verify(plain("x"), stored).await;
            assert!(matches!(outcome, Err(HashError::Unusable(_))), "{hash}");
        }
    }

    #[tokio::test]
    async fn more_logins_than_may_wait_are_told_so() {
        let hasher = PasswordHasher {
            randomness: Randomness::system(),
            queue: Arc::new(Semaphore::new(1)),
            workers: Arc::new(Semaphore::new(1)),
        };
        let held = hasher.turn().await.unwrap();
        let refused = hasher.verify(plain("x"), None).await;
        assert!(matches!(refused, Err(HashError::Busy)));
        drop(held);
        assert!(hasher.verify(plain("x"), None).await.is_ok());
    }
}
