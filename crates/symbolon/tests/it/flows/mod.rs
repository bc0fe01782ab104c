//! Longer stories, on both engines.

mod crowd;
#[cfg(feature = "cli")]
mod import;
mod keys;
mod start;
