//! An operation as an engine sees it: of one type, whatever it does.
//!
//! Transactions, groups, connections and repeats are compiled once for all operations instead of once for
//! each, which makes the program smaller.

use std::pin::Pin;

use tokio::sync::oneshot;

#[cfg(feature = "sqlite")]
use super::Outlives;
use super::{Access, Operation, StoreError, Tx};

/// What an operation's statements come to.
pub(super) type Running<'w> = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 'w>>;

/// What is told to the asker.
pub(super) type Answer<O> = Result<<O as Operation>::Out, StoreError>;

/// An operation that keeps what it found until its transaction has ended. Dropped, it tells the asker
/// nothing.
pub(super) trait Work: Send {
    fn access(&self) -> Access;

    #[cfg(feature = "sqlite")]
    fn outlives(&self) -> Outlives;

    /// Whether nobody waits for the answer any more.
    #[cfg(feature = "sqlite")]
    fn is_for_nobody(&self) -> bool;

    /// Runs its statements, each time from the start.
    fn run<'w>(&'w mut self, tx: &'w mut Tx<'_>) -> Running<'w>;

    /// Tells the asker how its transaction ended, and what it found where that was well.
    fn answer(self: Box<Self>, ended: Result<(), StoreError>);
}

/// Wraps an operation.
pub(super) fn work<O: Operation>(operation: O) -> (Box<dyn Work>, oneshot::Receiver<Answer<O>>) {
    let (reply, answer) = oneshot::channel();
    let work = Asked {
        operation,
        out: None,
        reply,
    };
    (Box::new(work), answer)
}

struct Asked<O: Operation> {
    operation: O,
    out: Option<O::Out>,
    reply: oneshot::Sender<Answer<O>>,
}

impl<O: Operation> Work for Asked<O> {
    fn access(&self) -> Access {
        O::ACCESS
    }

    #[cfg(feature = "sqlite")]
    fn outlives(&self) -> Outlives {
        O::OUTLIVES
    }

    #[cfg(feature = "sqlite")]
    fn is_for_nobody(&self) -> bool {
        self.reply.is_closed()
    }

    fn run<'w>(&'w mut self, tx: &'w mut Tx<'_>) -> Running<'w> {
        Box::pin(async {
            self.out = Some(self.operation.run(tx).await?);
            Ok(())
        })
    }

    fn answer(self: Box<Self>, ended: Result<(), StoreError>) {
        let Self { out, reply, .. } = *self;
        let unrun = || StoreError::Fault("an operation ended before it was run".to_owned());
        let answer = ended.and_then(|()| out.ok_or_else(unrun));
        // The asker may be gone, or its deadline passed; then it knows that it doesn't know.
        let _ = reply.send(answer);
    }
}
