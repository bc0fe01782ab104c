//! scrypt (RFC 7914), as Werkzeug, Django, passlib and PHC strings write it.
//!
//! Its first step is PBKDF2, so what is said of NULs there holds here.

use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};

use super::{
    HashError,
    pool::{Memory, Need},
    scheme::{Derived, Function, Input, Kdf},
    stored::{Parts, decimal, fields, numbers},
};

/// A stored hash may ask for this much memory, in bytes…
const MEMORY_MAX: u64 = 256 << 20;
/// …and may fill it so often.
const FILLED_MAX: u64 = 1 << 30;

/// scrypt with its parameters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Scrypt {
    /// The logarithm of N, to the base of 2.
    log_n: u8,
    r: u32,
    p: u32,
}

impl Scrypt {
    /// RFC 7914 §6: N blocks of 128 r bytes that are gone through, and p of them that this is done to.
    fn memory(&self) -> Option<u64> {
        1_u64
            .checked_shl(self.log_n.into())
            .and_then(|n| n.checked_add(self.p.into()))
            .and_then(|blocks| blocks.checked_mul(128 * u64::from(self.r)))
    }
}

impl Kdf for Scrypt {
    fn check(&self) -> Result<(), &'static str> {
        if cfg!(not(feature = "imported-hashes")) {
            return Err("this build knows no scrypt: it lacks the feature imported-hashes");
        }
        let memory = self.memory();
        let filled = memory.and_then(|memory| memory.checked_mul(self.p.into()));
        match (memory, filled) {
            (Some(1..=MEMORY_MAX), Some(1..=FILLED_MAX)) if self.log_n > 0 => Ok(()),
            _ => Err("its scrypt parameters are not allowed"),
        }
    }

    fn need(&self) -> Need {
        let memory = self
            .memory()
            .and_then(|memory| usize::try_from(memory).ok());
        Need {
            blocks: 0,
            own: memory.unwrap_or(usize::MAX),
        }
    }

    #[cfg(feature = "imported-hashes")]
    fn derive(
        &self,
        input: Input<'_>,
        out: &mut [u8],
        _memory: &mut Memory,
    ) -> Result<Derived, HashError> {
        let params = scrypt::Params::new(self.log_n, self.r, self.p)
            .map_err(|error| HashError::Unusable(error.to_string()))?;
        scrypt::scrypt(input.password.as_typed(), input.salt, &params, out)
            .map_err(|error| HashError::Failed(error.to_string()))?;
        Ok(Derived::Whole)
    }

    #[cfg(not(feature = "imported-hashes"))]
    fn derive(
        &self,
        _input: Input<'_>,
        _out: &mut [u8],
        _memory: &mut Memory,
    ) -> Result<Derived, HashError> {
        self.check()
            .map_err(|reason| HashError::Unusable(reason.to_owned()))?;
        Ok(Derived::Cut)
    }
}

/// Reads `32768:8:1$SALT$HEX`, the salt as it stands.
pub(super) fn werkzeug(rest: &str) -> Option<Parts> {
    let [method, salt, output] = fields(rest)?;
    let numbers: Vec<_> = method.split(':').map(decimal).collect::<Option<_>>()?;
    let [n, r, p] = numbers.try_into().ok()?;
    Some(Parts {
        function: function(log(n)?, r, p),
        salt: salt.into(),
        output: HEXLOWER.decode(output.as_bytes()).ok()?,
    })
}

/// Reads `16384$SALT$8$5$BASE64`, the salt as it stands.
pub(super) fn django(rest: &str) -> Option<Parts> {
    let [n, salt, r, p, output] = fields(rest)?;
    Some(Parts {
        function: function(log(decimal(n)?)?, decimal(r)?, decimal(p)?),
        salt: salt.into(),
        output: BASE64.decode(output.as_bytes()).ok()?,
    })
}

/// Reads `ln=15,r=8,p=1$SALT$OUTPUT`.
pub(super) fn phc(rest: &str) -> Option<Parts> {
    let [parameters, salt, output] = fields(rest)?;
    let [log_n, r, p] = numbers(parameters, ["ln", "r", "p"])?;
    Some(Parts {
        function: function(u8::try_from(log_n).ok()?, r, p),
        salt: BASE64_NOPAD.decode(salt.as_bytes()).ok()?,
        output: BASE64_NOPAD.decode(output.as_bytes()).ok()?,
    })
}

fn function(log_n: u8, r: u32, p: u32) -> Function {
    Function::Scrypt(Scrypt { log_n, r, p })
}

fn log(n: u32) -> Option<u8> {
    n.is_power_of_two()
        .then(|| u8::try_from(n.trailing_zeros()).ok())
        .flatten()
}
