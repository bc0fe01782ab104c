//! Schemes: the functions that passwords are hashed with, each with its parameters.
//!
//! A scheme is a hash without its salt and output: what it costs to compute. As text it stands
//! beside imported hashes in the store, which counts users by it.
//!
//! Invariant: nothing is computed that a cap doesn't allow. A row must not be able to stop the
//! server, whoever wrote it.

use serde::{Deserialize, Serialize};
use symbolon_rules::password::PlainPassword;
use zeroize::Zeroizing;

use super::{HashError, argon2::Argon2, bcrypt::Bcrypt, pbkdf2::Pbkdf2, scrypt::Scrypt};

/// Shorter outputs could be met by chance.
const OUTPUT_MIN: usize = 16;
/// Longer outputs cost more and say nothing more.
const OUTPUT_MAX: usize = 64;

/// A function that derives bytes of a password.
pub(super) trait Kdf {
    /// Says which parameter is out of bounds.
    fn check(&self) -> Result<(), &'static str>;

    /// Fills `out`. Whether the password can have been hashed so at all is in the answer.
    fn derive(
        &self,
        password: &PlainPassword,
        salt: &[u8],
        out: &mut [u8],
    ) -> Result<Derived, HashError>;
}

/// What came out of deriving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Derived {
    /// The bytes of this password and of no other.
    Whole,
    /// The bytes of its beginning only: they prove nothing.
    Cut,
}

/// A function with its parameters and the length of its output.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Scheme {
    #[serde(flatten)]
    pub(super) function: Function,
    pub(super) length: usize,
}

/// The functions that are known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Function {
    Argon2(Argon2),
    Bcrypt(Bcrypt),
    Pbkdf2(Pbkdf2),
    Scrypt(Scrypt),
}

impl Scheme {
    /// What new passwords are hashed with.
    pub(crate) const CURRENT: Self = Self {
        function: Function::Argon2(Argon2::CURRENT),
        length: 32,
    };

    /// The scheme that a text of the store names, if this version can compute it.
    pub(crate) fn from_label(label: &str) -> Option<Self> {
        let scheme: Self = serde_json::from_str(label).ok()?;
        scheme.check().is_ok().then_some(scheme)
    }

    /// Its text for the store. One scheme has one text, whichever program's format it came in.
    #[cfg(any(feature = "cli", test))]
    pub(crate) fn label(&self) -> Result<String, HashError> {
        serde_json::to_string(self).map_err(|error| HashError::Failed(error.to_string()))
    }

    pub(super) fn check(&self) -> Result<(), HashError> {
        if !(OUTPUT_MIN..=OUTPUT_MAX).contains(&self.length) {
            return Err(HashError::Unusable("its output has an odd length".into()));
        }
        self.function
            .kdf()
            .check()
            .map_err(|reason| HashError::Unusable(reason.to_owned()))
    }

    /// Derives the bytes of a password; `None` where they would not stand for all of it.
    pub(super) fn derive(
        &self,
        password: &PlainPassword,
        salt: &[u8],
    ) -> Result<Option<Zeroizing<Vec<u8>>>, HashError> {
        let mut out = Zeroizing::new(vec![0; self.length]);
        let derived = self.function.kdf().derive(password, salt, &mut out)?;
        Ok((derived == Derived::Whole).then_some(out))
    }
}

impl Function {
    fn kdf(&self) -> &dyn Kdf {
        match self {
            Self::Argon2(argon2) => argon2,
            Self::Bcrypt(bcrypt) => bcrypt,
            Self::Pbkdf2(pbkdf2) => pbkdf2,
            Self::Scrypt(scrypt) => scrypt,
        }
    }
}
