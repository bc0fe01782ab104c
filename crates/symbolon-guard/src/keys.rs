//! The keys a guard checks with, swapped as a whole.
//!
//! Invariant: a check reads one `Held` and judges by it alone; keys, their age and the state of
//! their source always belong together. Readers take no lock and never wait for a writer.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use symbolon_token::{Timestamp, Verifier};

pub(crate) struct Keys {
    held: ArcSwap<Held>,
}

pub(crate) struct Held {
    /// Nothing before the first fetch of a remote set.
    pub(crate) verifier: Option<Verifier>,
    /// From this moment on keys that could not be refreshed serve no longer. Fixed keys never age.
    pub(crate) usable_until: Option<Timestamp>,
    /// Set while the source of the keys doesn't answer properly: how long until it is asked again.
    pub(crate) retry_after: Option<Duration>,
    /// Another one for each set of keys: what was verified with one isn't thereby good under the next.
    pub(crate) epoch: u64,
    /// How many fetches have ended, in success or not.
    pub(crate) round: u64,
    #[cfg(feature = "remote")]
    pub(crate) failure: Option<Arc<crate::remote::FetchError>>,
}

impl Keys {
    pub(crate) fn new(held: Held) -> Self {
        Self {
            held: ArcSwap::from_pointee(held),
        }
    }

    pub(crate) fn load(&self) -> arc_swap::Guard<Arc<Held>> {
        self.held.load()
    }

    pub(crate) fn replace(&self, held: Held) {
        self.held.store(Arc::new(held));
    }
}

impl Held {
    pub(crate) fn fixed(verifier: Verifier) -> Self {
        Self {
            verifier: Some(verifier),
            usable_until: None,
            retry_after: None,
            epoch: 0,
            round: 0,
            #[cfg(feature = "remote")]
            failure: None,
        }
    }

    /// What a guard with remote keys begins with.
    #[cfg(any(feature = "remote", feature = "testing"))]
    pub(crate) fn nothing() -> Self {
        Self {
            verifier: None,
            usable_until: None,
            retry_after: None,
            epoch: 0,
            round: 0,
            #[cfg(feature = "remote")]
            failure: None,
        }
    }

    /// The verifier, if its keys may still be used at `now`.
    pub(crate) fn usable(&self, now: Timestamp) -> Option<&Verifier> {
        let fresh = self.usable_until.is_none_or(|until| now < until);
        self.verifier.as_ref().filter(|_| fresh)
    }

    /// What to tell a caller who must come back later.
    pub(crate) fn retry_after(&self) -> Duration {
        self.retry_after.unwrap_or(Duration::from_secs(1))
    }
}
