//! Signing keys at rest: encrypted, and counted by the database so that nodes can't make two.

use symbolon_rules::key_ring::KeyFacts;
use symbolon_token::{Algorithm, Timestamp};

use super::{
    Access, Operation, StoreError, Tx,
    sql::{Arg, Row, statements},
};

statements! {
    LIST_KEYS = "SELECT kid, algorithm, number, activates_at, sealed FROM signing_keys \
        ORDER BY algorithm, number";
    ADD_KEY = "INSERT INTO signing_keys (kid, algorithm, number, activates_at, sealed, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
}

/// A signing key as the store keeps it.
#[derive(Clone, Debug)]
pub(crate) struct SealedKey {
    pub(crate) facts: KeyFacts,
    /// The private key, encrypted.
    pub(crate) sealed: Vec<u8>,
}

/// Every key there is.
pub(crate) struct ListKeys;

impl Operation for ListKeys {
    type Out = Vec<SealedKey>;
    const ACCESS: Access = Access::Read;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        tx.query(&LIST_KEYS, &[], sealed_key).await
    }
}

fn sealed_key(row: &Row<'_>) -> Result<SealedKey, StoreError> {
    let algorithm =
        Algorithm::from_name(&row.text(1)?).ok_or(StoreError::Corrupt("signing_keys.algorithm"))?;
    Ok(SealedKey {
        facts: KeyFacts {
            kid: row.text(0)?,
            algorithm,
            number: row.int(2)?,
            activates_at: row.maybe_int(3)?.map(Timestamp::from_millis),
        },
        sealed: row.bytes(4)?,
    })
}

/// Adds a key, unless another node has added the one of that number.
pub(crate) struct AddKey {
    pub(crate) key: SealedKey,
    pub(crate) now: Timestamp,
}

impl Operation for AddKey {
    /// Whether it is this one that was added.
    type Out = bool;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let facts = &self.key.facts;
        let args = [
            Arg::Text(&facts.kid),
            Arg::Text(facts.algorithm.name()),
            Arg::Int(facts.number),
            Arg::MaybeInt(facts.activates_at.map(Timestamp::as_millis)),
            Arg::Bytes(&self.key.sealed),
            Arg::Int(self.now.as_millis()),
        ];
        Ok(tx.execute(&ADD_KEY, &args).await? == 1)
    }
}
