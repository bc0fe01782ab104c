//! Going on where something has just ended.
//!
//! What waits for a thread of ours is as a rule gone on with by a worker of the runtime, which has to be woken for
//! it and wakes another one to look whether there is more. For the few instructions between one thread's answer
//! and the next one's question that costs more than they do; and where all cores are hashing, each who wakes takes
//! one from a hash. So a future on a relay ([`run`]) is gone on with by the thread that has the answer, where that
//! offers it ([`carry_on`]), and by its own task otherwise.
//!
//! Whatever is on a relay may run on a thread that others wait for: it only asks and goes on, and computes
//! nothing, waits for nothing and calls no program's code.

use std::{
    any::Any,
    cell::RefCell,
    collections::VecDeque,
    mem,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

use tokio::runtime::Handle;
use tracing::Instrument as _;

thread_local! {
    /// Whom `carry_on` has woken on this thread so far, where it is under way.
    static WOKEN: RefCell<Option<VecDeque<Arc<dyn Leg>>>> = const { RefCell::new(None) };
}

/// Gives an answer, and then goes on here with what waited for it, if that is on a relay.
///
/// Nothing is gone on with before `answer` is through: locks that it takes are free again.
pub(crate) fn carry_on(answer: impl FnOnce()) {
    /// Whatever happens, nobody is left to a thread that has gone.
    struct Offer;

    impl Drop for Offer {
        fn drop(&mut self) {
            for leg in WOKEN.take().unwrap_or_default() {
                leg.leave();
            }
        }
    }

    if WOKEN.with_borrow(Option::is_some) {
        return answer();
    }
    WOKEN.set(Some(VecDeque::new()));
    let _offer = Offer;
    answer();
    let next = || WOKEN.with_borrow_mut(|woken| woken.as_mut()?.pop_front());
    while let Some(leg) = next() {
        leg.go_on();
    }
}

/// Runs a future to its end, on this task and on the threads that answer it, in the span that it began in.
/// Dropped, it drops the future.
///
/// # Panics
///
/// Where the future does; and outside of a runtime.
pub(crate) async fn run<F>(future: F) -> F::Output
where
    F: Future<Output: Send> + Send + 'static,
{
    Home(Arc::new(Relay {
        runtime: Handle::current(),
        task: Mutex::new(Waker::noop().clone()),
        state: Mutex::new(State::UnderWay(Box::pin(future.in_current_span()))),
    }))
    .await
}

/// A future that was woken, of whatever type.
trait Leg: Send + Sync {
    /// Goes on with it here.
    fn go_on(self: Arc<Self>);
    /// Leaves it to its task.
    fn leave(&self);
}

struct Relay<F: Future> {
    runtime: Handle,
    /// Of the task that waits for the end.
    task: Mutex<Waker>,
    state: Mutex<State<F>>,
}

enum State<F: Future> {
    UnderWay(Pin<Box<F>>),
    Ended(F::Output),
    Panicked(Box<dyn Any + Send>),
    /// Told, or given up.
    Over,
}

impl<F> Relay<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    /// Polls the future, unless it is at its end.
    fn poll(self: &Arc<Self>, state: &mut State<F>) {
        let State::UnderWay(future) = state else {
            return;
        };
        let waker = Waker::from(Arc::clone(self));
        let mut context = Context::from_waker(&waker);
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut context)));
        *state = match polled {
            Ok(Poll::Pending) => return,
            Ok(Poll::Ready(output)) => State::Ended(output),
            Err(panic) => State::Panicked(panic),
        };
    }
}

impl<F> Leg for Relay<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    fn go_on(self: Arc<Self>) {
        // For its timers.
        let _runtime = self.runtime.enter();
        let mut state = lock(&self.state);
        self.poll(&mut state);
        let is_under_way = matches!(*state, State::UnderWay(_));
        drop(state);
        if !is_under_way {
            self.leave();
        }
    }

    fn leave(&self) {
        let task = lock(&self.task).clone();
        task.wake();
    }
}

impl<F> Wake for Relay<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    fn wake(self: Arc<Self>) {
        // On a thread that ends there is nothing to offer any more.
        let left = WOKEN.try_with(|woken| match &mut *woken.borrow_mut() {
            Some(woken) => {
                woken.push_back(Arc::clone(&self) as Arc<dyn Leg>);
                false
            }
            None => true,
        });
        if left.unwrap_or(true) {
            self.leave();
        }
    }
}

/// What the task holds.
struct Home<F>(Arc<Relay<F>>)
where
    F: Future<Output: Send> + Send + 'static;

impl<F> Future for Home<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let relay = &self.0;
        // Before the state is looked at: who ends it now wakes the right one.
        lock(&relay.task).clone_from(context.waker());
        let mut state = lock(&relay.state);
        relay.poll(&mut state);
        if matches!(*state, State::UnderWay(_)) {
            return Poll::Pending;
        }
        let ended = mem::replace(&mut *state, State::Over);
        drop(state);
        match ended {
            State::Ended(output) => Poll::Ready(output),
            State::Panicked(panic) => resume_unwind(panic),
            // Told already: as every future, it isn't asked again.
            State::UnderWay(_) | State::Over => Poll::Pending,
        }
    }
}

impl<F> Drop for Home<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    fn drop(&mut self) {
        let given_up = mem::replace(&mut *lock(&self.0.state), State::Over);
        drop(given_up);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{
        sync::mpsc,
        thread::{self, ThreadId},
        time::Duration,
    };

    use tokio::{
        sync::oneshot,
        task::{JoinError, JoinHandle, yield_now},
        time::timeout,
    };

    use super::*;

    /// Only a failure reaches it.
    const DEADLINE: Duration = Duration::from_mins(1);

    fn here() -> ThreadId {
        thread::current().id()
    }

    /// Does something on a thread of its own, and tells which.
    fn elsewhere(what: impl FnOnce() + Send) -> ThreadId {
        thread::scope(|scope| {
            let thread = scope.spawn(what);
            let id = thread.thread().id();
            let _ = thread.join();
            id
        })
    }

    /// Begins a future on a relay, which waits for an answer first.
    async fn begin<F>(
        then: impl FnOnce(oneshot::Receiver<()>) -> F,
    ) -> (oneshot::Sender<()>, JoinHandle<F::Output>)
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let task = tokio::spawn(run(then(answered)).in_current_span());
        // On this runtime of one thread, that is its turn.
        yield_now().await;
        assert!(!task.is_finished());
        (answer, task)
    }

    async fn where_it_goes_on(answered: oneshot::Receiver<()>) -> ThreadId {
        answered.await.unwrap();
        here()
    }

    async fn end<T>(task: JoinHandle<T>) -> Result<T, JoinError> {
        timeout(DEADLINE, task).await.expect("it ends")
    }

    #[tokio::test]
    async fn it_goes_on_where_it_is_answered_and_ends_on_its_task() {
        let (answer, task) = begin(where_it_goes_on).await;
        let there = elsewhere(|| carry_on(|| answer.send(()).unwrap()));
        assert_eq!(end(task).await.unwrap(), there);
    }

    #[tokio::test]
    async fn where_nobody_offers_it_its_task_goes_on() {
        let (answer, task) = begin(where_it_goes_on).await;
        elsewhere(|| answer.send(()).unwrap());
        assert_eq!(end(task).await.unwrap(), here());
    }

    #[tokio::test]
    async fn nothing_goes_on_before_the_answer_is_through() {
        let held = Arc::new(Mutex::new(()));
        let its = Arc::clone(&held);
        let (answer, task) = begin(async move |answered| {
            answered.await.unwrap();
            its.try_lock().is_ok()
        })
        .await;
        elsewhere(|| {
            carry_on(|| {
                let _held = held.lock().unwrap();
                // Also not by another one on the way.
                carry_on(|| answer.send(()).unwrap());
            });
        });
        assert!(end(task).await.unwrap());
    }

    #[tokio::test]
    async fn one_that_answers_another_has_it_go_on_afterwards() {
        let (told, tells) = mpsc::channel();
        let tell = told.clone();
        let (second, last) = begin(async move |answered| {
            answered.await.unwrap();
            tell.send(("second", here())).unwrap();
        })
        .await;
        let (first, task) = begin(async move |answered| {
            answered.await.unwrap();
            second.send(()).unwrap();
            told.send(("first", here())).unwrap();
        })
        .await;
        let there = elsewhere(|| carry_on(|| first.send(()).unwrap()));
        end(task).await.unwrap();
        end(last).await.unwrap();
        let told: Vec<_> = tells.iter().collect();
        assert_eq!(told, [("first", there), ("second", there)]);
    }

    #[tokio::test]
    async fn it_may_wait_for_a_time_wherever_it_is() {
        let (answer, task) = begin(async |answered| {
            answered.await.unwrap();
            timeout(Duration::from_millis(1), std::future::pending::<()>()).await
        })
        .await;
        elsewhere(|| carry_on(|| answer.send(()).unwrap()));
        assert!(end(task).await.unwrap().is_err());
    }

    #[cfg(feature = "cli")]
    #[tokio::test]
    async fn it_stays_in_its_span() {
        use tracing::{Dispatch, Span, dispatcher};

        let logs = Dispatch::new(tracing_subscriber::registry());
        let _logs = dispatcher::set_default(&logs);
        let (answer, task) = begin(async |answered| {
            answered.await.unwrap();
            (
                here(),
                Span::current().metadata().map(tracing::Metadata::name),
            )
        })
        .instrument(tracing::info_span!("request"))
        .await;
        let there = elsewhere(|| {
            dispatcher::with_default(&logs, || carry_on(|| answer.send(()).unwrap()));
        });
        assert_eq!(end(task).await.unwrap(), (there, Some("request")));
    }

    #[tokio::test]
    async fn its_panic_is_its_task_s() {
        let (answer, task) = begin(async |answered| {
            answered.await.unwrap();
            panic!("torn down");
        })
        .await;
        let mut is_through = false;
        elsewhere(|| {
            carry_on(|| answer.send(()).unwrap());
            is_through = true;
        });
        assert!(is_through, "who answered goes on");
        let panic = end(task).await.unwrap_err().into_panic();
        assert_eq!(panic.downcast_ref(), Some(&"torn down"));
    }

    #[tokio::test]
    async fn where_the_answer_breaks_off_its_task_goes_on() {
        let (answer, task) = begin(where_it_goes_on).await;
        elsewhere(|| {
            carry_on(|| {
                answer.send(()).unwrap();
                panic!("torn down");
            });
        });
        assert_eq!(end(task).await.unwrap(), here());
    }

    #[tokio::test]
    async fn who_gives_it_up_drops_it() {
        let held = Arc::new(());
        let its = Arc::clone(&held);
        let (answer, task) = begin(async move |answered| {
            answered.await.unwrap();
            drop(its);
        })
        .await;
        assert_eq!(Arc::strong_count(&held), 2);
        task.abort();
        assert!(end(task).await.unwrap_err().is_cancelled());
        assert_eq!(Arc::strong_count(&held), 1);
        assert!(answer.is_closed());
    }
}
