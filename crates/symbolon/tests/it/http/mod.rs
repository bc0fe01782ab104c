//! One file a part of the URL tree.

mod app_session;
mod errors;
mod guesses;
mod login;
mod me;
mod well_known;
