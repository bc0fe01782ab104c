//! Identifiers, one type a concept, so that a user's can't be passed where a session's is wanted.
//!
//! All are UUID version 7 (RFC 9562 §5.7): 48 bits of time in front keep rows that are made together
//! on the same page of an index, 74 random bits behind keep them apart on any number of nodes.
//! Identifiers name things; they are never secrets.

use std::{fmt, hash, marker::PhantomData, str::FromStr};

use symbolon_token::Timestamp;
use uuid::Uuid;

use crate::Entropy;

/// What a [`UserId`] names.
#[derive(Debug)]
pub enum User {}
/// What a [`SessionId`] names.
#[derive(Debug)]
pub enum Session {}
/// What a [`StoreId`] names.
#[derive(Debug)]
pub enum Store {}
/// What a [`TokenId`] names.
#[derive(Debug)]
pub enum Token {}

/// A user; the `sub` of their tokens.
pub type UserId = Id<User>;
/// A sign-in; the `sid` of the tokens that come from it.
pub type SessionId = Id<Session>;
/// A database, made with it and kept for its life.
pub type StoreId = Id<Store>;
/// One token; its `jti`.
pub type TokenId = Id<Token>;

/// The identifier of a `K`.
pub struct Id<K> {
    uuid: Uuid,
    kind: PhantomData<fn() -> K>,
}

impl<K> Id<K> {
    /// A new identifier, ordered after those of earlier milliseconds.
    pub fn generate(now: Timestamp, entropy: &mut impl Entropy) -> Self {
        let mut random = [0; 10];
        entropy.fill(&mut random);
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        Self::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// The identifier that a stored value is.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self {
            uuid,
            kind: PhantomData,
        }
    }

    /// The value to store.
    pub const fn as_uuid(&self) -> &Uuid {
        &self.uuid
    }
}

impl<K> FromStr for Id<K> {
    type Err = uuid::Error;

    /// Reads the hyphenated lower-case form that [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self::from_uuid)
    }
}

impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uuid.fmt(f)
    }
}

impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uuid.fmt(f)
    }
}

// Written out because a derive would ask the same of `K`, which is only a name.
impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Id<K> {}

impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}

impl<K> Eq for Id<K> {}

impl<K> hash::Hash for Id<K> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    #[test]
    fn ids_are_version_7_and_ordered_by_time() {
        let early = UserId::generate(Timestamp::from_secs(1_000), &mut Zeros);
        let late = UserId::generate(Timestamp::from_secs(1_001), &mut Zeros);
        assert!(early.as_uuid() < late.as_uuid());
        assert_eq!(early.as_uuid().get_version_num(), 7);
        assert_eq!(early.to_string(), "0000000f-4240-7000-8000-000000000000");
    }

    #[test]
    fn an_id_reads_what_it_writes() {
        let id = SessionId::generate(Timestamp::from_secs(1_700_000_000), &mut Zeros);
        assert_eq!(id.to_string().parse::<SessionId>().unwrap(), id);
        assert!("not-an-id".parse::<SessionId>().is_err());
    }
}
