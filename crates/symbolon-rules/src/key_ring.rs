//! Which key signs, and which are published.
//!
//! Invariant: which key signs follows from rows and the time alone, so any number of nodes agree
//! without a leader. A standby key is published from the first start, so that verifiers everywhere
//! hold the next key before it signs for the first time (M2).

use symbolon_token::{Algorithm, Timestamp};

/// What the ring knows of a signing key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFacts {
    /// Its name in tokens and in the JWKS: the RFC 7638 thumbprint.
    pub kid: String,
    /// What it signs with.
    pub algorithm: Algorithm,
    /// Counts the keys of an algorithm from 1; unique with it, so two nodes can't make two.
    pub number: i64,
    /// From when on it signs; `None` for a standby.
    pub activates_at: Option<Timestamp>,
}

/// A key that is missing from the ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingKey {
    /// What it shall sign with.
    pub algorithm: Algorithm,
    /// Its number.
    pub number: i64,
    /// From when on it shall sign; `None` for a standby.
    pub activates_at: Option<Timestamp>,
}

/// The key that signs with `algorithm` now: the latest one whose time has come.
pub fn signing<'a>(
    keys: impl IntoIterator<Item = &'a KeyFacts>,
    algorithm: Algorithm,
    now: Timestamp,
) -> Option<&'a KeyFacts> {
    keys.into_iter()
        .filter(|key| key.algorithm == algorithm)
        .filter(|key| key.activates_at.is_some_and(|from| from <= now))
        .max_by_key(|key| (key.activates_at, key.number))
}

/// The keys that must be made so that one signs with `algorithm` and one stands by.
pub fn missing(keys: &[KeyFacts], algorithm: Algorithm, now: Timestamp) -> Vec<MissingKey> {
    let of_algorithm = || keys.iter().filter(|key| key.algorithm == algorithm);
    let mut number = of_algorithm().map(|key| key.number).max().unwrap_or(0);
    let mut missing = Vec::new();
    let mut add = |activates_at| {
        number += 1;
        missing.push(MissingKey {
            algorithm,
            number,
            activates_at,
        });
    };
    if signing(keys, algorithm, now).is_none() {
        add(Some(now));
    }
    if !of_algorithm().any(|key| key.activates_at.is_none_or(|from| from > now)) {
        add(None);
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
    const HOUR: std::time::Duration = std::time::Duration::from_hours(1);

    fn key(number: i64, activates_at: Option<Timestamp>) -> KeyFacts {
        KeyFacts {
            kid: format!("key-{number}"),
            algorithm: Algorithm::ES256,
            number,
            activates_at,
        }
    }

    #[test]
    fn the_latest_key_whose_time_has_come_signs() {
        let ring = [
            key(1, Some(NOW - HOUR)),
            key(2, Some(NOW)),
            key(3, Some(NOW + HOUR)),
            key(4, None),
        ];
        let signing_at = |now| signing(&ring, Algorithm::ES256, now).map(|key| key.number);
        assert_eq!(signing_at(NOW - HOUR - HOUR), None);
        assert_eq!(signing_at(NOW - HOUR), Some(1));
        assert_eq!(signing_at(NOW), Some(2));
        assert_eq!(signing_at(NOW + HOUR), Some(3));
        assert!(signing(&ring, Algorithm::RS256, NOW).is_none());
    }

    #[test]
    fn m2_a_new_ring_gets_a_key_and_a_standby() {
        let first = missing(&[], Algorithm::ES256, NOW);
        let made: Vec<_> = first
            .iter()
            .map(|key| (key.number, key.activates_at))
            .collect();
        assert_eq!(made, [(1, Some(NOW)), (2, None)]);

        let whole = [key(1, Some(NOW)), key(2, None)];
        assert_eq!(missing(&whole, Algorithm::ES256, NOW), []);
        // The standby has become the signing key: another one takes its place.
        let turned_over = [key(1, Some(NOW - HOUR)), key(2, Some(NOW))];
        assert_eq!(
            missing(&turned_over, Algorithm::ES256, NOW),
            [MissingKey {
                algorithm: Algorithm::ES256,
                number: 3,
                activates_at: None
            }]
        );
    }
}
