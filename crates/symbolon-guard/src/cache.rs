//! Tokens that were found good, so that a signature is checked once.
//!
//! RFC 8725 §3 asks for every check on every token; what is kept here is the outcome of those that can't
//! come out differently a second time: the signature under these keys, and the fixed claims against this
//! policy. Expiry, keys, deny set and hooks are looked at on each request (`judge.rs`).
//!
//! Invariant (row T20): an entry is found by the whole token only, by a 128-bit hash under a key that this
//! cache drew for itself and shows to nobody. Each guard has a cache of its own, so an entry is never found
//! under another policy; which keys it was verified with stands in the entry.
//! Invariant: only good tokens are kept, and never more than the cache's size in memory; whatever strangers
//! send takes no place in it.

use std::{
    hash::{BuildHasher, Hasher},
    sync::{Arc, OnceLock},
};

use quick_cache::{OptionsBuilder, Weighter, sync};

use crate::{admitted::Admitted, keyed_hash::KeyedHash};

/// What a cache may take unless said otherwise: some ten thousand tokens.
pub(crate) const DEFAULT_BYTES: u64 = 64 * 1024 * 1024;

/// What an entry takes besides its token: structs, and the claims as strings of their own.
const ENTRY_BYTES: u64 = 1024;

pub(crate) struct Cache {
    bytes: u64,
    hash: KeyedHash,
    // Made when the first token is kept: many guards are made from others and used for a moment.
    entries: OnceLock<Entries>,
}

type Entries = sync::Cache<u128, Entry, BySize, AsItIs>;

/// Found by a token's hash.
#[derive(Clone, Copy)]
pub(crate) struct Place(u128);

#[derive(Clone)]
struct Entry {
    admitted: Arc<Admitted>,
    bytes: u64,
}

impl Cache {
    /// A cache of about this size in memory; none is kept in one of 0.
    pub(crate) fn new(bytes: u64) -> Self {
        Self {
            bytes,
            hash: KeyedHash::with_random_key(),
            entries: OnceLock::new(),
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Where this token would be; nothing if nothing is kept.
    pub(crate) fn place(&self, token: &[u8]) -> Option<Place> {
        (self.bytes > 0).then(|| Place(self.hash.of(token)))
    }

    pub(crate) fn find(&self, place: Place) -> Option<Arc<Admitted>> {
        Some(self.entries.get()?.get(&place.0)?.admitted)
    }

    pub(crate) fn keep(&self, place: Place, token: &str, admitted: &Arc<Admitted>) {
        // Each octet of a token stands in up to three places: the payload, and the claims read from it.
        let bytes = ENTRY_BYTES + 3 * token.len() as u64;
        let entry = Entry {
            admitted: Arc::clone(admitted),
            bytes,
        };
        self.entries().insert(place.0, entry);
    }

    pub(crate) fn forget(&self, place: Place) {
        if let Some(entries) = self.entries.get() {
            entries.remove(&place.0);
        }
    }

    fn entries(&self) -> &Entries {
        self.entries.get_or_init(|| {
            let expected = usize::try_from(self.bytes / (4 * ENTRY_BYTES)).unwrap_or(usize::MAX);
            let options = OptionsBuilder::new()
                .estimated_items_capacity(expected.max(16))
                .weight_capacity(self.bytes)
                .build();
            match options {
                Ok(options) => sync::Cache::with_options(
                    options,
                    BySize,
                    AsItIs,
                    sync::DefaultLifecycle::default(),
                ),
                // Only what was left out can be wrong, and nothing was.
                Err(_) => sync::Cache::with(
                    expected,
                    self.bytes,
                    BySize,
                    AsItIs,
                    sync::DefaultLifecycle::default(),
                ),
            }
        })
    }
}

#[derive(Clone)]
struct BySize;

impl Weighter<u128, Entry> for BySize {
    fn weight(&self, _: &u128, entry: &Entry) -> u64 {
        entry.bytes
    }
}

/// The keys are hashes already.
#[derive(Clone, Default)]
struct AsItIs;

impl BuildHasher for AsItIs {
    type Hasher = Half;

    fn build_hasher(&self) -> Half {
        Half(0)
    }
}

pub(crate) struct Half(u64);

impl Hasher for Half {
    fn write(&mut self, bytes: &[u8]) {
        // A `u128` comes by `write_u128`; this is for completeness.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, hash: u128) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "half of a hash is one; the whole is compared"
        )]
        let half = hash as u64;
        self.0 = half;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
