//! Keys: the one that encrypts, and those that sign.

mod digest;
mod encryption;
mod name;
mod published;
mod ring;
mod shared;
mod signing;
mod source;
#[cfg(feature = "client")]
mod vault;

pub(crate) use digest::sha256;
#[cfg(feature = "client")]
pub(crate) use digest::{is_same_secret, left_half};
pub use encryption::KeyEncryptionKey;
pub(crate) use name::NameKey;
pub(crate) use published::Published;
pub(crate) use ring::Opening;
pub use ring::RingError;
pub(crate) use signing::Keys;
pub use signing::Signing;
pub(crate) use source::StoreContent;
pub use source::{KeySource, KeySourceError};
#[cfg(feature = "client")]
pub(crate) use vault::Vault;
