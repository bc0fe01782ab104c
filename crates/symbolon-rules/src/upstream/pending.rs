//! A login under way: what is remembered of it until the browser comes back.
//!
//! RFC 7636 §4.1 and §4.2 (code verifier, `S256`), OpenID Connect Core §3.1.2.1 (nonce, `max_age`).
//!
//! Invariant: nonce and verifier are made here, once a login, and leave this site only as the nonce
//! itself, the verifier's hash, and the verifier in the request that redeems the code.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use symbolon_token::Timestamp;

use super::Next;
use crate::Entropy;

/// Random bytes of a nonce and of a code verifier; RFC 7636 §7.1 asks for 256 bits of the latter.
pub const NONCE_BYTES: usize = 32;

/// What is remembered of a login until it is answered. It is encrypted where it is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    client: String,
    nonce: String,
    code_verifier: String,
    next: Option<String>,
    begun_at_millis: i64,
    max_age_secs: Option<u64>,
}

impl Pending {
    /// A login with the provider of this client, begun now.
    pub fn begin(
        client: &str,
        next: Option<&Next>,
        max_age: Option<Duration>,
        now: Timestamp,
        entropy: &mut impl Entropy,
    ) -> Self {
        let mut random = || {
            let mut bytes = [0; NONCE_BYTES];
            entropy.fill(&mut bytes);
            BASE64URL_NOPAD.encode(&bytes)
        };
        Self {
            client: client.to_owned(),
            nonce: random(),
            code_verifier: random(),
            next: next.map(|next| next.as_str().to_owned()),
            begun_at_millis: now.as_millis(),
            max_age_secs: max_age.map(|max_age| max_age.as_secs()),
        }
    }

    /// The name of the client whose provider was asked.
    pub fn client(&self) -> &str {
        &self.client
    }

    /// What the ID token must repeat.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// What redeems the code.
    pub fn code_verifier(&self) -> &str {
        &self.code_verifier
    }

    /// RFC 7636 §4.2: what goes to the provider in the verifier's place, by this SHA-256.
    pub fn code_challenge(&self, sha256: fn(&[u8]) -> [u8; 32]) -> String {
        BASE64URL_NOPAD.encode(&sha256(self.code_verifier.as_bytes()))
    }

    /// Where the browser goes afterwards. Looked at again: what was stored is no better than what was
    /// sent.
    pub fn next(&self) -> Option<Next> {
        Next::parse(self.next.as_deref()?)
    }

    /// When it began.
    pub const fn begun_at(&self) -> Timestamp {
        Timestamp::from_millis(self.begun_at_millis)
    }

    /// How long ago the person may have proved who they are, at the most.
    pub fn max_age(&self) -> Option<Duration> {
        self.max_age_secs.map(Duration::from_secs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(u8);

    impl Entropy for Counting {
        fn fill(&mut self, bytes: &mut [u8]) {
            for byte in bytes {
                *byte = self.0;
                self.0 = self.0.wrapping_add(1);
            }
        }
    }

    #[test]
    fn u1_nonce_and_verifier_are_256_random_bits_each_and_not_the_same() {
        let now = Timestamp::from_secs(1_800_000_000);
        let pending = Pending::begin("a", None, None, now, &mut Counting(0));
        assert_eq!(pending.nonce().len(), 43);
        // RFC 7636 §4.1: 43 to 128 unreserved characters.
        assert_eq!(pending.code_verifier().len(), 43);
        assert_ne!(pending.nonce(), pending.code_verifier());
        assert_eq!(pending.begun_at(), now);
    }

    #[test]
    fn s6_a_stored_path_is_looked_at_again() {
        let stored = |next: &str| {
            let json = serde_json::json!({
                "client": "a", "nonce": "n", "code_verifier": "v", "next": next,
                "begun_at_millis": 0, "max_age_secs": null,
            });
            serde_json::from_value::<Pending>(json).unwrap().next()
        };
        assert!(stored("/posts").is_some());
        assert!(stored("//evil.example").is_none());
    }
}
