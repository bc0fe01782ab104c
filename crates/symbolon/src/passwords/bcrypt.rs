//! bcrypt, as modular crypt and Django write it.
//!
//! Invariant: two passwords that differ have two outcomes (W2). bcrypt reads 72 bytes and forgets
//! the rest, so a longer password never matches a plain bcrypt hash: whoever has one needs a new
//! password. Django's `bcrypt_sha256` hashes before, and takes passwords of any length.

use data_encoding::{Encoding, HEXLOWER, Specification};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    HashError,
    pool::Memory,
    scheme::{self, Derived, Function, Kdf},
    stored::{Parts, decimal},
};

/// 2 to the power of this is the number of rounds: 16 take some seconds.
const COST_MAX: u32 = 16;
const COST_MIN: u32 = 4;
const SALT_CHARS: usize = 22;
#[cfg(feature = "imported-hashes")]
const OUTPUT_BYTES: usize = 23;

/// bcrypt with its cost.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Bcrypt {
    cost: u32,
    input: Input,
}

/// What goes into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Input {
    /// The password.
    Password,
    /// Its SHA-256 as hexadecimal digits.
    Sha256,
}

impl Input {
    fn of(self, password: &[u8]) -> Zeroizing<Vec<u8>> {
        use aws_lc_rs::digest;
        Zeroizing::new(match self {
            Self::Password => password.to_vec(),
            Self::Sha256 => HEXLOWER
                .encode(digest::digest(&digest::SHA256, password).as_ref())
                .into_bytes(),
        })
    }
}

impl Kdf for Bcrypt {
    fn check(&self) -> Result<(), &'static str> {
        if cfg!(not(feature = "imported-hashes")) {
            return Err("this build knows no bcrypt: it lacks the feature imported-hashes");
        }
        if !(COST_MIN..=COST_MAX).contains(&self.cost) {
            return Err("its bcrypt cost is not allowed");
        }
        Ok(())
    }

    #[cfg(feature = "imported-hashes")]
    fn derive(
        &self,
        input: scheme::Input<'_>,
        out: &mut [u8],
        _memory: &mut Memory,
    ) -> Result<Derived, HashError> {
        let salt = <[u8; 16]>::try_from(input.salt);
        let (Ok(salt), OUTPUT_BYTES) = (salt, out.len()) else {
            return Err(HashError::Unusable("it is malformed".to_owned()));
        };
        let mut input = self.input.of(input.password.as_typed());
        let derived = match input.len() {
            0..=72 => Derived::Whole,
            // Computed all the same: a refusal must not be quicker for being certain (W4).
            _ => Derived::Cut,
        };
        // A NUL ends the password; of 72 bytes there is none left for it.
        input.push(0);
        input.truncate(72);
        let bytes = Zeroizing::new(bcrypt::bcrypt(self.cost, salt, &input));
        out.copy_from_slice(&bytes[..OUTPUT_BYTES]);
        Ok(derived)
    }

    #[cfg(not(feature = "imported-hashes"))]
    fn derive(
        &self,
        input: scheme::Input<'_>,
        _out: &mut [u8],
        _memory: &mut Memory,
    ) -> Result<Derived, HashError> {
        drop(self.input.of(input.password.as_typed()));
        self.check()
            .map_err(|reason| HashError::Unusable(reason.to_owned()))?;
        Ok(Derived::Cut)
    }
}

/// Reads `12$` with 22 characters of salt and 31 of output.
pub(super) fn crypt(input: Input, rest: &str) -> Option<Parts> {
    let (cost, text) = rest.split_once('$')?;
    let (salt, output) = text.split_at_checked(SALT_CHARS)?;
    let encoding = encoding()?;
    let parts = Parts {
        function: Function::Bcrypt(Bcrypt {
            cost: decimal(cost)?,
            input,
        }),
        salt: encoding.decode(salt.as_bytes()).ok()?,
        output: encoding.decode(output.as_bytes()).ok()?,
    };
    (cost.len() == 2 && parts.output.len() == 23).then_some(parts)
}

/// bcrypt's own base64. Some programs leave bits standing in the last character.
fn encoding() -> Option<Encoding> {
    let mut specification = Specification::new();
    specification
        .symbols
        .push_str("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
    specification.check_trailing_bits = false;
    specification.encoding().ok()
}
