//! Good tokens that count no more: a set that the program fills.
//!
//! What is denied is named by the token (`jti`), the sign-in (`sid`), the key (`kid`), or, for tokens issued
//! until some moment, by the subject, the client, or without exception.
//!
//! Invariant: a denial holds for every request that begins after the call that made it has returned, also
//! for tokens that are cached. Each change gives the set a new number; a token that was looked up carries
//! the number, and is looked up again once it differs.
//! Invariant: `iat` has whole seconds: a token issued in the very second of a denial is denied. Too many is
//! the right side to err on.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use symbolon_token::Timestamp;

use crate::{Clock, admitted::Proof, keyed_hash::KeyedHash};

/// How many denials come between two looks for those that are over.
const SWEEP_EVERY: usize = 1024;

/// Tokens that are refused although they are good. Clones share one set; fill it from anywhere.
///
/// ```
/// use symbolon_guard::{DenySet, Denied, token::Timestamp};
///
/// # fn guard(guard: symbolon_guard::Guard) -> symbolon_guard::Guard {
/// let denied = DenySet::new();
/// let guard = guard.with_deny_set(&denied);
///
/// // Somebody logs out: their token is refused until it would have ended anyway.
/// denied.deny(Denied::token("its jti"), Timestamp::from_secs(1_700_000_600));
/// assert!(!denied.is_empty());
/// # guard
/// # }
/// ```
#[derive(Clone)]
pub struct DenySet(Arc<Shared>);

struct Shared {
    version: AtomicU64,
    hash: KeyedHash,
    clock: Clock,
    entries: RwLock<Entries>,
}

#[derive(Default)]
struct Entries {
    /// By a keyed hash of kind and name: what is denied may be long, and comes from tokens.
    denied: HashMap<u128, Entry>,
    /// What is named by those held: tokens are read for nothing else.
    kinds: Kinds,
    since_sweep: usize,
}

#[derive(Clone, Copy)]
struct Entry {
    kind: Kind,
    until: Timestamp,
    /// Only tokens issued until this second; all of them if there is none.
    issued: Option<Timestamp>,
}

/// In a test, with a clock of the test's own:
///
/// ```
/// use symbolon_guard::{Clock, DenySet, Denied, token::Timestamp};
///
/// let hands = Clock::fixed(Timestamp::from_secs(1_700_000_000));
/// let denied = DenySet::with_clock(hands.clock());
/// denied.deny(Denied::session("its sid"), hands.now());
/// assert_eq!(denied.len(), 1);
/// ```
impl DenySet {
    /// An empty set.
    pub fn new() -> Self {
        Self::with_clock(Clock::system())
    }

    /// An empty set that forgets by this clock.
    pub fn with_clock(clock: Clock) -> Self {
        Self(Arc::new(Shared {
            version: AtomicU64::new(1),
            hash: KeyedHash::with_random_key(),
            clock,
            entries: RwLock::default(),
        }))
    }

    /// Denies from now on, until this moment; then it is forgotten. The right moment is when the last token
    /// that it can concern has expired.
    ///
    /// Denied twice, the later end and the later moment of issue count.
    pub fn deny(&self, denied: Denied<'_>, until: Timestamp) {
        let now = self.0.clock.now();
        let place = self.place(denied.kind, denied.name);
        let mut entries = self
            .0
            .entries
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let new = Entry {
            kind: denied.kind,
            until,
            issued: denied.issued,
        };
        entries
            .denied
            .entry(place)
            .and_modify(|entry| {
                entry.until = entry.until.max(until);
                entry.issued = entry.issued.zip(denied.issued).map(|(a, b)| a.max(b));
            })
            .or_insert(new);
        entries.kinds.add(denied.kind);
        entries.since_sweep += 1;
        if entries.since_sweep >= SWEEP_EVERY {
            entries.sweep(now);
        }
        // Under the lock: whoever sees the new number finds the new entry.
        self.0.version.fetch_add(1, Ordering::Release);
    }

    /// How many denials are held, those included that are over and not yet forgotten.
    pub fn len(&self) -> usize {
        self.entries().denied.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn version(&self) -> u64 {
        self.0.version.load(Ordering::Acquire)
    }

    pub(crate) fn denies(&self, proof: &Proof, now: Timestamp) -> bool {
        let entries = self.entries();
        let denied = |kind, name: &str| {
            let entry = entries.denied.get(&self.place(kind, name));
            entry.is_some_and(|entry| now < entry.until && entry.concerns(proof))
        };
        let holds = |kind| entries.kinds.hold(kind);
        if holds(Kind::Key) && proof.key_id().is_some_and(|key| denied(Kind::Key, key))
            || holds(Kind::Subject) && denied(Kind::Subject, proof.subject())
            || holds(Kind::Everybody) && denied(Kind::Everybody, "")
        {
            return true;
        }
        // For the others the token is read.
        if ![Kind::Token, Kind::Session, Kind::Client]
            .into_iter()
            .any(holds)
        {
            return false;
        }
        let names = proof.names();
        denied(Kind::Token, names.token_id())
            || names
                .session_id()
                .is_some_and(|session| denied(Kind::Session, session))
            || denied(Kind::Client, names.client_id())
    }

    fn place(&self, kind: Kind, name: &str) -> u128 {
        self.0.hash.of_kind(kind as u8, name.as_bytes())
    }

    fn entries(&self) -> RwLockReadGuard<'_, Entries> {
        self.0
            .entries
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn sweep(&mut self, now: Timestamp) {
        self.since_sweep = 0;
        self.denied.retain(|_, entry| now < entry.until);
        self.kinds = Kinds::default();
        for entry in self.denied.values() {
            self.kinds.add(entry.kind);
        }
    }
}

impl Entry {
    fn concerns(self, proof: &Proof) -> bool {
        let Some(until) = self.issued else {
            return true;
        };
        // A token that doesn't say when it was issued may be an old one.
        let issued = proof.registered().issued_at;
        issued.is_none_or(|issued| issued.as_secs() <= until.as_secs())
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Default)]
struct Kinds(u8);

impl Kinds {
    fn add(&mut self, kind: Kind) {
        self.0 |= 1 << kind as u8;
    }

    fn hold(self, kind: Kind) -> bool {
        self.0 & 1 << kind as u8 != 0
    }
}

impl Default for DenySet {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for DenySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DenySet")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// What a [`DenySet`] is told to deny.
///
/// ```
/// use symbolon_guard::{Denied, token::Timestamp};
///
/// let one_token = Denied::token("its jti");
/// let all_of_a_sign_in = Denied::session("its sid");
/// let now = Timestamp::from_secs(1_700_000_000);
/// let signed_out_everywhere = Denied::subject("ada", now);
/// let client_was_stolen = Denied::client("the app", now);
/// let key_was_stolen = Denied::key("its kid");
/// let start_anew = Denied::everybody(now);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Denied<'a> {
    kind: Kind,
    name: &'a str,
    issued: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Token,
    Session,
    Key,
    Subject,
    Client,
    Everybody,
}

impl<'a> Denied<'a> {
    /// The one token of this `jti`.
    pub const fn token(token_id: &'a str) -> Self {
        Self::all(Kind::Token, token_id)
    }

    /// All tokens of the sign-in with this `sid`.
    pub const fn session(session_id: &'a str) -> Self {
        Self::all(Kind::Session, session_id)
    }

    /// All tokens signed with the key of this `kid`.
    pub const fn key(key_id: &'a str) -> Self {
        Self::all(Kind::Key, key_id)
    }

    /// The tokens of this subject that were issued until this moment: signed out everywhere.
    pub const fn subject(subject: &'a str, issued_until: Timestamp) -> Self {
        Self::issued(Kind::Subject, subject, issued_until)
    }

    /// The tokens given to this client until this moment.
    pub const fn client(client_id: &'a str, issued_until: Timestamp) -> Self {
        Self::issued(Kind::Client, client_id, issued_until)
    }

    /// Every token that was issued until this moment.
    pub const fn everybody(issued_until: Timestamp) -> Self {
        Self::issued(Kind::Everybody, "", issued_until)
    }

    const fn all(kind: Kind, name: &'a str) -> Self {
        Self {
            kind,
            name,
            issued: None,
        }
    }

    const fn issued(kind: Kind, name: &'a str, until: Timestamp) -> Self {
        Self {
            kind,
            name,
            issued: Some(until),
        }
    }
}
