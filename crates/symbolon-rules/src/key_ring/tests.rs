//! The rules one by one, on rings written down.

use std::time::Duration;

use symbolon_token::{Algorithm, Timestamp};

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const LONG_AGO: Timestamp = Timestamp::from_secs(1_700_000_000);

fn key_of(algorithm: Algorithm, number: i64, activates_at: Option<Timestamp>) -> KeyFacts {
    KeyFacts {
        kid: format!("{algorithm}-{number}"),
        algorithm,
        number,
        created_at: LONG_AGO,
        activates_at,
        revoked_at: None,
    }
}

fn key(number: i64, activates_at: Option<Timestamp>) -> KeyFacts {
    key_of(Algorithm::ES256, number, activates_at)
}

fn revoked(key: KeyFacts, at: Timestamp) -> KeyFacts {
    KeyFacts {
        revoked_at: Some(at),
        ..key
    }
}

fn by(algorithms: &[Algorithm]) -> Turnover {
    Turnover {
        algorithms: algorithms.to_vec(),
        rotate_every: ROTATE_EVERY,
        announce: ANNOUNCE,
    }
}

fn es256() -> Turnover {
    by(&[Algorithm::ES256])
}

fn made(algorithm: Algorithm, number: i64, activates_at: Option<Timestamp>) -> Step {
    Step::Make(NewKey {
        algorithm,
        number,
        activates_at,
    })
}

fn activated(key: &KeyFacts, at: Timestamp) -> Step {
    Step::Activate(Activation {
        kid: key.kid.clone(),
        at,
        from: key.activates_at,
    })
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
    assert_eq!(
        decide(&[], &es256(), NOW),
        [
            made(Algorithm::ES256, 1, Some(NOW)),
            made(Algorithm::ES256, 2, None)
        ]
    );
    let whole = [key(1, Some(NOW)), key(2, None)];
    assert_eq!(decide(&whole, &es256(), NOW), []);
    // The standby has become the signing key: another one takes its place.
    let turned_over = [key(1, Some(NOW - HOUR)), key(2, Some(NOW))];
    assert_eq!(
        decide(&turned_over, &es256(), NOW),
        [made(Algorithm::ES256, 3, None)]
    );
}

#[test]
fn every_algorithm_of_a_new_ring_is_ready_at_once() {
    let turnover = by(&[Algorithm::EdDSA, Algorithm::RS256]);
    assert_eq!(
        decide(&[], &turnover, NOW),
        [
            made(Algorithm::EdDSA, 1, Some(NOW)),
            made(Algorithm::EdDSA, 2, None),
            made(Algorithm::RS256, 1, Some(NOW)),
            made(Algorithm::RS256, 2, None),
        ]
    );
}

#[test]
fn m2_a_key_of_age_gets_a_successor_that_was_announced() {
    let begun = NOW - ROTATE_EVERY + ANNOUNCE;
    let young = [key(1, Some(begun + Duration::from_millis(1))), key(2, None)];
    assert_eq!(decide(&young, &es256(), NOW), []);
    let old = [key(1, Some(begun)), key(2, None)];
    assert_eq!(
        decide(&old, &es256(), NOW),
        [
            activated(&old[1], NOW + ANNOUNCE),
            made(Algorithm::ES256, 3, None)
        ]
    );
    // Announced is announced, once.
    let announced = [key(1, Some(begun)), key(2, Some(NOW + DAY)), key(3, None)];
    assert_eq!(decide(&announced, &es256(), NOW), []);
    assert_eq!(
        state(&announced[0], &announced, &es256(), NOW),
        KeyState::Signing
    );
    assert_eq!(
        state(&announced[1], &announced, &es256(), NOW),
        KeyState::Announced
    );
}

#[test]
fn a_key_stays_published_until_its_last_token_is_dead() {
    let ring = [key(1, Some(LONG_AGO)), key(2, Some(NOW)), key(3, None)];
    let state_at = |now| state(&ring[0], &ring, &es256(), now);
    assert_eq!(state_at(NOW - HOUR), KeyState::Signing);
    assert_eq!(state_at(NOW), KeyState::Retiring);
    let end = NOW + TOKENS_DEAD_AFTER;
    assert_eq!(state_at(end - Duration::from_millis(1)), KeyState::Retiring);
    assert_eq!(state_at(end), KeyState::Over);
    assert_eq!(
        decide(&ring, &es256(), end),
        [Step::Sweep {
            kid: "ES256-1".to_owned(),
            from: Some(LONG_AGO)
        }]
    );
}

#[test]
fn a_shared_secret_is_never_swept() {
    let secret = |number, from| key_of(Algorithm::HS256, number, Some(from));
    let ring = [
        key(1, Some(NOW)),
        key(2, None),
        secret(1, LONG_AGO),
        secret(2, LONG_AGO + DAY),
    ];
    let later = NOW + TOKENS_DEAD_AFTER;
    assert_eq!(state(&ring[2], &ring, &es256(), later), KeyState::Over);
    assert_eq!(decide(&ring, &es256(), later), []);
}

#[test]
fn a_new_algorithm_signs_after_its_key_was_announced() {
    let old = [key(1, Some(LONG_AGO)), key(2, None)];
    let turnover = by(&[Algorithm::EdDSA]);
    let steps = decide(&old, &turnover, NOW);
    assert_eq!(
        steps,
        [
            made(Algorithm::EdDSA, 1, Some(NOW + ANNOUNCE)),
            made(Algorithm::EdDSA, 2, None)
        ]
    );
    let both = [
        old[0].clone(),
        old[1].clone(),
        key_of(Algorithm::EdDSA, 1, Some(NOW + ANNOUNCE)),
        key_of(Algorithm::EdDSA, 2, None),
    ];
    let signs = |now| signing_access(&both, &turnover.algorithms, now).map(|key| key.kid.as_str());
    assert_eq!(signs(NOW + ANNOUNCE - HOUR), Some("ES256-1"));
    assert_eq!(signs(NOW + ANNOUNCE), Some("EdDSA-1"));
    // No longer named, but another node's configuration may name it: published to its natural end.
    let states = |now| both.each_ref().map(|key| state(key, &both, &turnover, now));
    assert_eq!(
        states(NOW),
        [
            KeyState::Signing,
            KeyState::Standby,
            KeyState::Announced,
            KeyState::Standby
        ]
    );
    let then = NOW + ANNOUNCE;
    assert_eq!(states(then)[..2], [KeyState::Retiring, KeyState::Retiring]);
    let end = then + TOKENS_DEAD_AFTER;
    assert_eq!(states(end)[..2], [KeyState::Over, KeyState::Over]);
    let swept = decide(&both, &turnover, end);
    assert_eq!(swept.len(), 2, "{swept:?}");
}

#[test]
fn an_algorithm_that_was_kept_ready_signs_at_once() {
    let ring = [
        key(1, Some(LONG_AGO)),
        key(2, None),
        key_of(Algorithm::RS256, 1, Some(NOW - HOUR)),
        key_of(Algorithm::RS256, 2, None),
    ];
    let signs = |algorithms: &[_]| signing_access(&ring, algorithms, NOW).map(|key| &key.kid);
    let (es256, rs256) = (Algorithm::ES256, Algorithm::RS256);
    assert_eq!(signs(&[es256, rs256]), Some(&ring[0].kid));
    assert_eq!(signs(&[rs256, es256]), Some(&ring[2].kid));
}

#[test]
fn in_an_emergency_the_standby_signs_at_once() {
    let ring = [
        key(1, Some(NOW - DAY - DAY)),
        key(2, Some(NOW - DAY)),
        key(3, None),
    ];
    let revocation = revoke(&ring, "ES256-2", &es256(), NOW).unwrap();
    assert_eq!(
        revocation,
        Revocation {
            kid: "ES256-2".to_owned(),
            successor: Some(Activation {
                kid: "ES256-3".to_owned(),
                at: NOW,
                from: None
            }),
            unknown_for: Duration::ZERO,
        }
    );
    let after = [
        ring[0].clone(),
        revoked(ring[1].clone(), NOW),
        key(3, Some(NOW)),
    ];
    assert_eq!(
        signing(&after, Algorithm::ES256, NOW).map(|key| key.number),
        Some(3)
    );
    assert_eq!(state(&after[1], &after, &es256(), NOW), KeyState::Revoked);
    // The key before it didn't come back, and stays until its tokens are dead.
    assert_eq!(state(&after[0], &after, &es256(), NOW), KeyState::Retiring);
    assert_eq!(
        revoke(&after, "ES256-2", &es256(), NOW),
        Err(NotRevoked::Already)
    );
    assert_eq!(
        revoke(&after, "nothing", &es256(), NOW),
        Err(NotRevoked::Unknown)
    );
    assert_eq!(
        revoke(&after, "ES256-3", &es256(), NOW),
        Err(NotRevoked::NoSuccessor {
            algorithm: Algorithm::ES256,
            number: 4
        })
    );
    // One that doesn't sign just goes.
    let gone = revoke(&after, "ES256-1", &es256(), NOW).unwrap();
    assert_eq!(gone.successor, None);
}

#[test]
fn a_standby_that_nobody_can_know_yet_says_so() {
    let mut fresh = key(2, None);
    fresh.created_at = NOW - Duration::from_mins(1);
    let ring = [key(1, Some(LONG_AGO)), fresh];
    let revocation = revoke(&ring, "ES256-1", &es256(), NOW).unwrap();
    assert_eq!(revocation.unknown_for, Duration::from_mins(4));
}

#[test]
fn what_is_left_signs_where_nothing_may() {
    // Revoked by a node that stopped before it could say who signs instead.
    let lost = [revoked(key(1, Some(LONG_AGO)), NOW), key(2, None)];
    assert_eq!(
        decide(&lost, &es256(), NOW)[0],
        activated(&lost[1], NOW),
        "the standby"
    );
    // A clock that had been ahead: the only key's time is to come.
    let ahead = [key(5, Some(NOW + DAY)), key(6, None)];
    assert_eq!(decide(&ahead, &es256(), NOW)[0], activated(&ahead[0], NOW));
    let nothing = [revoked(key(1, Some(LONG_AGO)), NOW)];
    assert_eq!(
        decide(&nothing, &es256(), NOW),
        [
            made(Algorithm::ES256, 2, Some(NOW)),
            made(Algorithm::ES256, 3, None)
        ]
    );
}

#[test]
fn a_key_is_rotated_when_asked_once() {
    let ring = [key(1, Some(NOW - HOUR)), key(2, None)];
    let (alg, turnover) = (Algorithm::ES256, es256());
    let announced = rotate(&ring, alg, &turnover, Pace::Announced, NOW).unwrap();
    assert_eq!(announced.at, NOW + ANNOUNCE);
    let at_once = rotate(&ring, alg, &turnover, Pace::AtOnce, NOW).unwrap();
    assert_eq!((at_once.kid.as_str(), at_once.at), ("ES256-2", NOW));

    let under_way = [
        key(1, Some(NOW - HOUR)),
        key(2, Some(NOW + HOUR)),
        key(3, None),
    ];
    let refused = rotate(&under_way, alg, &turnover, Pace::Announced, NOW);
    assert!(matches!(refused, Err(NotRotated::UnderWay { .. })));
    let forward = rotate(&under_way, alg, &turnover, Pace::AtOnce, NOW).unwrap();
    assert_eq!(forward.from, Some(NOW + HOUR));
    let other = rotate(&ring, Algorithm::RS256, &turnover, Pace::AtOnce, NOW);
    assert_eq!(other, Err(NotRotated::OtherAlgorithm));
}

#[test]
fn a_plan_says_what_will_happen() {
    let begun = NOW - DAY;
    let ring = [
        key(1, Some(NOW - DAY - DAY)),
        key(2, Some(begun)),
        key(3, None),
    ];
    let planned = plan(&ring, &es256(), NOW);
    let told: Vec<_> = planned
        .iter()
        .map(|planned| (planned.at, planned.change, planned.kid.as_deref()))
        .collect();
    let takes_over = begun + ROTATE_EVERY;
    assert_eq!(
        told,
        [
            (begun + TOKENS_DEAD_AFTER, Change::Retire, Some("ES256-1")),
            (takes_over - ANNOUNCE, Change::Announce, Some("ES256-3")),
            (takes_over, Change::Activate, Some("ES256-3")),
            (
                takes_over + TOKENS_DEAD_AFTER,
                Change::Retire,
                Some("ES256-2")
            ),
        ]
    );
}

#[test]
fn what_would_turn_good_tokens_away_is_refused() {
    let good = es256();
    assert_eq!(good.check(), Ok(()));
    let with = |change: fn(&mut Turnover)| {
        let mut turnover = es256();
        change(&mut turnover);
        turnover.check()
    };
    let short =
        with(|turnover| turnover.announce = ANNOUNCE_MIN.saturating_sub(Duration::from_millis(1)));
    assert_eq!(short, Err(TurnoverError::Announce));
    let often = with(|turnover| turnover.rotate_every = Duration::from_hours(47));
    assert_eq!(often, Err(TurnoverError::RotateEvery));
    let (es, hs) = (Algorithm::ES256, Algorithm::HS256);
    assert_eq!(by(&[es, es]).check(), Err(TurnoverError::Twice(es)));
    assert_eq!(by(&[es, hs]).check(), Err(TurnoverError::Symmetric(hs)));
    assert_eq!(ANNOUNCE_MIN, JWKS_MAX_AGE + Duration::from_mins(10));
}
