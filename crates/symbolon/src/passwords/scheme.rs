//! Schemes: the functions that passwords are hashed with, each with its parameters.
//!
//! A scheme is a hash without its salt and output: what it costs to compute. As text it stands
//! beside imported hashes in the store, which counts users by it.
//!
//! Invariant: nothing is computed that a cap doesn't allow. A row must not be able to stop the
//! server, whoever wrote it.

use serde::{Deserialize, Serialize};
use symbolon_rules::password::{PasswordHash, PlainPassword};
use zeroize::Zeroizing;

use super::{
    HashError,
    argon2::Argon2,
    bcrypt::Bcrypt,
    pbkdf2::Pbkdf2,
    pool::{Memory, Need},
    scrypt::Scrypt,
};

/// Shorter outputs could be met by chance.
const OUTPUT_MIN: usize = 16;
/// Longer outputs cost more and say nothing more.
const OUTPUT_MAX: usize = 64;

/// A function that derives bytes of a password.
pub(super) trait Kdf {
    /// Says which parameter is out of bounds.
    fn check(&self) -> Result<(), &'static str>;

    /// How much memory it takes, where that is worth counting.
    fn need(&self) -> Need {
        Need::default()
    }

    /// Fills `out`. Whether the password can have been hashed so at all is in the answer.
    fn derive(
        &self,
        input: Input<'_>,
        out: &mut [u8],
        memory: &mut Memory,
    ) -> Result<Derived, HashError>;
}

/// What bytes are derived of.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    pub(super) password: &'a PlainPassword,
    pub(super) salt: &'a [u8],
}

impl<'a> Input<'a> {
    pub(super) fn new(password: &'a PlainPassword, salt: &'a [u8]) -> Self {
        Self { password, salt }
    }
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
    /// What new passwords are hashed with unless more is asked for. The store keeps no text beside a hash
    /// of this scheme.
    pub(crate) const DEFAULT: Self = Self::of_new(Argon2::DEFAULT);

    /// New passwords hashed with these parameters.
    pub(super) const fn of_new(argon2: Argon2) -> Self {
        Self {
            function: Function::Argon2(argon2),
            length: 32,
        }
    }

    /// Whether a hash of this scheme is to be replaced by one of another (W3): unless it is Argon2id with
    /// as much memory and as many passes. What takes more stays: whoever lowers the parameters wants cheaper
    /// logins, not weaker hashes, and two servers that are configured differently for a while must not
    /// replace each other's at each login.
    pub(super) fn is_outdated_by(&self, current: &Self) -> bool {
        match (&self.function, &current.function) {
            (Function::Argon2(own), Function::Argon2(new)) => {
                self.length < current.length || !own.is_at_least(new)
            }
            _ => true,
        }
    }

    /// The PHC string of a hash of a new password.
    pub(super) fn phc_string(&self, salt: &[u8], output: &[u8]) -> Option<PasswordHash> {
        match &self.function {
            Function::Argon2(argon2) => Some(argon2.phc_string(salt, output)),
            Function::Bcrypt(_) | Function::Pbkdf2(_) | Function::Scrypt(_) => None,
        }
    }

    /// How much memory it takes.
    pub(super) fn need(&self) -> Need {
        self.function.kdf().need()
    }

    /// The scheme that a text of the store names, if this version can compute it.
    pub(crate) fn from_label(label: &str) -> Option<Self> {
        let scheme: Self = serde_json::from_str(label).ok()?;
        scheme.check().is_ok().then_some(scheme)
    }

    /// Its text for the store. One scheme has one text, whichever program's format it came in.
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
        input: Input<'_>,
        memory: &mut Memory,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, HashError> {
        let mut out = Zeroizing::new(vec![0; self.length]);
        let derived = self.function.kdf().derive(input, &mut out, memory)?;
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
