//! How a command reaches the engine of an installation: through the socket of the server that runs on its
//! data folder, or, where none does, by opening it.
//!
//! `data/control.sock` takes one request a connection: a frame, answered by a frame. A frame is its length
//! in four bytes, big-endian, and so much JSON.
//!
//! Invariant: whoever is let in could open the files as well. The folder is its owner's alone, the socket
//! has mode 0600, and the system, not the peer, says which user is at the other end.

mod answer;
mod client;
mod frame;
mod keys;
mod perform;
mod place;
mod request;
mod server;
#[cfg(test)]
mod tests;

pub(super) use self::{
    answer::{Answer, Failure, Hello, UserView},
    client::Door,
    keys::{KeyAnswer, KeyRequest, KeyView, PemView, RevokedView, When},
    perform::perform,
    place::{Place, own_uid},
    request::{Change, Cursor, Order, Request, Secret, State},
    server::serve,
};

/// Grows with each change that the other side would misunderstand.
const VERSION: u32 = 1;
