//! What hashes cost on this machine, done as the pool does them: each thread keeps its memory.

use std::{thread, time::Duration};

use symbolon_guard::Clock;
use symbolon_rules::password::PlainPassword;

use super::{
    HashError,
    argon2::Argon2,
    pool::{self, Memory},
    scheme::{Input, Scheme},
};

const PASSWORD: &str = "correct horse battery staple";
const SALT: &[u8; 16] = b"symbolon-measure";
/// A median of fewer would be chance.
const HASHES_MIN: usize = 5;

/// Parameters to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trial {
    /// In bytes.
    pub(crate) memory: u64,
    pub(crate) iterations: u32,
}

/// What they cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// One hash, while all threads hash: the median.
    pub(crate) hash: Duration,
    /// All threads together.
    pub(crate) per_second: f64,
}

/// Hashes on so many threads for at least this long.
pub(crate) fn measure(trial: Trial, threads: usize, at_least: Duration) -> Result<Cost, HashError> {
    let memory = u32::try_from(trial.memory / 1024)
        .map_err(|_| HashError::Failed("too much memory".to_owned()))?;
    let scheme = Scheme::of_new(Argon2::id(memory, trial.iterations, 1));
    scheme.check()?;
    let clock = Clock::system();
    let times = thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| hash_for(&scheme, &clock, at_least)))
            .collect();
        let mut times = Vec::new();
        for thread in running {
            let hashed = thread
                .join()
                .map_err(|_| HashError::Failed("it panicked".to_owned()))?;
            times.push(hashed?);
        }
        Ok::<_, HashError>(times)
    })?;
    let per_second = times.iter().map(|times| rate(times)).sum();
    let mut all: Vec<_> = times.into_iter().flatten().collect();
    all.sort_unstable();
    let hash = all.get(all.len() / 2).copied().unwrap_or_default();
    Ok(Cost { hash, per_second })
}

/// The memory that a server with these parameters and so many threads hashes in: a block for each, and for
/// those that help where everything else is busy.
pub(crate) fn memory_of_server(trial: Trial, threads: usize) -> u64 {
    let hashes = threads + pool::relievers(threads);
    trial
        .memory
        .saturating_mul(u64::try_from(hashes).unwrap_or(u64::MAX))
}

fn hash_for(
    scheme: &Scheme,
    clock: &Clock,
    at_least: Duration,
) -> Result<Vec<Duration>, HashError> {
    let password =
        PlainPassword::parse(PASSWORD).map_err(|error| HashError::Failed(error.to_string()))?;
    let input = Input::new(&password, SALT);
    let mut memory = Memory::of(scheme.need().blocks);
    // The first touches every page.
    scheme.derive(input, &mut memory)?;
    let began = clock.monotonic();
    let mut times = Vec::new();
    while times.len() < HASHES_MIN || clock.monotonic().saturating_sub(began) < at_least {
        let before = clock.monotonic();
        scheme.derive(input, &mut memory)?;
        times.push(clock.monotonic().saturating_sub(before));
    }
    Ok(times)
}

fn rate(times: &[Duration]) -> f64 {
    let passed: Duration = times.iter().sum();
    let count = u32::try_from(times.len()).unwrap_or(u32::MAX);
    f64::from(count) / passed.as_secs_f64().max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_hashes_and_what_may_not_be_is_not_tried() {
        let trial = Trial {
            memory: 1024 * 1024,
            iterations: 1,
        };
        let cost = measure(trial, 2, Duration::ZERO).unwrap();
        assert!(cost.per_second > 0.0 && cost.hash > Duration::ZERO);
        let beyond = Trial {
            memory: 1 << 40,
            ..trial
        };
        assert!(measure(beyond, 1, Duration::ZERO).is_err());
        let memory = memory_of_server(trial, 4);
        let relievers = u64::try_from(pool::relievers(4)).unwrap();
        assert_eq!(memory, (4 + relievers) * 1024 * 1024);
    }
}
