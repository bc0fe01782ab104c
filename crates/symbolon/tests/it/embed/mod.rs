//! The engine inside somebody's program: tokens of its own, users of its own.

mod current_user;
mod hooks;
mod issue;
mod shared_secret;
