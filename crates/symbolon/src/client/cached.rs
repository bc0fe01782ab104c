//! Something a provider publishes, kept for a while.
//!
//! Invariant: one fetch runs at a time, and a failed one is remembered for a moment, so that a provider
//! that is down costs whoever comes next nothing. What is held goes on serving for a day when it can't
//! be fetched again.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use symbolon_rules::upstream::Refusal;

const FRESH: Duration = Duration::from_mins(10);
const STALE_AT_MOST: Duration = Duration::from_hours(24);
const AFTER_FAILURE: Duration = Duration::from_secs(2);
/// Something newer is asked for no sooner than this after the last fetch.
const BETWEEN: Duration = Duration::from_secs(30);

/// What is held; times are readings of a monotonic clock.
pub(super) struct Cached<T> {
    state: Mutex<State<T>>,
    fetching: tokio::sync::Mutex<()>,
}

struct State<T> {
    held: Option<(Arc<T>, Duration)>,
    failed: Option<(Refusal, Duration)>,
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                held: None,
                failed: None,
            }),
            fetching: tokio::sync::Mutex::default(),
        }
    }
}

impl<T> Cached<T> {
    /// What is held, or what `fetch` gives where that is too old.
    pub(super) async fn find(
        &self,
        now: Duration,
        fetch: impl AsyncFnOnce() -> Result<T, Refusal>,
    ) -> Result<Arc<T>, Refusal> {
        if let Some(held) = self.younger_than(FRESH, now) {
            return Ok(held);
        }
        let _one = self.fetching.lock().await;
        if let Some(held) = self.younger_than(FRESH, now) {
            return Ok(held);
        }
        let refusal = match self.failure(now) {
            Some(refusal) => refusal,
            None => match fetch().await {
                Ok(fetched) => return Ok(self.hold(fetched, now)),
                Err(refusal) => self.fail(refusal, now),
            },
        };
        self.younger_than(STALE_AT_MOST, now).ok_or(refusal)
    }

    /// What `fetch` gives, if the last fetch is a while ago; otherwise what is held.
    pub(super) async fn find_newer(
        &self,
        now: Duration,
        fetch: impl AsyncFnOnce() -> Result<T, Refusal>,
    ) -> Result<Arc<T>, Refusal> {
        let _one = self.fetching.lock().await;
        if let Some(held) = self.younger_than(BETWEEN, now) {
            return Ok(held);
        }
        if let Some(refusal) = self.failure(now) {
            return Err(refusal);
        }
        match fetch().await {
            Ok(fetched) => Ok(self.hold(fetched, now)),
            Err(refusal) => Err(self.fail(refusal, now)),
        }
    }

    fn younger_than(&self, age: Duration, now: Duration) -> Option<Arc<T>> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (held, since) = state.held.as_ref()?;
        (now < *since + age).then(|| Arc::clone(held))
    }

    fn failure(&self, now: Duration) -> Option<Refusal> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (refusal, since) = state.failed?;
        (now < since + AFTER_FAILURE).then_some(refusal)
    }

    fn hold(&self, fetched: T, now: Duration) -> Arc<T> {
        let held = Arc::new(fetched);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.held = Some((Arc::clone(&held), now));
        state.failed = None;
        held
    }

    fn fail(&self, refusal: Refusal, now: Duration) -> Refusal {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failed = Some((refusal, now));
        refusal
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use symbolon_rules::upstream::Why;

    use super::*;

    const DOWN: Refusal = Refusal::new(Why::Unavailable, "down");
    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[tokio::test]
    async fn what_is_held_serves_until_it_is_old_and_through_an_outage() {
        let cached = Cached::default();
        assert_eq!(*cached.find(secs(0), async || Ok(1)).await.unwrap(), 1);
        assert_eq!(*cached.find(secs(599), async || Ok(2)).await.unwrap(), 1);
        assert_eq!(*cached.find(secs(600), async || Ok(2)).await.unwrap(), 2);
        let down = async || Err(DOWN);
        assert_eq!(*cached.find(secs(2000), down).await.unwrap(), 2);
        assert_eq!(cached.find(secs(600 + 86_400), down).await, Err(DOWN));
    }

    #[tokio::test]
    async fn a_failure_is_remembered_for_a_moment() {
        let asked = AtomicU32::new(0);
        let cached = Cached::<u32>::default();
        let fetch = async || {
            asked.fetch_add(1, Ordering::Relaxed);
            Err(DOWN)
        };
        for at in [0, 1, 1, 2] {
            assert_eq!(cached.find(secs(at), fetch).await, Err(DOWN));
        }
        assert_eq!(asked.into_inner(), 2);
    }

    #[tokio::test]
    async fn something_newer_is_asked_for_twice_a_minute_at_the_most() {
        let asked = AtomicU32::new(0);
        let cached = Cached::default();
        let fetch = async || Ok(asked.fetch_add(1, Ordering::Relaxed));
        for at in 0..60 {
            cached.find_newer(secs(at), fetch).await.unwrap();
        }
        assert_eq!(asked.into_inner(), 2);
    }
}
