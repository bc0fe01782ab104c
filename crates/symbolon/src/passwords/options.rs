//! What an engine is told about hashing passwords, and what may be asked of it.
//!
//! Invariant: nothing below the floor of requirement W3 can be asked for, and nothing that a stored hash
//! wouldn't be allowed: what is made here must be readable tomorrow.

use std::{num::NonZero, time::Duration};

use super::{
    argon2::{self, Argon2},
    pool::{self, Limits},
    scheme::{Kdf, Scheme},
};

const MIB: u64 = 1024 * 1024;
const QUEUE_MAX: usize = 65_536;
const DEADLINE: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_mins(1);
const BUDGET_MAX: u64 = 1024 * 1024 * MIB;

/// How passwords are hashed, and how much of the machine that may take.
///
/// Passwords are hashed with Argon2id. More memory and more iterations make guessing dearer, for those who
/// have stolen a database as for the server: `symbolon bench hash` proposes what this machine can bear.
/// When they are raised, each user's hash is renewed at their next login; when they are lowered, a hash
/// that took more stays as it is.
///
/// ```
/// use symbolon::PasswordHashing;
///
/// let passwords = PasswordHashing {
///     memory: 64 * 1024 * 1024,
///     iterations: 3,
///     ..PasswordHashing::default()
/// };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordHashing {
    /// Memory that a hash takes, in bytes: whole KiB, from 19 MiB (the default) to 256 MiB.
    pub memory: u64,
    /// How often the memory is gone over: from 2 (the default) to 16.
    pub iterations: u32,
    /// Argon2's lanes, from 1 (the default) to 16. They are computed one after the other here: more of them
    /// help who guesses on many cores, and only them.
    pub lanes: u32,
    /// Threads that hash: as many as there are cores unless said otherwise, and never more.
    pub threads: Option<NonZero<usize>>,
    /// Memory that all hashes at once may take, in bytes; the default is 256 MiB. Twice
    /// [`memory`](Self::memory) at the least. A stored hash of another program that alone needs more can't
    /// be compared with.
    pub memory_budget: u64,
    /// Passwords that may wait for their turn, 256 by default. Beyond, a login is answered 503 with
    /// `Retry-After`.
    pub queue: usize,
    /// How long a password may wait for its turn, 5 seconds by default. What has waited longer is answered
    /// 503 with `Retry-After`, unhashed.
    pub deadline: Duration,
}

impl Default for PasswordHashing {
    fn default() -> Self {
        Self {
            memory: 19 * MIB,
            iterations: 2,
            lanes: 1,
            threads: None,
            memory_budget: 256 * MIB,
            queue: 256,
            deadline: Duration::from_secs(5),
        }
    }
}

/// Why passwords can't be hashed so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordHashingError {
    /// Less would make guessing cheap, and more could stop the server.
    #[error("a password hash takes from 19 MiB to 256 MiB of memory, in whole KiB")]
    Memory,
    /// Fewer would make guessing cheap, and more could stop the server.
    #[error("a password hash takes from 2 to 16 iterations")]
    Iterations,
    /// There are none, or too many.
    #[error("a password hash has from 1 to 16 lanes")]
    Lanes,
    /// One hash needs room while another is under way.
    #[error("the memory budget must be at least twice what a password hash takes, and below 1 TiB")]
    MemoryBudget,
    /// Nobody could wait, or too many.
    #[error("from 1 to 65536 passwords may wait to be hashed")]
    Queue,
    /// Too short to be met, or longer than anybody waits.
    #[error(
        "a password may wait to be hashed for 100 milliseconds at the least and 1 minute at the most"
    )]
    Deadline,
}

/// What was found right.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(super) current: Scheme,
    pub(super) limits: Limits,
}

impl PasswordHashing {
    pub(crate) fn check(&self) -> Result<Checked, PasswordHashingError> {
        let floor = Argon2::DEFAULT;
        let kib = self.memory / 1024;
        let kib = u32::try_from(kib).map_err(|_| PasswordHashingError::Memory)?;
        if !self.memory.is_multiple_of(1024)
            || !(floor.memory_kib()..=argon2::MEMORY_KIB_MAX).contains(&kib)
        {
            return Err(PasswordHashingError::Memory);
        }
        if !(floor.passes()..=argon2::PASSES_MAX).contains(&self.iterations) {
            return Err(PasswordHashingError::Iterations);
        }
        if !(1..=argon2::LANES_MAX).contains(&self.lanes) {
            return Err(PasswordHashingError::Lanes);
        }
        if !(self.memory * 2..BUDGET_MAX).contains(&self.memory_budget) {
            return Err(PasswordHashingError::MemoryBudget);
        }
        if !(1..=QUEUE_MAX).contains(&self.queue) {
            return Err(PasswordHashingError::Queue);
        }
        if !DEADLINE.contains(&self.deadline) {
            return Err(PasswordHashingError::Deadline);
        }
        let argon2 = Argon2::id(kib, self.iterations, self.lanes);
        let cores = cores();
        let threads = self.threads.map_or(cores, NonZero::get).min(cores);
        Ok(Checked {
            limits: Limits {
                threads,
                at_once: pool::at_once(threads),
                relievers: pool::relievers(threads),
                budget: usize::try_from(self.memory_budget)
                    .map_err(|_| PasswordHashingError::MemoryBudget)?,
                usual: argon2.need().blocks,
                queue: self.queue,
                deadline: self.deadline,
            },
            current: Scheme::of_new(argon2),
        })
    }

    /// What holds where nothing was said.
    pub(crate) fn standard() -> Checked {
        let threads = cores();
        let standard = Self::default();
        Checked {
            current: Scheme::DEFAULT,
            limits: Limits {
                threads,
                at_once: pool::at_once(threads),
                relievers: pool::relievers(threads),
                budget: usize::try_from(standard.memory_budget).unwrap_or(usize::MAX),
                usual: Argon2::DEFAULT.need().blocks,
                queue: standard.queue,
                deadline: standard.deadline,
            },
        }
    }
}

/// How many there are, as far as the system tells.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(change: impl FnOnce(&mut PasswordHashing)) -> Result<Checked, PasswordHashingError> {
        let mut options = PasswordHashing::default();
        change(&mut options);
        options.check()
    }

    #[test]
    fn w3_nothing_below_the_floor_can_be_asked_for() {
        use PasswordHashingError as E;
        type Change = fn(&mut PasswordHashing);
        let refused: [(Change, E); 15] = [
            (|o| o.memory = 19 * MIB - 1024, E::Memory),
            (|o| o.memory = 19 * MIB + 1, E::Memory),
            (|o| o.memory = 256 * MIB + 1024, E::Memory),
            (|o| o.memory = u64::MAX - 1023, E::Memory),
            (|o| o.iterations = 1, E::Iterations),
            (|o| o.iterations = 17, E::Iterations),
            (|o| o.lanes = 0, E::Lanes),
            (|o| o.lanes = 17, E::Lanes),
            (|o| o.memory_budget = 38 * MIB - 1, E::MemoryBudget),
            (|o| o.memory_budget = u64::MAX, E::MemoryBudget),
            (|o| o.queue = 0, E::Queue),
            (|o| o.queue = QUEUE_MAX + 1, E::Queue),
            (|o| o.deadline = Duration::ZERO, E::Deadline),
            (|o| o.deadline = Duration::from_millis(99), E::Deadline),
            (|o| o.deadline = Duration::from_secs(61), E::Deadline),
        ];
        for (number, (change, expected)) in refused.into_iter().enumerate() {
            assert_eq!(checked(change).unwrap_err(), expected, "{number}");
        }
    }

    #[test]
    fn the_defaults_are_owasps_and_threads_never_outnumber_the_cores() {
        let standard = PasswordHashing::standard();
        let checked_standard = checked(|_| {}).unwrap();
        assert_eq!(checked_standard.current, standard.current);
        assert_eq!(checked_standard.current, Scheme::DEFAULT);
        assert_eq!(checked_standard.limits.budget, standard.limits.budget);
        let many = checked(|options| options.threads = NonZero::new(100_000)).unwrap();
        assert_eq!(many.limits.threads, cores());
        let one = checked(|options| options.threads = NonZero::new(1)).unwrap();
        assert_eq!(one.limits.threads, 1);
        let most = checked(|options| {
            options.memory = 256 * MIB;
            options.memory_budget = 512 * MIB;
            (options.iterations, options.lanes) = (16, 16);
        });
        assert!(most.is_ok());
    }
}
