//! Keys: the one that encrypts, and the ring of those that sign.

mod encryption;
mod ring;

pub(crate) use encryption::StoreContent;
pub use encryption::{KeyEncryptionKey, KeySource, KeySourceError};
pub use ring::RingError;
pub(crate) use ring::{KeyRing, Opening, Published};
