//! The task that keeps an issuer's keys fresh.
//!
//! Invariant: keys are swapped only for a set with a usable key in it. A failure leaves the old keys,
//! for 24 hours at most unless less was said; a key that a good answer no longer names is gone with that answer.
//! Invariant: the task holds no `Guard`, so that dropping the last one ends it.

use std::{sync::Arc, time::Duration};

use hyper::body::Bytes;
use symbolon_token::Verifier;
use tokio::sync::watch;

use super::{
    FetchError, Shared,
    discovery::{Fetched, KeySource},
    fetch::{Fetcher, Fresh},
    jitter::Jitter,
};
use crate::{
    Clock,
    keys::{Held, Keys},
};

const DEADLINE: Duration = Duration::from_secs(5);

pub(super) struct Refresh {
    pub(super) source: KeySource,
    pub(super) fetcher: Fetcher,
    /// The policy, without keys.
    pub(super) empty: Verifier,
    pub(super) keys: Arc<Keys>,
    pub(super) shared: Arc<Shared>,
    /// Tells the number of the last fetch that has ended.
    pub(super) ended: watch::Sender<u64>,
    pub(super) clock: Clock,
    /// How long keys serve on while the issuer can't be asked.
    pub(super) stale: Duration,
    pub(super) jitter: Jitter,
    /// The document that the held keys came from.
    pub(super) last: Option<Bytes>,
}

impl Refresh {
    pub(super) async fn run(mut self) {
        loop {
            let begun = self.clock.monotonic();
            self.shared.pace().begin(begun);
            let fetched = tokio::select! {
                biased;
                fetched = self.source.fetch(&self.fetcher, &self.empty.policy().algorithms) => fetched,
                () = self.clock.reaches(begun + DEADLINE) => Err(FetchError::TimedOut),
            };
            let next = match fetched.and_then(|keys| self.with(keys)) {
                Ok((verifier, document)) => self.hold(verifier, document),
                Err(error) => self.keep(error),
            };
            self.wait(next).await;
        }
    }

    fn with(&self, fetched: Fetched) -> Result<(Verifier, Fresh<Bytes>), FetchError> {
        let verifier = self
            .empty
            .with_keys(fetched.keys)
            .map_err(FetchError::Malformed)?;
        Ok((verifier, fetched.document))
    }

    /// Puts new keys in place of the old; gives the time of the next fetch.
    fn hold(&mut self, verifier: Verifier, document: Fresh<Bytes>) -> Duration {
        let old = self.keys.load();
        // The same document is the same keys: what was verified with them needn't be verified again.
        let is_same = self.last.as_ref() == Some(&document.value);
        let epoch = old.epoch + u64::from(!is_same);
        self.last = Some(document.value);
        let fresh_for = self.jitter.shorten(document.fresh_for);
        // The swap happens under the lock of the pace: whoever sees the new round sees its keys.
        let mut pace = self.shared.pace();
        let (round, next) = pace.succeeded(self.clock.monotonic(), fresh_for);
        self.keys.replace(Held {
            verifier: Some(verifier),
            usable_until: Some(self.clock.now() + self.stale),
            retry_after: None,
            epoch,
            round,
            failure: None,
        });
        drop(pace);
        self.ended.send_replace(round);
        next
    }

    /// Goes on with the old keys, if there are any; gives the time of the next attempt.
    fn keep(&mut self, error: FetchError) -> Duration {
        self.source.forget();
        let old = self.keys.load();
        let now = self.clock.monotonic();
        let mut pace = self.shared.pace();
        let (round, next) = if old.verifier.is_some() {
            pace.failed_with_keys(now)
        } else {
            pace.failed_without_keys(now)
        };
        self.keys.replace(Held {
            verifier: old.verifier.clone(),
            usable_until: old.usable_until,
            retry_after: Some(next.saturating_sub(now)),
            epoch: old.epoch,
            round,
            failure: Some(Arc::new(error)),
        });
        drop(pace);
        self.ended.send_replace(round);
        next
    }

    /// Waits for the time of the next fetch, or for a request that needs one earlier.
    async fn wait(&self, next: Duration) {
        loop {
            tokio::select! {
                () = self.clock.reaches(next) => return,
                // Left over from a wish that an earlier fetch has already met, unless one is begun.
                () = self.shared.asked.notified() => {
                    if self.shared.pace().is_under_way() {
                        return;
                    }
                }
            }
        }
    }
}
