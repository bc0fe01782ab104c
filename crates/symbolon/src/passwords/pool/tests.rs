//! The pool: its bounds, whom a job belongs to, and what becomes of memory.

mod places;

use std::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use symbolon_guard::{Clock, token::Timestamp};
use tokio::{task::JoinHandle, time::timeout};

use super::{
    state::{Done, State, Turn, Who},
    *,
};

const MIB: usize = 1024 * 1024;
/// Far beyond anything that is waited for here.
const DEADLINE: Duration = Duration::from_mins(1);

fn limits(threads: usize, queue: usize) -> Limits {
    Limits {
        threads,
        at_once: threads,
        relievers: 0,
        budget: 4 * MIB,
        usual: MIB,
        queue,
        deadline: DEADLINE,
    }
}

fn pool(limits: Limits) -> Pool {
    Pool::new(limits, Clock::system())
}

fn blocks(mebibytes: usize) -> Need {
    Need {
        blocks: mebibytes * MIB,
        own: 0,
    }
}

/// Computes something in a place of its own.
async fn run<T: Send + 'static>(
    pool: &Pool,
    need: Need,
    compute: impl Fn(&mut Memory) -> T + Send + Sync + 'static,
) -> Result<T, Refused> {
    pool.run(pool.place()?, need, compute).await
}

/// Holds jobs until it is opened, and counts those that have begun.
#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
    begun: AtomicU32,
}

impl Gate {
    fn pass(&self) {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let is_open = self.is_open.lock().unwrap();
        drop(
            self.opened
                .wait_timeout_while(is_open, DEADLINE, |is_open| !*is_open)
                .unwrap(),
        );
    }

    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    fn begun(&self) -> u32 {
        self.begun.load(Ordering::SeqCst)
    }
}

/// Waits until something is so.
async fn until(is_so: impl Fn() -> bool) {
    let waiting = async {
        let mut looks = tokio::time::interval(Duration::from_millis(1));
        while !is_so() {
            looks.tick().await;
        }
    };
    timeout(DEADLINE, waiting).await.expect("it never was so");
}

/// A job at a gate, asked for by a task of its own.
fn ask(pool: &Pool, gate: &Arc<Gate>) -> JoinHandle<Result<(), Refused>> {
    let (pool, gate) = (pool.clone(), Arc::clone(gate));
    tokio::spawn(async move { run(&pool, blocks(1), move |_| gate.pass()).await })
}

fn in_flight(pool: &Pool) -> usize {
    pool.shared.lock().in_flight()
}

/// A pool of one thread that is held at the gate.
async fn held(limits: Limits) -> (Pool, Arc<Gate>, JoinHandle<Result<(), Refused>>) {
    let (pool, gate) = (pool(limits), Arc::new(Gate::default()));
    let first = ask(&pool, &gate);
    until(|| gate.begun() == 1).await;
    (pool, gate, first)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_at_once_and_says_when_to_come_back() {
    let (pool, gate, first) = held(limits(1, 2)).await;
    let waiting = [ask(&pool, &gate), ask(&pool, &gate)];
    until(|| in_flight(&pool) == 3).await;
    let refused = ask(&pool, &gate).await.unwrap();
    let Err(Refused::Busy { retry_after }) = refused else {
        panic!("{refused:?}");
    };
    assert!(retry_after >= Duration::from_secs(1));
    gate.open();
    assert_eq!(first.await.unwrap(), Ok(()));
    for waiting in waiting {
        assert_eq!(waiting.await.unwrap(), Ok(()));
    }
    assert_eq!(gate.begun(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_past_the_deadline_is_told_so_while_others_run() {
    let (pool, gate, first) = held(Limits {
        deadline: Duration::from_millis(20),
        ..limits(1, 4)
    })
    .await;
    let late = ask(&pool, &gate).await.unwrap();
    assert!(matches!(late, Err(Refused::Busy { .. })), "{late:?}");
    assert_eq!(in_flight(&pool), 1, "its place is free again");
    gate.open();
    // What has begun is finished, however long it takes.
    assert_eq!(first.await.unwrap(), Ok(()));
    assert_eq!(gate.begun(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_overdue_when_its_turn_comes_is_not_computed() {
    let hands = Clock::fixed(Timestamp::from_secs(1_800_000_000));
    let pool = Pool::new(limits(1, 4), hands.clock());
    let gate = Arc::new(Gate::default());
    let first = ask(&pool, &gate);
    until(|| gate.begun() == 1).await;
    let late = ask(&pool, &gate);
    until(|| in_flight(&pool) == 2).await;
    hands.advance(DEADLINE);
    gate.open();
    assert_eq!(first.await.unwrap(), Ok(()));
    let late = late.await.unwrap();
    assert!(matches!(late, Err(Refused::Busy { .. })), "{late:?}");
    assert_eq!(gate.begun(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_before_their_turn_costs_nothing() {
    let (pool, gate, first) = held(limits(1, 4)).await;
    let gone = ask(&pool, &gate);
    until(|| in_flight(&pool) == 2).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    assert_eq!(in_flight(&pool), 1);
    gate.open();
    assert_eq!(first.await.unwrap(), Ok(()));
    assert_eq!(run(&pool, blocks(1), |_| 7).await, Ok(7));
    assert_eq!(gate.begun(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_during_it_makes_no_room_for_another() {
    let (pool, gate, gone) = held(limits(1, 0)).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    let next = run(&pool, blocks(1), |_| ()).await;
    assert!(matches!(next, Err(Refused::Busy { .. })), "{next:?}");
    assert_eq!(pool.used().0, MIB, "its memory is its own still");
    gate.open();
    until(|| in_flight(&pool) == 0).await;
    assert_eq!(run(&pool, blocks(1), |_| 7).await, Ok(7));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_costs_its_job_only() {
    let pool = pool(limits(1, 4));
    for _ in 0..3 {
        let panicked = run(&pool, blocks(1), |_| panic!("on purpose")).await;
        assert_eq!(panicked, Err::<(), _>(Refused::Panicked));
        assert_eq!(run(&pool, blocks(1), |_| 7).await, Ok(7));
    }
    assert_eq!(pool.threads(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_goes_back_when_nobody_comes_any_more() {
    let pool = pool(limits(2, 4));
    for _ in 0..4 {
        let filled = run(&pool, blocks(2), |memory| memory.blocks(2 * 1024).len());
        assert_eq!(filled.await, Ok(2 * 1024));
    }
    until(|| pool.used().0 == 0).await;
    let (_, most) = pool.used();
    assert!((2 * MIB..=4 * MIB).contains(&most), "{most}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_fits_is_refused_before_anything_is_reserved() {
    let pool = pool(limits(1, 4));
    for need in [
        blocks(5),
        Need {
            blocks: 0,
            own: 4 * MIB + 1,
        },
        Need {
            blocks: usize::MAX,
            own: 1,
        },
    ] {
        let refused = run(&pool, need, |_| ()).await;
        assert_eq!(refused, Err(Refused::TooLarge));
    }
    assert_eq!(pool.used(), (0, 0));
    assert_eq!(pool.threads(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_finishes_what_runs_and_refuses_the_rest() {
    let (pool, gate, first) = held(limits(1, 4)).await;
    let waiting = ask(&pool, &gate);
    until(|| in_flight(&pool) == 2).await;
    let closing = tokio::spawn({
        let pool = pool.clone();
        async move { pool.close().await }
    });
    assert_eq!(waiting.await.unwrap(), Err(Refused::Closed));
    assert!(!closing.is_finished());
    gate.open();
    assert_eq!(first.await.unwrap(), Ok(()));
    timeout(DEADLINE, closing).await.unwrap().unwrap();
    assert_eq!(run(&pool, blocks(1), |_| ()).await, Err(Refused::Closed));
    until(|| pool.threads() == 0).await;
    assert_eq!(pool.used().0, 0);
    pool.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threads_end_with_the_last_handle() {
    let pool = pool(Limits {
        relievers: 2,
        ..limits(2, 4)
    });
    assert_eq!(pool.threads(), 0, "none before the first job");
    assert_eq!(run(&pool, blocks(1), |_| 7).await, Ok(7));
    assert!(pool.threads() > 0);
    let (shared, other) = (Arc::clone(&pool.shared), pool.clone());
    drop(pool);
    assert_eq!(run(&other, blocks(1), |_| 7).await, Ok(7));
    drop(other);
    until(|| Alive::count(&shared) == 0).await;
}

/// A worker that gets no time at all, as where everything else is busy: here it waits at a gate.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_does_not_get_on_with_is_done_by_a_reliever() {
    let pool = pool(Limits {
        relievers: 1,
        ..limits(1, 8)
    });
    let gate = Arc::new(Gate::default());
    let stuck = |number: u32| {
        let (pool, gate) = (pool.clone(), Arc::clone(&gate));
        tokio::spawn(async move {
            let compute = move |_: &mut Memory| {
                if std::thread::current().name() == Some("symbolon-hash") {
                    gate.pass();
                }
                number
            };
            run(&pool, blocks(1), compute).await
        })
    };
    // The first is in the worker's hands, the others behind it.
    let jobs: Vec<_> = (0..4).map(stuck).collect();
    for (number, job) in (0..).zip(jobs) {
        assert_eq!(job.await.unwrap(), Ok(number));
    }
    // The worker may still hold the first: nobody waits for that any more, and so doesn't closing.
    timeout(DEADLINE, pool.close()).await.unwrap();
    gate.open();
    until(|| pool.threads() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_core_that_is_kept_free_gets_it_without_anybody_else_coming() {
    let (pool, gate, first) = held(Limits {
        at_once: 1,
        ..limits(2, 8)
    })
    .await;
    let second = ask(&pool, &gate);
    until(|| gate.begun() == 2).await;
    assert_eq!(pool.shared.lock().running(), 2, "the first is still at it");
    gate.open();
    assert_eq!(first.await.unwrap(), Ok(()));
    assert_eq!(second.await.unwrap(), Ok(()));
}

/// Work that nobody computes: what is decided about it is all that is looked at.
struct Nothing;

impl Work for Nothing {
    fn compute(&self, _memory: &mut Memory) {}
    fn answer(&self) {}
    fn refuse(&self, _why: Refused) {}
    fn is_wanted(&self) -> bool {
        true
    }
}

fn enter(state: &mut State, need: Need) -> u64 {
    state.promise().unwrap();
    state
        .enter(need, Arc::new(Nothing), Duration::ZERO)
        .unwrap()
}

fn start(state: &mut State, who: Who) -> Option<(Memory, Done)> {
    match state.take(who, Duration::ZERO) {
        Turn::Start(start) => {
            let (_, room, done) = start.split();
            Some((room.make(), done))
        }
        Turn::Overdue(_) | Turn::Later(_) | Turn::NoRoom | Turn::Nothing => None,
    }
}

fn finish(state: &mut State, (memory, done): (Memory, Done)) {
    assert!(
        state
            .finish(&done, memory, Who::Worker, Duration::ZERO)
            .is_none()
    );
}

#[test]
fn blocks_are_kept_from_job_to_job() {
    let mut state = State::new(limits(2, 8));
    enter(&mut state, blocks(2));
    let (mut memory, done) = start(&mut state, Who::Worker).unwrap();
    let place = memory.blocks(1).as_ptr();
    finish(&mut state, (memory, done));
    assert_eq!(state.used(), (2 * MIB, 2 * MIB));
    // A smaller one will do with what is there.
    enter(&mut state, blocks(1));
    let (mut memory, done) = start(&mut state, Who::Worker).unwrap();
    assert_eq!(memory.blocks(1).as_ptr(), place);
    finish(&mut state, (memory, done));
    assert_eq!(state.used(), (2 * MIB, 2 * MIB));
}

#[test]
fn half_of_the_workers_begin_at_once_and_relievers_always_do() {
    let half_busy = || {
        let mut state = State::new(Limits {
            at_once: 1,
            relievers: 1,
            ..limits(2, 8)
        });
        for _ in 0..2 {
            enter(&mut state, blocks(1));
        }
        assert!(start(&mut state, Who::Worker).is_some());
        state
    };
    let usual = Duration::from_millis(50);
    let mut state = half_busy();
    let Turn::Later(rest) = state.take(Who::Worker, usual / 5) else {
        panic!("it begins");
    };
    assert_eq!(rest, usual * 4 / 5);
    assert!(matches!(state.take(Who::Worker, usual), Turn::Start(_)));
    // What the worker has begun, and what waits.
    let mut state = half_busy();
    for _ in 0..2 {
        assert!(start(&mut state, Who::Reliever).is_some());
    }
}

#[test]
fn jobs_wait_for_memory_in_their_order() {
    let mut state = State::new(limits(4, 8));
    enter(&mut state, blocks(3));
    let first = start(&mut state, Who::Worker).unwrap();
    enter(&mut state, blocks(2));
    enter(&mut state, blocks(1));
    // The third would fit, and doesn't pass the second.
    assert!(matches!(
        state.take(Who::Worker, Duration::ZERO),
        Turn::NoRoom
    ));
    finish(&mut state, first);
    // The blocks of the first are large enough; for the third others are made.
    let second = start(&mut state, Who::Worker).unwrap();
    let third = start(&mut state, Who::Worker).unwrap();
    assert_eq!(second.0.bytes(), 3 * MIB);
    assert_eq!(state.used().0, 4 * MIB);
    finish(&mut state, second);
    finish(&mut state, third);
    // What needs all of it gets it: kept blocks are freed first.
    enter(&mut state, blocks(4));
    let fourth = start(&mut state, Who::Worker).unwrap();
    assert_eq!(state.used(), (4 * MIB, 4 * MIB));
    finish(&mut state, fourth);
}

#[test]
fn memory_that_a_job_takes_itself_counts() {
    let mut state = State::new(limits(4, 8));
    let own = Need {
        blocks: 0,
        own: 3 * MIB,
    };
    enter(&mut state, own);
    let first = start(&mut state, Who::Worker).unwrap();
    assert_eq!(state.used().0, 3 * MIB);
    enter(&mut state, own);
    assert!(start(&mut state, Who::Worker).is_none());
    finish(&mut state, first);
    assert_eq!(state.used().0, 0);
    assert!(start(&mut state, Who::Worker).is_some());
}

#[test]
fn relievers_find_room_when_the_workers_are_stuck() {
    let mut state = State::new(Limits {
        relievers: 1,
        ..limits(4, 8)
    });
    for _ in 0..4 {
        enter(&mut state, blocks(1));
    }
    let stuck: Vec<_> = (0..4)
        .filter_map(|_| start(&mut state, Who::Worker))
        .collect();
    assert_eq!(stuck.len(), 3, "a place is kept back");
    // The reliever does what has waited longest, beside the worker that holds it.
    let copy = start(&mut state, Who::Reliever).unwrap();
    assert_eq!(state.used(), (4 * MIB, 4 * MIB));
    assert_eq!(state.in_flight(), 4);
    finish(&mut state, copy);
    assert_eq!(state.in_flight(), 4, "the worker's place is the worker's");
    // Each once, and then who waits.
    for in_flight in [4, 4, 3] {
        let next = start(&mut state, Who::Reliever).unwrap();
        finish(&mut state, next);
        assert_eq!(state.in_flight(), in_flight);
    }
    assert!(start(&mut state, Who::Reliever).is_none());
    for job in stuck {
        finish(&mut state, job);
    }
    assert_eq!(state.in_flight(), 0);
}

#[test]
fn the_time_to_come_back_follows_from_the_queue() {
    let mut state = State::new(limits(2, 1_000_000));
    let seconds = |state: &State| match state.busy() {
        Refused::Busy { retry_after } => retry_after.as_secs(),
        other => panic!("{other:?}"),
    };
    assert_eq!(seconds(&state), 1);
    for _ in 0..400 {
        enter(&mut state, blocks(1));
    }
    // 400 of 50 ms on two threads.
    assert_eq!(seconds(&state), 10);
    for _ in 0..100_000 {
        enter(&mut state, blocks(1));
    }
    assert_eq!(seconds(&state), 60);
}
