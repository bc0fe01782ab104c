//! Keys that turn over under the eyes of verifiers that keep the JWKS for as long as they may.

mod emergency;
mod key_encryption;
mod turnover;
mod world;

use symbolon::{KeyEncryptionKey, KeySource};

use crate::support::key_text;

/// A key-encryption key; another one for another pattern of 16 hexadecimal digits.
fn kek(pattern: &str) -> KeyEncryptionKey {
    KeyEncryptionKey::parse(&key_text(pattern)).unwrap()
}

fn source(pattern: &str) -> KeySource {
    KeySource::Given(kek(pattern))
}

/// What the tests' engines are opened with.
const OLD: &str = "0123456789abcdef";
const NEW: &str = "fedcba9876543210";
