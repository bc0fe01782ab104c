//! The limit: the same hash by the same library, called by hand on as many threads, with memory of its own
//! for each.

use std::thread;

use anyhow::{Context, Result, anyhow};
use argon2::{Algorithm, Argon2, Block, Params, Version};

use crate::clock::Stopwatch;

/// OWASP's, and what the server has by default.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;

/// The memory of each thread, kept from round to round.
pub(crate) struct Raw {
    memories: Vec<Vec<Block>>,
}

impl Raw {
    pub(crate) fn new(threads: usize) -> Self {
        let blocks = || vec![Block::default(); MEMORY_KIB as usize];
        Self {
            memories: (0..threads).map(|_| blocks()).collect(),
        }
    }

    /// Milliseconds from one hash to the next, with all threads at it for so long.
    pub(crate) fn run(&mut self, milliseconds: f64) -> Result<f64> {
        let clock = Stopwatch::start();
        let per_millisecond = thread::scope(|scope| {
            let threads: Vec<_> = self
                .memories
                .iter_mut()
                .map(|memory| scope.spawn(move || hash_until(memory, clock, milliseconds)))
                .collect();
            let mut per_millisecond = 0.0;
            for thread in threads {
                per_millisecond += thread.join().map_err(|_| anyhow!("hashing panicked"))??;
            }
            Ok::<_, anyhow::Error>(per_millisecond)
        })?;
        Ok(1.0 / per_millisecond)
    }
}

/// How many a millisecond this thread has done when it ends.
fn hash_until(memory: &mut [Block], clock: Stopwatch, milliseconds: f64) -> Result<f64> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| anyhow!("{error}"))?;
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut hashed = 0.0;
    while clock.milliseconds() < milliseconds {
        let mut out = [0; 32];
        hasher
            .hash_password_into_with_memory(
                b"correct horse battery staple",
                b"sixteen octets..",
                &mut out,
                &mut *memory,
            )
            .map_err(|error| anyhow!("{error}"))?;
        // So that nothing is left out for nobody looking at it.
        std::hint::black_box(out)
            .first()
            .context("a hash has octets")?;
        hashed += 1.0;
    }
    Ok(hashed / clock.milliseconds())
}
