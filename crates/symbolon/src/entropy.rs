//! The only place that asks the operating system for random bytes.

use std::sync::{Arc, Mutex, PoisonError};

use symbolon_rules::Entropy;

/// Where an engine takes its random bytes from. Clones share it.
#[derive(Clone)]
pub struct Randomness(Source);

#[derive(Clone)]
enum Source {
    System,
    Given(Arc<Mutex<dyn Entropy + Send>>),
}

impl Randomness {
    /// The operating system's source.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A source of the caller's own, for tests that repeat themselves to the byte. Session ids and
    /// salts come from it; signing keys are made by the cryptographic library, always from the
    /// system's.
    pub fn dangerous_given(entropy: impl Entropy + Send + 'static) -> Self {
        Self(Source::Given(Arc::new(Mutex::new(entropy))))
    }
}

impl Entropy for Randomness {
    fn fill(&mut self, bytes: &mut [u8]) {
        match &self.0 {
            Source::System => system(bytes),
            Source::Given(entropy) => entropy
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .fill(bytes),
        }
    }
}

impl std::fmt::Debug for Randomness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Randomness")
    }
}

/// Asks for a first byte, on a thread of its own: the cryptographic library gathers its seed then,
/// which takes some 35 ms that a program can spend on something else.
#[cfg(feature = "cli")]
pub(crate) fn warm_up() {
    std::thread::spawn(|| system(&mut [0]));
}

#[expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "Invariant: this is where the system is asked; one that has no random bytes to give can't run an issuer"
)]
fn system(bytes: &mut [u8]) {
    aws_lc_rs::rand::fill(bytes).expect("the operating system gives random bytes");
}
