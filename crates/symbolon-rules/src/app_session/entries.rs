//! The values of an app session, each under its key, as JSON text; and what one request changed.
//!
//! Invariant: a request saves its changes, never its copy. Two requests that run side by side and
//! set different keys both keep theirs; on the same key the later one holds.

use std::{collections::BTreeMap, fmt};

/// Longest key in bytes.
pub const KEY_MAX_BYTES: usize = 255;
/// Longest value in bytes, as JSON.
pub const VALUE_MAX_BYTES: usize = 4 * 1024;
/// Keys and values together at the most, in bytes: a session is read and written as a whole.
pub const ENTRIES_MAX_BYTES: usize = 32 * 1024;

/// Keys and their values as JSON text; silent in `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Entries(BTreeMap<String, String>);

impl Entries {
    /// What the store kept, JSON text by key.
    pub const fn from_stored(entries: BTreeMap<String, String>) -> Self {
        Self(entries)
    }

    /// The value under a key.
    pub fn find(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Keys and values, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, json)| (&**key, &**json))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was changed since there were these.
    pub(super) fn changes_since(&self, before: &Self) -> Changes {
        let set = self
            .0
            .iter()
            .filter(|(key, json)| before.0.get(*key) != Some(*json));
        let removed = before.0.keys().filter(|key| !self.0.contains_key(*key));
        let set = set.map(|(key, json)| (key.clone(), Some(json.clone())));
        Changes(set.chain(removed.map(|key| (key.clone(), None))).collect())
    }

    /// Makes changes; none of them, if there would be too much.
    pub fn apply(&mut self, changes: &Changes) -> Result<(), EntryError> {
        let mut merged = self.0.clone();
        for (key, json) in &changes.0 {
            match json {
                Some(json) => merged.insert(key.clone(), json.clone()),
                None => merged.remove(key),
            };
        }
        let bytes: usize = merged
            .iter()
            .map(|(key, json)| key.len() + json.len())
            .sum();
        if bytes > ENTRIES_MAX_BYTES {
            return Err(EntryError::Full);
        }
        self.0 = merged;
        Ok(())
    }

    pub(super) fn set(&mut self, key: &str, json: String) -> Result<(), EntryError> {
        if key.is_empty() || key.len() > KEY_MAX_BYTES {
            return Err(EntryError::Key);
        }
        if json.len() > VALUE_MAX_BYTES {
            return Err(EntryError::ValueTooLarge);
        }
        self.apply(&Changes(BTreeMap::from([(key.to_owned(), Some(json))])))
    }

    pub(super) fn remove(&mut self, key: &str) {
        self.0.remove(key);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl fmt::Debug for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entries(..)")
    }
}

/// Keys that get a value and keys that lose theirs; silent in `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Changes(BTreeMap<String, Option<String>>);

impl Changes {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether they hold in a session that is gone, too: nothing is to be kept.
    pub fn only_remove(&self) -> bool {
        self.0.values().all(Option::is_none)
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Changes(..)")
    }
}

/// Why a value isn't taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryError {
    /// The key is empty or longer than [`KEY_MAX_BYTES`].
    Key,
    /// The value is longer than [`VALUE_MAX_BYTES`].
    ValueTooLarge,
    /// There would be more than [`ENTRIES_MAX_BYTES`].
    Full,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(pairs: &[(&str, &str)]) -> Entries {
        let mut entries = Entries::default();
        for (key, json) in pairs {
            entries.set(key, (*json).to_owned()).unwrap();
        }
        entries
    }

    #[test]
    fn changes_of_two_requests_are_merged_key_by_key() {
        let before = entries(&[("a", "1"), ("b", "1"), ("c", "1")]);
        let one = entries(&[("a", "2"), ("b", "1"), ("d", "2")]).changes_since(&before);
        let other = entries(&[("a", "3"), ("b", "3"), ("c", "1")]).changes_since(&before);
        let mut merged = before.clone();
        merged.apply(&one).unwrap();
        merged.apply(&other).unwrap();
        assert_eq!(merged, entries(&[("a", "3"), ("b", "3"), ("d", "2")]));
    }

    #[test]
    fn what_was_set_back_is_no_change() {
        let before = entries(&[("a", "1")]);
        let mut after = before.clone();
        after.set("a", "2".to_owned()).unwrap();
        after.set("b", "2".to_owned()).unwrap();
        after.set("a", "1".to_owned()).unwrap();
        after.remove("b");
        after.remove("never there");
        assert!(after.changes_since(&before).is_empty());
        after.clear();
        let cleared = after.changes_since(&before);
        assert!(!cleared.is_empty() && cleared.only_remove());
    }

    #[test]
    fn sizes_are_bounded_and_a_refused_value_changes_nothing() {
        let mut entries = Entries::default();
        let refused = |result| assert!(result == Err(EntryError::Key));
        refused(entries.set("", "1".to_owned()));
        refused(entries.set(&"k".repeat(256), "1".to_owned()));
        let mut add = |key: &str, bytes| entries.set(key, "1".repeat(bytes));
        assert_eq!(add("a", 4097), Err(EntryError::ValueTooLarge));
        for key in ["a", "b", "c", "d", "e", "f", "g"] {
            add(key, 4096).unwrap();
        }
        assert_eq!(add("h", 4089), Err(EntryError::Full));
        add("h", 4088).unwrap();
        assert_eq!(
            entries
                .iter()
                .map(|(k, v)| k.len() + v.len())
                .sum::<usize>(),
            32 * 1024
        );
        // One that is replaced counts once.
        entries.set("a", "1".repeat(4096)).unwrap();
    }

    #[test]
    fn g23_values_never_show_in_debug() {
        let entries = entries(&[("a", "\"canary\"")]);
        let changes = entries.changes_since(&Entries::default());
        assert!(!format!("{entries:?} {changes:?}").contains("canary"));
    }
}
