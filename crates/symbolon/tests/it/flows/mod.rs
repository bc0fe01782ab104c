//! Longer stories, on both engines.

mod crowd;
mod start;
