//! Posts and the API over them. Who gets in is for the program to say: its own [`Visitor`] is the guard.

mod api;
mod table;

pub use api::{Visitor, routes};
pub use table::{Post, Posts};
