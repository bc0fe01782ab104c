//! Keys: the one that encrypts, and those that sign.

mod digest;
mod encryption;
mod kept;
mod name;
mod options;
mod published;
mod ring;
mod shared;
mod signing;
mod source;
mod turnover;
mod vault;

pub(crate) use digest::sha256;
#[cfg(feature = "client")]
pub(crate) use digest::{is_same_secret, left_half};
pub use encryption::KeyEncryptionKey;
pub(crate) use name::NameKey;
pub use options::KeyOptions;
pub(crate) use published::Published;
pub use ring::RingError;
pub(crate) use ring::{KeyRing, Opening};
pub(crate) use signing::Keys;
pub use signing::Signing;
pub(crate) use source::StoreContent;
pub use source::{KeySource, KeySourceError};
pub(crate) use turnover::reseal;
pub(crate) use vault::Vault;
#[cfg(feature = "client")]
pub(crate) use vault::{LOGINS, TOKENS, login_row};
