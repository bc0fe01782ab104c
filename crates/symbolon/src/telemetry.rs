//! What an engine counts about itself. Numbers only: nothing here can hold a name or a secret.
//!
//! They belong to an engine, so that two of them in one process don't mix, and cost an addition each.
//! The server shows them to Prometheus.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts upwards.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    #[cfg(feature = "cli")]
    pub(crate) fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the acts count.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Logins that gave a token.
    pub(crate) logins_succeeded: Count,
    /// Logins that were refused, for whatever was sent.
    pub(crate) logins_refused: Count,
    /// Logins of which nobody can say whether they should have been let in.
    pub(crate) logins_failed: Count,
    /// Access tokens, of logins and of the program's own.
    pub(crate) tokens_signed: Count,
}
