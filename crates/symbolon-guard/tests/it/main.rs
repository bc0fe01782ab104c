//! The guard from outside, as the service that uses it and as those who attack it see it.
//!
//! Tests are named after the rows of the requirements they show. Time is a fixed clock that a test
//! moves; the only network is loopback.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what can't be unwrapped is the failure"
)]

mod answers;
mod cached;
mod claims;
mod cookies;
mod denied;
mod elsewhere;
mod extract;
mod headers;
mod hooks;
mod keys;
mod layer;
mod needs;
mod old_shapes;
mod recorded;
mod remote;
mod several;
mod sources;
mod spellings;
mod spoken;
mod support;
mod tokens;
