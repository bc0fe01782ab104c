//! How the store fails.
//!
//! Invariant: a failure is never an answer. "No such row" and "somebody was faster" are values of
//! an operation's `Out`; what stands here means that nobody knows, and becomes a 503.

use std::borrow::Cow;

/// Why an operation brought no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Nothing was changed; the same operation may work later.
    #[error("the database is unavailable: {0}")]
    Unavailable(Cow<'static, str>),
    /// The deadline passed, or the connection broke, while the change was being made: it may or may
    /// not be there. Only reading it back by its own key tells.
    #[error("the database did not say whether the change was made")]
    OutcomeUnknown,
    /// The database kept undoing it because others worked on the same rows.
    #[error("the database kept undoing the operation in favour of others")]
    Collided,
    /// A row holds what this version can't have written.
    #[error("the database holds what it can't: {0}")]
    Corrupt(&'static str),
    /// A statement failed for a reason that trying again won't mend.
    #[error("the database refused a statement: {0}")]
    Fault(String),
    /// An earlier statement of the same operation failed.
    #[error("the operation had failed already")]
    Poisoned,
}

/// Why a database can't be used at all; said to whoever starts the program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL names no database that Symbolon knows.
    #[error("{0}")]
    Url(String),
    /// The file, folder or server can't be reached.
    #[error("can't open the database {database}: {reason}")]
    Unreachable {
        /// Which one, without its password.
        database: String,
        /// What the system or the server said.
        reason: String,
    },
    /// The file is none of SQLite's, or only part of one.
    #[error(
        "{database} is no SQLite database, or a damaged one ({reason}); nothing was changed: put a backup in \
         its place, as docs/operate.md says, or name another file"
    )]
    Damaged {
        /// Which one.
        database: String,
        /// What SQLite said.
        reason: String,
    },
    /// Another process works on the same SQLite file.
    #[error("{0} is in use by another Symbolon; stop that one first, or name another file")]
    InUse(String),
    /// The store was made for something else.
    #[error("{database} was made by {maker}, and is for that alone; name another database")]
    OtherMaker {
        /// Which one.
        database: String,
        /// What made it.
        maker: String,
    },
    /// The database holds other data.
    #[error("{0} holds tables that Symbolon didn't make; name another database")]
    Foreign(String),
    /// The schema was made by a later version.
    #[error("the database was made by a newer Symbolon ({0}); run that version or a later one")]
    Newer(String),
    /// Bringing the schema up to date failed.
    #[error("can't bring the database up to date: {0}")]
    Migration(String),
}
