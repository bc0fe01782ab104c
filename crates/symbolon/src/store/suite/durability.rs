//! What a change outlives: SQLite waits for the disk where an operation of the group asks for that.

use super::with_sqlite;
use crate::store::{
    Access, BlockAccount, ClaimLogin, ClaimTry, Operation, Outlives, StoreError, TakeBackTry, Tx,
    tx::EngineTx,
};

/// `NORMAL` and `FULL`, by their numbers.
const NORMAL: i64 = 1;
const FULL: i64 = 2;

/// Asks what its own COMMIT will wait for.
struct Ask<const POWER_CUT: bool>;

impl<const POWER_CUT: bool> Operation for Ask<POWER_CUT> {
    type Out = i64;
    const ACCESS: Access = Access::Write;
    const OUTLIVES: Outlives = if POWER_CUT {
        Outlives::PowerCut
    } else {
        Outlives::Program
    };

    async fn run(&self, tx: &mut Tx<'_>) -> Result<i64, StoreError> {
        match &mut tx.engine {
            EngineTx::Sqlite(connection) => connection
                .pragma_query_value(None, "synchronous", |row| row.get(0))
                .map_err(|error| StoreError::Fault(error.to_string())),
            #[cfg(feature = "postgres")]
            EngineTx::Postgres(_) => Err(StoreError::Fault("this is SQLite's".to_owned())),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_waits_for_the_disk_where_it_must() {
    with_sqlite(async |database| {
        let store = database.open().await;
        for _ in 0..3 {
            assert_eq!(store.run(Ask::<true>).await.unwrap(), FULL);
            assert_eq!(store.run(Ask::<false>).await.unwrap(), NORMAL);
        }
        // Those that come together may share a COMMIT, and then it waits for all of them.
        for _ in 0..100 {
            let (may, must) = tokio::join!(store.run(Ask::<false>), store.run(Ask::<true>));
            assert_eq!(must.unwrap(), FULL);
            assert!([NORMAL, FULL].contains(&may.unwrap()));
        }
    })
    .await;
}

#[test]
fn w5_counts_of_tries_alone_may_be_lost_with_the_machine() {
    fn outlives<O: Operation>() -> Outlives {
        O::OUTLIVES
    }
    let counts = [
        outlives::<ClaimTry>(),
        outlives::<ClaimLogin>(),
        outlives::<BlockAccount>(),
        outlives::<TakeBackTry>(),
    ];
    assert_eq!(counts, [Outlives::Program; 4]);
    assert_eq!(
        outlives::<crate::store::BeginSessionOfTry>(),
        Outlives::PowerCut
    );
    assert_eq!(outlives::<crate::store::SetPassword>(), Outlives::PowerCut);
}
