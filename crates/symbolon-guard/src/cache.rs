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
    hash::{BuildHasher, Hash, Hasher},
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

type Entries = sync::Cache<Place, Arc<Admitted>, BySize, AsItIs>;

/// Found by a token's hash. In halves, so that it leaves no gaps where many lie beside each other: the fewer
/// lines of memory the cache's own tables take, the more of them stay in the processor's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place([u64; 2]);

impl Place {
    #[expect(clippy::cast_possible_truncation, reason = "each half is half as wide")]
    const fn of(hash: u128) -> Self {
        Self([hash as u64, (hash >> 64) as u64])
    }
}

/// Half of a hash is one; the whole is compared.
impl Hash for Place {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self([half, _]) = self;
        state.write_u64(*half);
    }
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
        (self.bytes > 0).then(|| Place::of(self.hash.of(token)))
    }

    pub(crate) fn find(&self, place: Place) -> Option<Arc<Admitted>> {
        self.entries.get()?.get(&place)
    }

    pub(crate) fn keep(&self, place: Place, admitted: &Arc<Admitted>) {
        self.entries().insert(place, Arc::clone(admitted));
    }

    pub(crate) fn forget(&self, place: Place) {
        if let Some(entries) = self.entries.get() {
            entries.remove(&place);
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

impl Weighter<Place, Arc<Admitted>> for BySize {
    fn weight(&self, _: &Place, admitted: &Arc<Admitted>) -> u64 {
        // Each octet of a token stands in up to three places: the payload, and the claims read from it.
        ENTRY_BYTES + 3 * u64::from(admitted.token_length)
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
        // A `Place` comes by `write_u64`; this is for completeness.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, half: u64) {
        self.0 = half;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
