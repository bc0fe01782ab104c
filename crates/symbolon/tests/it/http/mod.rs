//! One file a part of the URL tree.

mod errors;
mod login;
mod me;
mod well_known;
