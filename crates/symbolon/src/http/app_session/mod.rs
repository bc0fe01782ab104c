//! App sessions for a program's own routes: a layer that keeps them, an argument that uses them.
//!
//! Invariant: an answer goes out after what it says was kept. What can't be kept turns it into a
//! problem, and a session that can't be read is never taken for an empty one.

mod error;
mod layer;
mod request;
mod session;

pub use error::AppSessionError;
pub use layer::{AppSessions, WithAppSession};
pub use session::AppSession;
