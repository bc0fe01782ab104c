//! Signing keys at rest: encrypted, and counted by the database so that nodes can't make two.
//!
//! Invariant: each change says by what it was decided. Of nodes that decide at once the first one's
//! statement finds the row so, and the others' find nothing.

use symbolon_rules::key_ring::{Activation, KeyFacts};
use symbolon_token::{Algorithm, Timestamp};

use super::{
    Access, Operation, Sealed, StoreError, Tx,
    sql::{Arg, Row, statements},
};

statements! {
    LIST_KEYS = "SELECT kid, algorithm, number, created_at, activates_at, revoked_at, sealed, kek_id \
        FROM signing_keys ORDER BY algorithm, number";
    ADD_KEY = "INSERT INTO signing_keys \
        (kid, algorithm, number, created_at, activates_at, sealed, kek_id) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    ACTIVATE_KEY = "UPDATE signing_keys SET activates_at = $2 \
        WHERE kid = $1 AND revoked_at IS NULL AND COALESCE(activates_at, -1) = $3";
    REVOKE_KEY = "UPDATE signing_keys SET revoked_at = $2, sealed = $3 \
        WHERE kid = $1 AND revoked_at IS NULL";
    SWEEP_KEY = "DELETE FROM signing_keys WHERE kid = $1 AND COALESCE(activates_at, -1) = $2";
}

/// A signing key as the store keeps it.
#[derive(Clone, Debug)]
pub(crate) struct SealedKey {
    pub(crate) facts: KeyFacts,
    /// The private key, encrypted; nothing of one that was revoked.
    pub(crate) sealed: Sealed,
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
            created_at: Timestamp::from_millis(row.int(3)?),
            activates_at: row.maybe_int(4)?.map(Timestamp::from_millis),
            revoked_at: row.maybe_int(5)?.map(Timestamp::from_millis),
        },
        sealed: Sealed {
            bytes: row.bytes(6)?,
            kek: row.maybe_text(7)?,
        },
    })
}

/// Adds a key, unless another node has added the one of that number.
pub(crate) struct AddKey {
    pub(crate) key: SealedKey,
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
            Arg::Int(facts.created_at.as_millis()),
            Arg::MaybeInt(facts.activates_at.map(Timestamp::as_millis)),
            Arg::Bytes(&self.key.sealed.bytes),
            Arg::MaybeText(self.key.sealed.kek.as_deref()),
        ];
        Ok(tx.execute(&ADD_KEY, &args).await? == 1)
    }
}

/// What stands for a standby where activations are compared: a moment that no clock shows.
fn comparable(activates_at: Option<Timestamp>) -> Arg<'static> {
    Arg::Int(activates_at.map_or(-1, Timestamp::as_millis))
}

async fn activate(tx: &mut Tx<'_>, activation: &Activation) -> Result<bool, StoreError> {
    let args = [
        Arg::Text(&activation.kid),
        Arg::Int(activation.at.as_millis()),
        comparable(activation.from),
    ];
    Ok(tx.execute(&ACTIVATE_KEY, &args).await? == 1)
}

/// Says from when on a key signs, if nobody has said otherwise meanwhile.
pub(crate) struct ActivateKey(pub(crate) Activation);

impl Operation for ActivateKey {
    /// Whether it was still so.
    type Out = bool;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        activate(tx, &self.0).await
    }
}

/// Takes a key out of service, and lets another one sign in the same moment. Nobody needs the private
/// half again.
pub(crate) struct RevokeKey {
    pub(crate) kid: String,
    pub(crate) successor: Option<Activation>,
    pub(crate) now: Timestamp,
}

impl Operation for RevokeKey {
    /// Whether it was done; nothing is, where the successor isn't what it was.
    type Out = bool;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        if let Some(successor) = &self.successor
            && !activate(tx, successor).await?
        {
            return Ok(false);
        }
        let args = [
            Arg::Text(&self.kid),
            Arg::Int(self.now.as_millis()),
            Arg::Bytes(&[]),
        ];
        Ok(tx.execute(&REVOKE_KEY, &args).await? == 1)
    }
}

/// Removes a key that is over.
pub(crate) struct SweepKey {
    pub(crate) kid: String,
    /// What its row says of its activation.
    pub(crate) from: Option<Timestamp>,
}

impl Operation for SweepKey {
    type Out = bool;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [Arg::Text(&self.kid), comparable(self.from)];
        Ok(tx.execute(&SWEEP_KEY, &args).await? == 1)
    }
}
