//! Tokens for the program itself (RFC 6749 §4.4), renewed ahead of their end.
//!
//! Invariant: while a token is good nobody waits for the next. One caller fetches it; if that fails the
//! token that is held goes on until its end.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use symbolon_rules::upstream::Refusal;
use symbolon_token::Timestamp;

use super::{Tokens, provider::Inner};

/// A token that is given out is good for this long at the least: time to use it.
const USABLE: Duration = Duration::from_secs(30);
/// From this long before its end on a token is renewed.
const AHEAD: Duration = Duration::from_secs(90);
/// Sets of scopes that tokens are kept for.
const SETS: usize = 32;

/// Tokens by their scopes.
#[derive(Default)]
pub(super) struct ServiceToken(Mutex<HashMap<String, Arc<Slot>>>);

#[derive(Default)]
struct Slot {
    held: Mutex<Option<Arc<Tokens>>>,
    fetching: tokio::sync::Mutex<()>,
}

impl ServiceToken {
    fn slot(&self, scope: &str) -> Arc<Slot> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= SETS && !slots.contains_key(scope) {
            slots.clear();
        }
        Arc::clone(slots.entry(scope.to_owned()).or_default())
    }
}

impl Slot {
    fn good_for(&self, ahead: Duration, now: Timestamp) -> Option<Arc<Tokens>> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let good = |tokens: &&Arc<Tokens>| tokens.is_good_for(ahead, now);
        held.as_ref().filter(good).cloned()
    }

    fn hold(&self, tokens: Tokens) -> Arc<Tokens> {
        let tokens = Arc::new(tokens);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some(Arc::clone(&tokens));
        tokens
    }
}

impl Inner {
    pub(super) async fn service_token(&self, scopes: &[&str]) -> Result<Arc<Tokens>, Refusal> {
        let scope = scopes.join(" ");
        let slot = self.service.slot(&scope);
        let good_for = |ahead| slot.good_for(ahead, self.clock.now());
        if let Some(held) = good_for(AHEAD) {
            return Ok(held);
        }
        let _one = match (slot.fetching.try_lock(), good_for(USABLE)) {
            (Ok(one), _) => one,
            // Somebody is at it already, and there is time.
            (Err(_), Some(held)) => return Ok(held),
            (Err(_), None) => slot.fetching.lock().await,
        };
        if let Some(held) = good_for(AHEAD) {
            return Ok(held);
        }
        let mut fields = vec![("grant_type", "client_credentials")];
        if !scope.is_empty() {
            fields.push(("scope", &scope));
        }
        match self.ask_for_tokens(&fields, None).await {
            Ok(tokens) => Ok(slot.hold(tokens)),
            Err(refusal) => good_for(USABLE).ok_or(refusal),
        }
    }
}
