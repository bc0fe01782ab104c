//! Keys: the one that encrypts, and the ring of those that sign.

mod encryption;
mod ring;
mod source;

pub use encryption::KeyEncryptionKey;
pub use ring::RingError;
pub(crate) use ring::{KeyRing, Opening, Published};
pub(crate) use source::StoreContent;
pub use source::{KeySource, KeySourceError};
