//! The JSON API under `/api`.

mod login;
mod me;

pub(super) use login::login;
pub(super) use me::me;
