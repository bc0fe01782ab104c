//! The engine as its users see it: over HTTP in process, with a clock that stands still and random
//! bytes that repeat.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::too_many_lines,
    unreachable_pub,
    reason = "a test that can't go on fails, and its tables are long"
)]

mod access;
#[cfg(feature = "client")]
mod client;
mod embed;
mod flows;
mod http;
mod program;
mod support;
mod tidy;
