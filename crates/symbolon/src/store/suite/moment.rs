//! The newest time that a server has written.

use std::time::Duration;

use super::{Database, NOW, new_id, on_both_engines};
use crate::store::{BelieveTime, Instance, MakeStore, SeeTime};

on_both_engines! {
    g12_the_newest_time_only_grows_unless_somebody_says_so,
}

async fn g12_the_newest_time_only_grows_unless_somebody_says_so(database: Database) {
    let store = database.open().await;
    let see = |seconds| SeeTime {
        now: NOW + Duration::from_secs(seconds),
    };
    // Before there is a store there is no time to compare with, and no answer that says "never".
    assert!(store.run(see(0)).await.is_err());
    let instance = Instance {
        id: new_id(),
        maker: "engine".to_owned(),
        kek_id: "1".to_owned(),
        kek_check: None,
    };
    store.run(MakeStore { instance, now: NOW }).await.unwrap();
    assert_eq!(store.run(see(100)).await.unwrap().as_millis(), 0);
    assert_eq!(store.run(see(50)).await.unwrap(), see(100).now);
    assert_eq!(store.run(see(200)).await.unwrap(), see(100).now);
    let now = see(10).now;
    store.run(BelieveTime { now }).await.unwrap();
    assert_eq!(store.run(see(20)).await.unwrap(), now);
    assert_eq!(store.run(see(0)).await.unwrap(), see(20).now);
}
