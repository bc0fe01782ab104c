//! The keys of one issuer.

use crate::{Algorithm, Error, ErrorKind, VerifyingKey};

/// The keys of one issuer.
#[derive(Clone, Debug)]
pub struct KeySet {
    keys: Vec<VerifyingKey>,
}

impl KeySet {
    /// A set of keys.
    pub fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, Error> {
        Ok(Self {
            keys: keys.into_iter().collect(),
        })
    }
    /// No keys.
    pub const fn empty() -> Self {
        Self { keys: Vec::new() }
    }
    /// From a JWK set document.
    pub fn from_jwks(_document: &[u8], _algorithms: &[Algorithm]) -> Result<ParsedKeySet, Error> {
        Err(Error::new(ErrorKind::Malformed, "not built yet"))
    }
    /// How many keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
    /// The keys.
    pub fn keys(&self) -> &[VerifyingKey] {
        &self.keys
    }
}

/// What a JWK set document held.
#[derive(Clone, Debug)]
pub struct ParsedKeySet {
    /// The usable keys.
    pub keys: KeySet,
    /// The others.
    pub skipped: Vec<SkippedKey>,
}

/// A key that isn't used, and why.
#[derive(Clone, Debug)]
pub struct SkippedKey {
    /// Its name, where it has one.
    pub kid: Option<String>,
    /// Why.
    pub error: Error,
}
