//! What will become of the keys, and when, if nobody does anything.

use serde::Serialize;
use symbolon_token::{Algorithm, Timestamp};

use super::{
    KeyFacts, KeyState, TOKENS_DEAD_AFTER, Turnover, retires_at, signing, state,
    turnover::announced_from,
};

/// What happens to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// The moment of its first signature is fixed.
    Announce,
    /// It signs for the first time.
    Activate,
    /// Its last token is dead; it leaves the JWKS.
    Retire,
}

/// A change to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// When.
    pub at: Timestamp,
    /// What.
    pub change: Change,
    /// To which key; `None` for one that isn't made yet.
    pub kid: Option<String>,
    /// What it signs with.
    pub algorithm: Algorithm,
}

/// Every change up to the end of the keys that sign now, in the order of time.
pub fn plan(keys: &[KeyFacts], turnover: &Turnover, now: Timestamp) -> Vec<Planned> {
    let mut planned = Vec::new();
    let mut add = |at: Timestamp, change, key: Option<&KeyFacts>, algorithm| {
        planned.push(Planned {
            at: at.max(now),
            change,
            kid: key.map(|key| key.kid.clone()),
            algorithm,
        });
    };
    for key in keys.iter().filter(|key| !key.algorithm.is_symmetric()) {
        match state(key, keys, turnover, now) {
            KeyState::Announced => {
                if let Some(at) = key.activates_at {
                    add(at, Change::Activate, Some(key), key.algorithm);
                }
            }
            KeyState::Retiring => {
                if let Some(at) = retires_at(key, keys, turnover, now) {
                    add(at, Change::Retire, Some(key), key.algorithm);
                }
            }
            _ => {}
        }
    }
    for algorithm in &turnover.algorithms {
        let Some(active) = signing(keys, *algorithm, now) else {
            continue;
        };
        let of_algorithm = || {
            keys.iter()
                .filter(|key| key.algorithm == *algorithm && key.counts())
        };
        let announced = of_algorithm()
            .filter_map(|key| key.activates_at)
            .filter(|from| *from > now)
            .min();
        let takes_over = announced.unwrap_or_else(|| {
            let standby = of_algorithm()
                .filter(|key| key.activates_at.is_none())
                .min_by_key(|key| key.number);
            let announce = announced_from(active, turnover).max(now);
            add(announce, Change::Announce, standby, *algorithm);
            let at = announce + turnover.announce;
            add(at, Change::Activate, standby, *algorithm);
            at
        });
        let end = takes_over + TOKENS_DEAD_AFTER;
        add(end, Change::Retire, Some(active), *algorithm);
    }
    planned.sort_by_key(|planned| (planned.at, planned.change));
    planned
}
