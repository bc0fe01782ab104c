//! What a change outlives: SQLite waits for the disk where an operation of the group asks for that.

use std::{
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use tokio::{sync::oneshot, task::JoinSet};

use super::{name, with_sqlite};
use crate::store::{
    Access, BlockAccount, ClaimLogin, ClaimTry, FindLogin, Operation, Outlives, StoreError,
    TakeBackTry, Tx, tx::EngineTx,
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

/// Stays with the writer until it is let go.
struct Stay {
    begun: Mutex<Option<oneshot::Sender<()>>>,
    gate: Mutex<mpsc::Receiver<()>>,
}

impl Operation for Stay {
    type Out = ();
    const ACCESS: Access = Access::Write;
    const OUTLIVES: Outlives = Outlives::Program;

    async fn run(&self, _tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let begun = self.begun.lock().unwrap().take();
        begun.unwrap().send(()).unwrap();
        self.gate.lock().unwrap().recv().unwrap();
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_while_a_group_is_run_joins_it_only_if_its_commit_does_for_them() {
    with_sqlite(async |database| {
        let store = database.open().await;
        for _ in 0..3 {
            let (begins, begun) = oneshot::channel();
            let (release, gate) = mpsc::channel();
            let stay = Stay {
                begun: Mutex::new(Some(begins)),
                gate: Mutex::new(gate),
            };
            let come = async {
                begun.await.unwrap();
                // Each is in the queue once it has been asked, and they in this order.
                let first = store.run(Ask::<false>);
                let must = store.run(Ask::<true>);
                let last = store.run(Ask::<false>);
                let release = async { release.send(()).unwrap() };
                let (first, must, last, ()) = tokio::join!(biased; first, must, last, release);
                (first.unwrap(), must.unwrap(), last.unwrap())
            };
            let (stayed, come) = tokio::join!(store.run(stay), come);
            stayed.unwrap();
            assert_eq!(come, (NORMAL, FULL, FULL));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_patient_shares_the_way_to_the_disk_with_who_comes_next() {
    const LONG: Duration = Duration::from_mins(1);
    with_sqlite(async |database| {
        let store = database.open().await;
        for _ in 0..10 {
            let others = async {
                // Time enough for the writer to be done with somebody for whom it doesn't wait.
                let username = name("nobody");
                store.run(FindLogin { username }).await.unwrap();
                let patient = store.run_patiently(Ask::<false>, LONG);
                let (patient, must) = tokio::join!(biased; patient, store.run(Ask::<true>));
                (patient.unwrap(), must.unwrap())
            };
            let first = store.run_patiently(Ask::<false>, LONG);
            let (first, others) = tokio::join!(biased; first, others);
            assert_eq!((first.unwrap(), others), (FULL, (FULL, FULL)));
        }
        // Where nobody comes, patience ends.
        let alone = store.run_patiently(Ask::<false>, Duration::from_millis(1));
        assert_eq!(alone.await.unwrap(), NORMAL);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn patience_ends_however_many_others_come() {
    with_sqlite(async |database| {
        let store = Arc::new(database.open().await);
        let its = Arc::clone(&store);
        let patience = Duration::from_millis(20);
        let first = tokio::spawn(async move { its.run_patiently(Ask::<false>, patience).await });
        let mut others = JoinSet::new();
        while !first.is_finished() {
            for _ in 0..20 {
                let username = name("nobody");
                store.run(FindLogin { username }).await.unwrap();
            }
            let its = Arc::clone(&store);
            let patience = Duration::from_secs(1);
            others.spawn(async move { its.run_patiently(Ask::<false>, patience).await });
            assert!(others.len() < 200, "a full group would have ended it");
        }
        assert_eq!(first.await.unwrap().unwrap(), NORMAL);
        for other in others.join_all().await {
            assert_eq!(other.unwrap(), NORMAL);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_patient_is_finished_before_the_store_closes() {
    with_sqlite(async |database| {
        let store = database.open().await;
        let patient = store.run_patiently(Ask::<false>, Duration::from_mins(1));
        let (patient, ()) = tokio::join!(biased; patient, store.close());
        assert_eq!(patient.unwrap(), NORMAL);
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
