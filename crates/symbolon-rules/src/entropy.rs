//! Randomness as an argument.
//!
//! Rules and acts never ask the system for random bytes: whoever calls them hands in a source, so a
//! test repeats a run to the byte and a reader sees which decisions depend on chance.

/// A source of bytes that nobody can predict.
///
/// Implementations outside tests must be the operating system's or a generator seeded by it: session
/// ids and keys are only as secret as this is.
pub trait Entropy {
    /// Fills `bytes` completely.
    fn fill(&mut self, bytes: &mut [u8]);
}

impl<E: Entropy + ?Sized> Entropy for &mut E {
    fn fill(&mut self, bytes: &mut [u8]) {
        (**self).fill(bytes);
    }
}
