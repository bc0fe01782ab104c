//! Refreshing, once for however many ask (RFC 6749 §6, RFC 9700 §4.14).
//!
//! Invariant: a refresh token goes to the provider once. Whoever comes with the same one while that is
//! under way waits for its answer, and whoever comes shortly after gets it too.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use symbolon_rules::upstream::{Refusal, Why};
use tokio::sync::OnceCell;

use super::{Tokens, provider::Inner};
use crate::keys::sha256;

/// How long an answer is given to whoever still holds the old tokens.
const REMEMBERED: Duration = Duration::from_mins(1);

type Outcome = Result<Arc<Tokens>, Refusal>;

/// Refreshes under way or just done, by the hash of the refresh token.
#[derive(Default)]
pub(super) struct Refreshes(Mutex<HashMap<[u8; 32], Entry>>);

struct Entry {
    outcome: Arc<OnceCell<Outcome>>,
    begun: Duration,
}

impl Refreshes {
    fn entry(&self, token: &str, now: Duration) -> Arc<OnceCell<Outcome>> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|_, entry| now < entry.begun + REMEMBERED);
        let entry = entries.entry(sha256(token.as_bytes())).or_insert(Entry {
            outcome: Arc::default(),
            begun: now,
        });
        Arc::clone(&entry.outcome)
    }

    /// A failure is told to whoever waits for it, and forgotten: the next may do better.
    fn forget(&self, token: &str) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.remove(&sha256(token.as_bytes()));
    }
}

impl Inner {
    pub(super) async fn refresh(self: &Arc<Self>, tokens: &Tokens) -> Outcome {
        let token = tokens
            .refresh_token
            .clone()
            .ok_or(Refusal::new(Why::NotUnderWay, "there is no refresh token"))?;
        let cell = self.refreshes.entry(&token, self.clock.monotonic());
        // In a task of its own: a caller who hangs up must not lose the answer for the others, who
        // could not ask again.
        let (inner, before) = (Arc::clone(self), tokens.clone());
        let asking = async move || {
            let fields = [
                ("grant_type", "refresh_token"),
                ("refresh_token", token.as_str()),
            ];
            let asked = inner.ask_for_tokens(&fields, Some(&before)).await;
            if asked.is_err() {
                inner.refreshes.forget(&token);
            }
            asked.map(Arc::new)
        };
        let task = tokio::spawn(async move { cell.get_or_init(asking).await.clone() });
        task.await.unwrap_or(Err(Refusal::new(
            Why::Unavailable,
            "the refresh was cut off",
        )))
    }
}
