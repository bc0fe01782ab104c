//! HTTP: translates requests into acts and their results into answers, and does nothing else.

mod api;
mod body;
mod error;
mod health;
mod messages;
mod router;
mod well_known;

pub(crate) use router::{router, routes};
#[cfg(feature = "cli")]
pub(crate) mod serve;
