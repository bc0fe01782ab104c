//! Hashing and comparing passwords, off the async threads, a bounded number at a time: Argon2id for
//! new ones, and whatever imported ones were hashed with until their next login.
//!
//! Invariant: comparing costs the same whether there is a hash to compare with or not; an unknown
//! user's login burns a scheme that some user has (W4). What a stored hash asks for is capped before
//! anything is reserved for it, and nothing is computed outside the pool that an engine shares.

mod argon2;
mod bcrypt;
mod decoy;
#[cfg(feature = "cli")]
pub(crate) mod measure;
mod options;
mod pbkdf2;
mod pool;
#[cfg(feature = "cli")]
mod recognise;
mod scheme;
mod scrypt;
mod stored;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use symbolon_guard::Clock;
use symbolon_rules::{
    Entropy,
    login::PasswordOutcome,
    password::{PasswordChecked, PasswordHash, PlainPassword},
};

pub use self::options::{PasswordHashing, PasswordHashingError};
#[cfg(feature = "cli")]
use self::pool::Load;
#[cfg(feature = "cli")]
pub(crate) use self::recognise::{Recognised, Unrecognised, recognise};
pub(crate) use self::{decoy::Decoys, options::Checked, pool::Place, scheme::Scheme};
use self::{
    pool::{Memory, Need, Pool, Refused},
    scheme::Input,
    stored::StoredHash,
};
use crate::{Randomness, telemetry::Count};

/// Hashes and compares passwords.
#[derive(Clone, Debug)]
pub(crate) struct PasswordHasher {
    randomness: Randomness,
    current: Scheme,
    pool: Pool,
    turned_away: Arc<Count>,
}

/// Why a password was neither hashed nor compared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HashError {
    /// Too many are waiting, or this one waited too long.
    #[error("too many passwords are waiting to be hashed")]
    Busy {
        /// When the queue will have been worked off.
        retry_after: Duration,
    },
    /// The engine is shutting down, or the system has no thread to give.
    #[error("passwords can't be hashed now: {0}")]
    Unavailable(&'static str),
    /// A stored hash can't be read, or asks for more than is allowed.
    #[error("a stored password hash can't be used: {0}")]
    Unusable(String),
    /// The hasher itself failed.
    #[error("hashing failed: {0}")]
    Failed(String),
}

impl From<Refused> for HashError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Busy { retry_after } => Self::Busy { retry_after },
            Refused::TooLarge => {
                Self::Unusable("it takes more than the whole memory budget".to_owned())
            }
            Refused::Closed => Self::Unavailable("the engine has been shut down"),
            Refused::NoThread => Self::Unavailable("the system has no thread to give"),
            Refused::Panicked => Self::Failed("it panicked".to_owned()),
        }
    }
}

impl PasswordHasher {
    /// A hasher with a pool of its own. Its threads start with the first password.
    pub(crate) fn new(randomness: Randomness, options: Checked, clock: Clock) -> Self {
        Self {
            randomness,
            current: options.current,
            pool: Pool::new(options.limits, clock),
            turned_away: Arc::default(),
        }
    }

    /// What holds where nothing is configured.
    pub(crate) fn standard() -> Self {
        Self::new(
            Randomness::system(),
            PasswordHashing::standard(),
            Clock::system(),
        )
    }

    /// What new passwords are hashed with.
    pub(crate) fn current(&self) -> &Scheme {
        &self.current
    }

    /// Hashes a new password with a salt of its own.
    pub(crate) async fn hash(
        &self,
        password: impl Into<Arc<PlainPassword>>,
    ) -> Result<PasswordHash, HashError> {
        let password = password.into();
        // Drawn before: a job that is computed twice comes out alike.
        let salt = salt(&mut self.randomness.clone());
        let current = self.current.clone();
        self.pool
            .run(self.keep_place()?, self.current.need(), move |memory| {
                hash(&current, Input::new(&password, &salt), memory)
            })
            .await
            .map_err(|refused| self.count(refused))?
    }

    /// Compares a password with a stored hash, or with nobody's.
    pub(crate) async fn verify(
        &self,
        password: &Arc<PlainPassword>,
        against: Against,
    ) -> Result<PasswordOutcome, HashError> {
        self.verify_at(self.keep_place()?, password, against).await
    }

    fn keep_place(&self) -> Result<Place, HashError> {
        self.pool.place().map_err(|refused| self.count(refused))
    }

    /// Whether there is a place to be had.
    pub(crate) fn check_room(&self) -> Result<(), HashError> {
        let room = self.pool.check_room();
        room.map_err(|refused| self.count(refused))
    }

    /// Keeps a place for a comparison and waits until few are before it. Whoever has to be turned away is so
    /// before anything is looked up for them.
    pub(crate) async fn place(&self) -> Result<Place, HashError> {
        let place = self.pool.place_near().await;
        place.map_err(|refused| self.count(refused))
    }

    /// How long whoever is near may be kept without a hash losing anything by it.
    pub(crate) fn patience(&self) -> Duration {
        self.pool.patience()
    }

    /// As [`PasswordHasher::verify`], in a place of this hasher's.
    pub(crate) async fn verify_at(
        &self,
        place: Place,
        password: &Arc<PlainPassword>,
        against: Against,
    ) -> Result<PasswordOutcome, HashError> {
        let password = Arc::clone(password);
        let work = Comparison::of(against)?;
        let need = work.need();
        let matched = self
            .pool
            .run(place, need, move |memory| work.matches(&password, memory))
            .await
            .map_err(|refused| self.count(refused))??;
        Ok(outcome(matched))
    }

    fn count(&self, refused: Refused) -> HashError {
        if matches!(refused, Refused::Busy { .. }) {
            self.turned_away.add_one();
        }
        refused.into()
    }

    /// What the hashing threads are at.
    #[cfg(feature = "cli")]
    pub(crate) fn load(&self) -> Load {
        self.pool.load()
    }

    /// Passwords for which there was no time or no room.
    #[cfg(feature = "cli")]
    pub(crate) fn turned_away(&self) -> &Count {
        &self.turned_away
    }

    /// What a program compares with: a user's hash; where it has no such user, nobody's of the scheme of
    /// new passwords.
    pub(crate) fn of_program(&self, stored: Option<&str>) -> Against {
        Against::of_program(stored, &self.current)
    }

    /// Whether a hash is weaker than new ones are, and is to be replaced at the next login (W3).
    pub(crate) fn is_outdated(&self, hash: &PasswordHash) -> bool {
        let stored = StoredHash::parse(hash.as_phc());
        stored.is_ok_and(|stored| stored.scheme().is_outdated_by(&self.current))
    }

    /// Bytes that hashes have reserved now, and the most that they ever had.
    #[cfg(test)]
    pub(crate) fn memory_used(&self) -> (usize, usize) {
        self.pool.used()
    }

    /// Lets what is under way finish, and refuses the rest.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
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
    fn of_program(stored: Option<&str>, current: &Scheme) -> Self {
        match stored {
            Some(text) => Self::Hash(PasswordHash::from_phc(text.to_owned())),
            None => Self::Nobody(current.clone()),
        }
    }
}

/// A comparison that may be made: what it takes is known, and allowed.
enum Comparison {
    Stored(StoredHash),
    Nobody(Scheme),
}

impl Comparison {
    fn of(against: Against) -> Result<Self, HashError> {
        Ok(match against {
            Against::Hash(hash) => Self::Stored(StoredHash::parse(hash.as_phc())?),
            Against::Nobody(scheme) => Self::Nobody(scheme),
        })
    }

    fn need(&self) -> Need {
        match self {
            Self::Stored(hash) => hash.scheme().need(),
            Self::Nobody(scheme) => scheme.need(),
        }
    }

    /// Blocks.
    fn matches(&self, password: &PlainPassword, memory: &mut Memory) -> Result<bool, HashError> {
        match self {
            Self::Stored(hash) => hash.matches(password, memory),
            Self::Nobody(scheme) => {
                scheme.derive(Input::new(password, decoy::SALT), memory)?;
                Ok(false)
            }
        }
    }
}

fn outcome(matched: bool) -> PasswordOutcome {
    if matched {
        PasswordOutcome::Matched(PasswordChecked::assertion())
    } else {
        PasswordOutcome::Mismatched
    }
}

fn salt(entropy: &mut impl Entropy) -> [u8; 16] {
    let mut salt = [0; 16];
    entropy.fill(&mut salt);
    salt
}

/// Blocks.
fn hash(
    current: &Scheme,
    input: Input<'_>,
    memory: &mut Memory,
) -> Result<PasswordHash, HashError> {
    let output = current
        .derive(input, memory)?
        .ok_or_else(|| HashError::Failed("Argon2 takes passwords of any length".to_owned()))?;
    let hash = current
        .phc_string(input.salt, &output)
        .ok_or_else(|| HashError::Failed("new passwords are hashed with Argon2".to_owned()))?;
    Ok(if *current == Scheme::DEFAULT {
        hash
    } else {
        hash.with_scheme(current.label()?)
    })
}

/// Hashes a password with the default parameters and a salt of its own, on this thread.
pub(crate) fn hash_here(
    password: &PlainPassword,
    entropy: &mut impl Entropy,
) -> Result<PasswordHash, HashError> {
    let salt = salt(entropy);
    hash(
        &Scheme::DEFAULT,
        Input::new(password, &salt),
        &mut Memory::default(),
    )
}

/// Compares a password with a stored hash, or with nobody's, on this thread.
pub(crate) fn verify_here(
    password: &PlainPassword,
    stored: Option<&str>,
) -> Result<PasswordOutcome, HashError> {
    let work = Comparison::of(Against::of_program(stored, &Scheme::DEFAULT))?;
    let matched = work.matches(password, &mut Memory::default())?;
    Ok(outcome(matched))
}
