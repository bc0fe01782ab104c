//! The one row that says which store this is.

use symbolon_rules::id::StoreId;
use symbolon_token::Timestamp;

use super::{
    Access, Operation, StoreError, Tx,
    sql::{Arg, Row, statements},
};

statements! {
    MAKE_STORE = "INSERT INTO symbolon_store (one, id, maker, kek_id, created_at, kek_check) \
        VALUES (1, $1, $2, $3, $4, $5) \
        ON CONFLICT DO NOTHING";
    FIND_STORE = "SELECT id, maker, kek_id, kek_check FROM symbolon_store WHERE one = 1";
}

/// What a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instance {
    /// Its name, made with it.
    pub(crate) id: StoreId,
    /// What made it, `dev` or `serve`.
    pub(crate) maker: String,
    /// The name of the key-encryption key that its keys are encrypted with.
    pub(crate) kek_id: String,
    /// What that key makes of the store's name; none in a store that an older version made.
    pub(crate) kek_check: Option<Vec<u8>>,
}

/// Makes the store what the first to come says, and tells what it is.
pub(crate) struct MakeStore {
    pub(crate) instance: Instance,
    pub(crate) now: Timestamp,
}

impl Operation for MakeStore {
    type Out = Instance;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [
            Arg::Id(self.instance.id.as_uuid()),
            Arg::Text(&self.instance.maker),
            Arg::Text(&self.instance.kek_id),
            Arg::Int(self.now.as_millis()),
            Arg::MaybeBytes(self.instance.kek_check.as_deref()),
        ];
        tx.execute(&MAKE_STORE, &args).await?;
        tx.query_opt(&FIND_STORE, &[], instance)
            .await?
            .ok_or(StoreError::Corrupt("symbolon_store"))
    }
}

/// What this store is, if anything has made it yet.
pub(crate) struct FindStore;

impl Operation for FindStore {
    type Out = Option<Instance>;
    const ACCESS: Access = Access::Read;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        tx.query_opt(&FIND_STORE, &[], instance).await
    }
}

fn instance(row: &Row<'_>) -> Result<Instance, StoreError> {
    Ok(Instance {
        id: StoreId::from_uuid(row.uuid(0)?),
        maker: row.text(1)?,
        kek_id: row.text(2)?,
        kek_check: row.maybe_bytes(3)?,
    })
}
