//! What must be written: by itself when its time has come, and because somebody asks for it.
//!
//! Invariant: of one state of the rows there is one decision, so nodes that decide at once want the same.
//! A new algorithm signs only after it was announced; a standby signs at once only where nothing else may.

use std::time::Duration;

use symbolon_token::{Algorithm, Timestamp};

use super::{
    JWKS_MAX_AGE, KeyFacts, KeyState, Turnover, retires_at, signing, signing_access, state,
};

/// Something to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make a key.
    Make(NewKey),
    /// Say when a key signs.
    Activate(Activation),
    /// Remove the row of a key that is over.
    Sweep {
        /// Which one.
        kid: String,
        /// What its row says of its activation.
        from: Option<Timestamp>,
    },
}

/// A key that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// What it shall sign with.
    pub algorithm: Algorithm,
    /// Its number.
    pub number: i64,
    /// From when on it shall sign; `None` for a standby.
    pub activates_at: Option<Timestamp>,
}

/// A key's time, fixed or brought forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activation {
    /// Whose.
    pub kid: String,
    /// From when on it shall sign.
    pub at: Timestamp,
    /// What its row said until then.
    pub from: Option<Timestamp>,
}

/// The unrevoked keys of one algorithm, by what they are for.
struct OfAlgorithm<'a> {
    active: Option<&'a KeyFacts>,
    announced: Option<&'a KeyFacts>,
    standby: Option<&'a KeyFacts>,
    standbys: usize,
    next_number: i64,
    /// Its signing key was revoked.
    has_lost: bool,
}

impl<'a> OfAlgorithm<'a> {
    fn of(keys: &'a [KeyFacts], algorithm: Algorithm, now: Timestamp) -> Self {
        let all = || keys.iter().filter(move |key| key.algorithm == algorithm);
        let counting = || all().filter(|key| key.counts());
        let standbys = || counting().filter(|key| key.activates_at.is_none());
        Self {
            active: signing(keys, algorithm, now),
            announced: counting()
                .filter(|key| key.activates_at.is_some_and(|from| from > now))
                .min_by_key(|key| key.order()),
            standby: standbys().min_by_key(|key| key.number),
            standbys: standbys().count(),
            next_number: all().map(|key| key.number).max().unwrap_or(0) + 1,
            has_lost: all()
                .any(|key| !key.counts() && key.activates_at.is_some_and(|from| from <= now)),
        }
    }

    /// Who signs if the present one can't: the one that has been published for longest.
    fn next(&self) -> Option<&'a KeyFacts> {
        self.announced.or(self.standby)
    }
}

impl Activation {
    fn of(key: &KeyFacts, at: Timestamp) -> Self {
        Self {
            kid: key.kid.clone(),
            at,
            from: key.activates_at,
        }
    }
}

/// What is to be written now, if anything: keys that are missing, the time of the next key, rows that are
/// over.
pub fn decide(keys: &[KeyFacts], turnover: &Turnover, now: Timestamp) -> Vec<Step> {
    let mut steps = Vec::new();
    let is_new = keys.is_empty();
    let mut is_signed = signing_access(keys, &turnover.algorithms, now).is_some();
    for algorithm in &turnover.algorithms {
        let of = OfAlgorithm::of(keys, *algorithm, now);
        let mut numbers = of.next_number..;
        let mut make = |activates_at| {
            numbers.next().map(|number| {
                Step::Make(NewKey {
                    algorithm: *algorithm,
                    number,
                    activates_at,
                })
            })
        };
        let mut standbys = of.standbys;
        let mut activate = |key: &KeyFacts, at| {
            standbys -= usize::from(key.activates_at.is_none());
            Some(Step::Activate(Activation::of(key, at)))
        };
        let first = match (of.active, of.announced) {
            (None, _) if is_new || of.has_lost || !is_signed => match of.next() {
                Some(next) => activate(next, now),
                None => make(Some(now)),
            },
            // A new algorithm: verifiers must have seen the key before they see a token of it.
            (None, None) => match of.standby {
                Some(standby) => activate(standby, now + turnover.announce),
                None => make(Some(now + turnover.announce)),
            },
            (Some(active), None) if now >= announced_from(active, turnover) => of
                .standby
                .and_then(|standby| activate(standby, now + turnover.announce)),
            _ => None,
        };
        is_signed |= first
            .as_ref()
            .is_some_and(|step| signs_from(step) == Some(now));
        steps.extend(first);
        if standbys == 0 {
            steps.extend(make(None));
        }
    }
    let over = keys.iter().filter(|key| is_over(key, keys, turnover, now));
    steps.extend(over.map(|key| Step::Sweep {
        kid: key.kid.clone(),
        from: key.activates_at,
    }));
    steps
}

/// From when on the successor of a signing key is to be announced.
pub(super) fn announced_from(active: &KeyFacts, turnover: &Turnover) -> Timestamp {
    let since = active.activates_at.unwrap_or(active.created_at);
    since + turnover.rotate_every.saturating_sub(turnover.announce)
}

fn signs_from(step: &Step) -> Option<Timestamp> {
    match step {
        Step::Make(key) => key.activates_at,
        Step::Activate(activation) => Some(activation.at),
        Step::Sweep { .. } => None,
    }
}

fn is_over(key: &KeyFacts, keys: &[KeyFacts], turnover: &Turnover, now: Timestamp) -> bool {
    let ends = retires_at(key, keys, turnover, now).is_some_and(|end| end <= now);
    let state = state(key, keys, turnover, now);
    !key.algorithm.is_symmetric() && ends && !state.is_published()
}

/// How soon another key shall sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// After it has been announced.
    Announced,
    /// Now. Verifiers that fetched the JWKS before the key was in it refuse its tokens until they look
    /// again.
    AtOnce,
}

/// Why no other key signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRotated {
    /// The configuration doesn't name this algorithm.
    OtherAlgorithm,
    /// It is on its way already.
    UnderWay {
        /// The next key.
        kid: String,
        /// From when on it signs.
        at: Timestamp,
    },
    /// There is none that stands by, for a moment.
    NoStandby,
}

/// Lets the standby of an algorithm sign, after its announcement or at once.
pub fn rotate(
    keys: &[KeyFacts],
    algorithm: Algorithm,
    turnover: &Turnover,
    pace: Pace,
    now: Timestamp,
) -> Result<Activation, NotRotated> {
    if !turnover.algorithms.contains(&algorithm) {
        return Err(NotRotated::OtherAlgorithm);
    }
    let of = OfAlgorithm::of(keys, algorithm, now);
    let at = match (pace, of.announced) {
        (Pace::AtOnce, _) => now,
        (Pace::Announced, None) => now + turnover.announce,
        (Pace::Announced, Some(key)) => {
            return Err(NotRotated::UnderWay {
                kid: key.kid.clone(),
                at: key.activates_at.unwrap_or(now),
            });
        }
    };
    let next = of.next().ok_or(NotRotated::NoStandby)?;
    Ok(Activation::of(next, at))
}

/// A key to be taken out of service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Which one.
    pub kid: String,
    /// Who signs in its place, where it is one that signs.
    pub successor: Option<Activation>,
    /// How long verifiers that saw the JWKS last before the successor was in it may still refuse its
    /// tokens; nothing where the successor stood by for longer than they keep it.
    pub unknown_for: Duration,
}

/// Why a key isn't taken out of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRevoked {
    /// There is none of this name.
    Unknown,
    /// It was before.
    Already,
    /// It signs, and no other could at once: one must be made first.
    NoSuccessor {
        /// What it signs with.
        algorithm: Algorithm,
        /// The number that the next key gets.
        number: i64,
    },
}

/// Takes a key out of service. If it signs, the next one signs at once.
pub fn revoke(
    keys: &[KeyFacts],
    kid: &str,
    turnover: &Turnover,
    now: Timestamp,
) -> Result<Revocation, NotRevoked> {
    let asymmetric = |key: &&KeyFacts| !key.algorithm.is_symmetric();
    let key = keys
        .iter()
        .filter(asymmetric)
        .find(|key| key.kid == kid)
        .ok_or(NotRevoked::Unknown)?;
    if !key.counts() {
        return Err(NotRevoked::Already);
    }
    let of = OfAlgorithm::of(keys, key.algorithm, now);
    let signs = of.active.is_some_and(|active| active.kid == key.kid);
    let is_needed = signs && state(key, keys, turnover, now) == KeyState::Signing;
    let successor = is_needed.then(|| of.next());
    if successor == Some(None) {
        return Err(NotRevoked::NoSuccessor {
            algorithm: key.algorithm,
            number: of.next_number,
        });
    }
    let successor = successor.flatten();
    let known_from = successor.map_or(now, |next| next.created_at + JWKS_MAX_AGE);
    let unknown_for = known_from.as_millis().saturating_sub(now.as_millis());
    Ok(Revocation {
        kid: key.kid.clone(),
        successor: successor.map(|next| Activation::of(next, now)),
        unknown_for: Duration::from_millis(u64::try_from(unknown_for).unwrap_or(0)),
    })
}
