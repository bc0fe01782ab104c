//! The newest time that a server has written: once a minute, whatever else is written in between.
//!
//! Invariant: it only grows, on whatever node; but for whoever says that it was wrong.

use symbolon_token::Timestamp;

use super::{
    Access, Operation, StoreError, Tx,
    sql::{Arg, statements},
};

statements! {
    FIND_LAST_SEEN = "SELECT last_seen_at FROM symbolon_store WHERE one = 1";
    SEE = "UPDATE symbolon_store SET last_seen_at = $1 WHERE one = 1 AND last_seen_at < $1";
    SET_LAST_SEEN = "UPDATE symbolon_store SET last_seen_at = $1 WHERE one = 1";
}

/// Tells the newest time that was written, and writes this one where it is newer.
pub(crate) struct SeeTime {
    pub(crate) now: Timestamp,
}

impl Operation for SeeTime {
    type Out = Timestamp;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let found = tx.query_opt(&FIND_LAST_SEEN, &[], |row| row.int(0)).await?;
        let last_seen = found.ok_or(StoreError::Corrupt("symbolon_store"))?;
        let args = [Arg::Int(self.now.as_millis())];
        tx.execute(&SEE, &args).await?;
        Ok(Timestamp::from_millis(last_seen))
    }
}

/// Believes this time, also where it is older than what was written.
pub(crate) struct BelieveTime {
    pub(crate) now: Timestamp,
}

impl Operation for BelieveTime {
    type Out = ();
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [Arg::Int(self.now.as_millis())];
        tx.execute(&SET_LAST_SEEN, &args).await?;
        Ok(())
    }
}
