//! Every decision of Symbolon, as a pure function: facts and the time go in, a decision comes out.
//!
//! Nothing here reads a clock, rolls a die, opens a socket or names a row. What happened arrives as
//! facts, `now` and [`Entropy`] are arguments, and what shall happen leaves as a value that the
//! store applies with its condition inside the statement. This crate is a part of Symbolon and
//! makes no promises to anybody else.

pub mod address;
pub mod app_session;
pub mod client;
pub mod client_address;
pub mod cookie;
mod entropy;
pub mod id;
pub mod import;
pub mod key_ring;
pub mod login;
pub mod moment;
pub mod oauth;
pub mod origin;
pub mod password;
pub mod permission;
pub mod secret;
pub mod session;
pub mod setup;
pub mod throttle;
pub mod tokens;
pub mod upstream;
pub mod user;

pub use entropy::Entropy;
