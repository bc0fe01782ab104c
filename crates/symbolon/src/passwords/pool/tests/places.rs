//! Places that are kept before it is known what there will be to compute.

use super::*;
use crate::passwords::pool::threads::NEAR;

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_is_kept_is_nobody_elses() {
    let (pool, gate, first) = held(limits(1, 2)).await;
    let places = [pool.place().unwrap(), pool.place().unwrap()];
    assert!(matches!(pool.place(), Err(Refused::Busy { .. })));
    let [mine, given_up] = places;
    drop(given_up);
    let others = ask(&pool, &gate);
    until(|| in_flight(&pool) == 2).await;
    assert!(matches!(pool.place(), Err(Refused::Busy { .. })));
    gate.open();
    assert_eq!(pool.run(mine, blocks(1), |_| 7).await, Ok(7));
    assert_eq!(first.await.unwrap(), Ok(()));
    assert_eq!(others.await.unwrap(), Ok(()));
    // Answered is a moment before done.
    until(|| in_flight(&pool) == 0).await;
    // Each was given back once, whatever became of it.
    let kept = pool.place().unwrap();
    assert_eq!(
        pool.run(kept, blocks(5), |_| ()).await,
        Err(Refused::TooLarge)
    );
    let all: Vec<_> = std::iter::from_fn(|| pool.place().ok()).collect();
    assert_eq!(all.len(), 3);
    let kept = pool.place();
    drop(all);
    assert!(matches!(kept, Err(Refused::Busy { .. })));
    let kept = pool.place().unwrap();
    pool.close().await;
    assert_eq!(
        pool.run(kept, blocks(1), |_| ()).await,
        Err(Refused::Closed)
    );
    assert!(matches!(pool.place(), Err(Refused::Closed)));
}

#[tokio::test(flavor = "multi_thread")]
async fn few_places_are_near_the_front_and_the_others_follow_in_order() {
    let pool = pool(limits(1, 100));
    let mut near = Vec::new();
    for _ in 0..NEAR {
        near.push(pool.place_near().await.unwrap());
    }
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut waiting = Vec::new();
    for number in 0..3 {
        let (asked, order) = (pool.clone(), Arc::clone(&order));
        waiting.push(tokio::spawn(async move {
            let place = asked.place_near().await?;
            order.lock().unwrap().push(number);
            asked.run(place, blocks(1), |_| ()).await
        }));
        until(|| pool.shared.lock().expected() == NEAR + 1 + number).await;
    }
    assert_eq!(*order.lock().unwrap(), [] as [usize; 0]);
    assert_eq!(pool.threads(), 0, "nothing is computed for them");
    // Used or given up, a place makes way for one.
    let used = near.pop().unwrap();
    assert_eq!(pool.run(used, blocks(1), |_| 7).await, Ok(7));
    for waiting in waiting {
        assert_eq!(waiting.await.unwrap(), Ok(()));
    }
    assert_eq!(*order.lock().unwrap(), [0, 1, 2]);
    drop(near);
    until(|| pool.shared.lock().expected() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gets_near_too_late_is_told_so_and_nobody_after_the_end() {
    let impatient = pool(Limits {
        deadline: Duration::from_millis(20),
        ..limits(1, 100)
    });
    let mut held = Vec::new();
    for _ in 0..NEAR {
        held.push(impatient.place_near().await.unwrap());
    }
    assert!(matches!(
        impatient.place_near().await,
        Err(Refused::Busy { .. })
    ));
    assert_eq!(impatient.shared.lock().expected(), NEAR);
    let pool = pool(limits(1, 100));
    let mut held = Vec::new();
    for _ in 0..NEAR {
        held.push(pool.place_near().await.unwrap());
    }
    let waiting = {
        let pool = pool.clone();
        tokio::spawn(async move { pool.place_near().await.map(drop) })
    };
    until(|| pool.shared.lock().expected() == NEAR + 1).await;
    pool.close().await;
    assert_eq!(waiting.await.unwrap(), Err(Refused::Closed));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_near_may_be_kept_while_another_is_ready_for_each_thread() {
    let (pool, gate, first) = held(limits(1, 3)).await;
    assert_eq!(pool.patience(), Duration::ZERO);
    let second = ask(&pool, &gate);
    until(|| in_flight(&pool) == 2).await;
    let patience = pool.patience();
    assert!(!patience.is_zero() && patience <= Duration::from_millis(20));
    gate.open();
    assert_eq!(first.await.unwrap(), Ok(()));
    assert_eq!(second.await.unwrap(), Ok(()));
    assert_eq!(pool.patience(), Duration::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_that_it_took_to_get_near_counts() {
    let hands = Clock::fixed(Timestamp::from_secs(1_800_000_000));
    let pool = Pool::new(limits(1, 4), hands.clock());
    let (in_time, late) = (pool.place().unwrap(), pool.place().unwrap());
    hands.advance(DEADLINE / 2);
    assert_eq!(pool.run(in_time, blocks(1), |_| 7).await, Ok(7));
    hands.advance(DEADLINE / 2);
    let late = pool.run(late, blocks(1), |_| 7).await;
    assert!(matches!(late, Err(Refused::Busy { .. })), "{late:?}");
}
