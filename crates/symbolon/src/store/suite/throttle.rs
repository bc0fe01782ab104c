//! Tries at passwords, counted: by one statement, whoever else counts at the same moment (W5).

use std::{sync::Arc, time::Duration};

use symbolon_rules::{
    client,
    session::NewSession,
    throttle::{self, Account, STEP, TOGETHER, Try},
};
use symbolon_token::Timestamp;
use tokio::task::JoinSet;

use super::{Database, NOW, create, name, new_id, on_both_engines};
use crate::store::{
    BeginSessionOfTry, Begun, BlockAccount, ClaimLogin, ClaimTry, ClaimedTry, Store, StoreError,
    StoreOptions, SweepTries, TakeBackTry, sql::Arg,
};

on_both_engines! {
    w5_of_two_hundred_at_once_fifty_are_looked_at,
    w5_guesses_after_a_login_count_from_one_and_none_before_it_twice,
    w5_a_login_forgets_its_own_count_and_no_other,
    w5_a_wait_holds_until_its_end,
    w5_what_was_taken_back_was_never_counted,
    w4_known_and_unknown_names_touch_the_same_rows,
    g12_a_wait_by_a_clock_that_was_ahead_counts_for_nothing,
    failures_are_forgotten_and_swept,
}

const ALICE: Account = Account::from_hash([1; 16]);
const BOB: Account = Account::from_hash([2; 16]);

/// Long enough for all to have their turn, on a machine that is busy too.
const PATIENT: StoreOptions = StoreOptions {
    connections: 8,
    deadline: Duration::from_mins(1),
};

fn after(seconds: u64) -> Timestamp {
    NOW + Duration::from_secs(seconds)
}

async fn claim_at(store: &Store, account: Account, now: Timestamp) -> ClaimedTry {
    let attempt = Try::begin(account, now);
    loop {
        match store.run(ClaimTry { attempt }).await {
            // No connection became free on a busy machine: nothing was counted.
            Err(StoreError::Unavailable(_)) => {}
            claimed => return claimed.unwrap(),
        }
    }
}

async fn claim(store: &Store, account: Account) -> ClaimedTry {
    claim_at(store, account, NOW).await
}

/// Counts so many tries, one after the other, none of which has to wait.
async fn claim_many(store: &Store, account: Account, many: i64) {
    for number in 1..=many {
        assert_eq!(claim(store, account).await, ClaimedTry::Granted(number));
    }
}

async fn fail(store: &Store, account: Account, number: i64, now: Timestamp) {
    let wait = throttle::decide(number, now).unwrap();
    store.run(BlockAccount { account, wait }).await.unwrap();
}

async fn count_rows(store: &Store) -> i64 {
    let count = super::custom(|tx| {
        Box::pin(async {
            let rows = tx.query_opt(&COUNT_ROWS, &[], |row| row.int(0)).await?;
            Ok(rows.unwrap())
        })
    });
    store.run(count).await.unwrap()
}

crate::store::sql::statements! {
    COUNT_ROWS = "SELECT COUNT(*) FROM login_failures";
    ROW_OF = "SELECT tries FROM login_failures WHERE account = $1";
}

async fn w5_of_two_hundred_at_once_fifty_are_looked_at(database: Database) {
    // Two nodes where the engine has them; SQLite has one process.
    let first = Arc::new(database.open_with(PATIENT).await);
    let second = match database.url {
        crate::store::DatabaseUrl::Sqlite(_) => Arc::clone(&first),
        #[cfg(feature = "postgres")]
        crate::store::DatabaseUrl::Postgres(_) => Arc::new(database.open_with(PATIENT).await),
    };
    let mut guesses = JoinSet::new();
    for number in 0..200 {
        let store = Arc::clone(if number % 2 == 0 { &first } else { &second });
        guesses.spawn(async move { claim(&store, ALICE).await });
    }
    let mut granted = Vec::new();
    for claimed in guesses.join_all().await {
        match claimed {
            ClaimedTry::Granted(number) => granted.push(number),
            ClaimedTry::Waits(until) => assert_eq!(until, NOW + STEP),
        }
    }
    granted.sort_unstable();
    assert_eq!(granted, (1..=TOGETHER).collect::<Vec<_>>());
    // Whoever comes after the wait is alone, and makes the others wait longer, as the rule says.
    let mut now = NOW + STEP;
    // Before all is forgotten, so that only the wait is looked at.
    let forgotten = Try::begin(ALICE, NOW).forgotten_at;
    for number in 51.. {
        let granted = claim_at(&first, ALICE, now).await;
        assert_eq!(granted, ClaimedTry::Granted(number));
        let until = Try::begin(ALICE, now).others_wait_until(number).unwrap();
        let waits = claim_at(&second, ALICE, now).await;
        assert_eq!(waits, ClaimedTry::Waits(until));
        if until >= forgotten {
            assert!(number > 70, "{number}");
            break;
        }
        now = until;
    }
}

async fn begin(store: &Store, account: Account, credential_epoch: i64) -> Begun {
    let user = create(store, &format!("user-{}", new_id::<()>())).await;
    let session = NewSession {
        id: new_id(),
        user,
        client: client::LOCAL,
        credential_epoch,
        authenticated_at: NOW,
        expires_at: NOW + Duration::from_hours(1),
    };
    store
        .run(BeginSessionOfTry { session, account })
        .await
        .unwrap()
}

async fn w5_guesses_after_a_login_count_from_one_and_none_before_it_twice(database: Database) {
    let store = database.open().await;
    claim_many(&store, ALICE, TOGETHER - 1).await;
    assert_eq!(begin(&store, ALICE, 0).await, Begun::Done);
    // Those under way before it and those that follow are a hundred together.
    claim_many(&store, ALICE, TOGETHER).await;
    assert!(matches!(claim(&store, ALICE).await, ClaimedTry::Waits(_)));
    const { assert!(TOGETHER - 1 + TOGETHER <= 100) };
}

async fn w5_a_login_forgets_its_own_count_and_no_other(database: Database) {
    let store = database.open().await;
    claim_many(&store, ALICE, 7).await;
    claim_many(&store, BOB, 5).await;
    // A session that doesn't begin forgives nothing: its password was another one's.
    assert_eq!(begin(&store, BOB, 3).await, Begun::Stale);
    assert_eq!(claim(&store, BOB).await, ClaimedTry::Granted(6));
    assert_eq!(begin(&store, BOB, 0).await, Begun::Done);
    assert_eq!(claim(&store, ALICE).await, ClaimedTry::Granted(8));
    assert_eq!(claim(&store, BOB).await, ClaimedTry::Granted(1));
}

async fn w5_a_wait_holds_until_its_end(database: Database) {
    let store = database.open().await;
    claim_many(&store, ALICE, 12).await;
    fail(&store, ALICE, 12, NOW).await;
    // A failure that comes in later earned less, and shortens nothing.
    fail(&store, ALICE, 10, NOW).await;
    assert_eq!(claim(&store, ALICE).await, ClaimedTry::Waits(after(4)));
    let almost = Timestamp::from_millis(after(4).as_millis() - 1);
    assert_eq!(
        claim_at(&store, ALICE, almost).await,
        ClaimedTry::Waits(after(4))
    );
    assert_eq!(claim(&store, BOB).await, ClaimedTry::Granted(1));
    assert_eq!(
        claim_at(&store, ALICE, after(4)).await,
        ClaimedTry::Granted(13)
    );
}

async fn w5_what_was_taken_back_was_never_counted(database: Database) {
    let store = database.open().await;
    let take_back = async |number| {
        let attempt = Try::begin(ALICE, NOW);
        store.run(TakeBackTry { attempt, number }).await.unwrap();
    };
    claim_many(&store, ALICE, TOGETHER).await;
    assert!(matches!(claim(&store, ALICE).await, ClaimedTry::Waits(_)));
    // An early one was taken back: the last one's wait is the last one's.
    take_back(1).await;
    assert!(matches!(claim(&store, ALICE).await, ClaimedTry::Waits(_)));
    take_back(TOGETHER).await;
    assert_eq!(
        claim(&store, ALICE).await,
        ClaimedTry::Granted(TOGETHER - 1)
    );
    for _ in 0..2 * TOGETHER {
        take_back(1).await;
    }
    // There is nothing below none.
    claim_many(&store, ALICE, 10).await;
    // A wait that a failure has earned is no part of any try.
    fail(&store, ALICE, 10, NOW).await;
    take_back(10).await;
    assert_eq!(claim(&store, ALICE).await, ClaimedTry::Waits(after(1)));
}

async fn w4_known_and_unknown_names_touch_the_same_rows(database: Database) {
    let store = database.open().await;
    let id = create(&store, "alice").await;
    for (account, username) in [(ALICE, "alice"), (BOB, "nobody")] {
        for number in 1..=3 {
            let claim = ClaimLogin {
                attempt: Try::begin(account, NOW),
                username: name(username),
            };
            let (claimed, facts) = store.run(claim).await.unwrap();
            assert_eq!(claimed, ClaimedTry::Granted(number));
            let found = facts.map(|facts| facts.user);
            assert_eq!(found, (username == "alice").then_some(id));
        }
        fail(&store, account, 10, NOW).await;
        let waiting = ClaimLogin {
            attempt: Try::begin(account, NOW),
            username: name(username),
        };
        // Whoever waits learns nothing of the user.
        let (claimed, facts) = store.run(waiting).await.unwrap();
        assert_eq!(claimed, ClaimedTry::Waits(after(1)));
        assert!(facts.is_none());
    }
    assert_eq!(count_rows(&store).await, 2);
    let tries = super::custom(|tx| {
        Box::pin(async {
            let mut tries = Vec::new();
            for account in [ALICE, BOB] {
                let args = [Arg::Bytes(account.as_bytes())];
                tries.extend(tx.query_opt(&ROW_OF, &args, |row| row.int(0)).await?);
            }
            assert_eq!(tries, [3, 3]);
            Ok(0)
        })
    });
    store.run(tries).await.unwrap();
}

async fn g12_a_wait_by_a_clock_that_was_ahead_counts_for_nothing(database: Database) {
    let store = database.open().await;
    claim_many(&store, ALICE, 20).await;
    let ahead = NOW + Duration::from_hours(24 * 365);
    fail(&store, ALICE, 20, ahead).await;
    assert_eq!(claim(&store, ALICE).await, ClaimedTry::Granted(21));
}

async fn failures_are_forgotten_and_swept(database: Database) {
    let store = database.open().await;
    let sweep = |now| SweepTries { now, limit: 10 };
    claim_many(&store, ALICE, 9).await;
    claim_many(&store, BOB, 10).await;
    fail(&store, BOB, 10, NOW).await;
    let hours = |hours| NOW + Duration::from_hours(hours);
    assert_eq!(store.run(sweep(hours(2))).await.unwrap(), 0);
    // From the first one on, however many came later.
    assert_eq!(
        claim_at(&store, ALICE, hours(2)).await,
        ClaimedTry::Granted(10)
    );
    assert_eq!(
        claim_at(&store, ALICE, hours(3)).await,
        ClaimedTry::Granted(1)
    );
    assert_eq!(
        claim_at(&store, BOB, hours(23)).await,
        ClaimedTry::Granted(11)
    );
    assert_eq!(store.run(sweep(hours(5))).await.unwrap(), 0);
    assert_eq!(store.run(sweep(hours(6))).await.unwrap(), 1);
    assert_eq!(store.run(sweep(hours(24))).await.unwrap(), 1);
    assert_eq!(count_rows(&store).await, 0);
}
