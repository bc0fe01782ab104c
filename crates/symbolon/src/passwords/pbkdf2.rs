//! PBKDF2 (RFC 8018 §5.2), as Werkzeug, Django, passlib and PHC strings write it.
//!
//! HMAC pads its key with zeros, so `pw` and `pw\0` hash alike: a password with a NUL was refused
//! long before this.

use std::num::NonZero;

use aws_lc_rs::pbkdf2;
use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};

use super::{
    HashError,
    pool::Memory,
    scheme::{Derived, Function, Input, Kdf},
    stored::{Parts, decimal, fields, numbers},
};

/// Five times what Django asks for today: a second or two.
const ROUNDS_MAX: u32 = 5_000_000;

/// PBKDF2 with its parameters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Pbkdf2 {
    digest: Digest,
    rounds: u32,
}

/// The hash inside its HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Digest {
    Sha1,
    Sha256,
    Sha512,
}

impl Kdf for Pbkdf2 {
    fn check(&self) -> Result<(), &'static str> {
        if !(1..=ROUNDS_MAX).contains(&self.rounds) {
            return Err("its number of PBKDF2 iterations is not allowed");
        }
        Ok(())
    }

    fn derive(
        &self,
        input: Input<'_>,
        out: &mut [u8],
        _memory: &mut Memory,
    ) -> Result<Derived, HashError> {
        let algorithm = match self.digest {
            Digest::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Digest::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Digest::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        };
        let rounds = NonZero::new(self.rounds)
            .ok_or_else(|| HashError::Unusable("it has no iterations".to_owned()))?;
        pbkdf2::derive(
            algorithm,
            rounds,
            input.salt,
            input.password.as_typed(),
            out,
        );
        Ok(Derived::Whole)
    }
}

/// Reads `sha256:600000$SALT$HEX`, the salt as it stands.
pub(super) fn werkzeug(rest: &str) -> Option<Parts> {
    let [method, salt, output] = fields(rest)?;
    let (digest, rounds) = method.split_once(':')?;
    let digest = match digest {
        "sha1" => Digest::Sha1,
        "sha256" => Digest::Sha256,
        "sha512" => Digest::Sha512,
        _ => return None,
    };
    parts(
        digest,
        rounds,
        salt.into(),
        HEXLOWER.decode(output.as_bytes()).ok()?,
    )
}

/// Reads `600000$SALT$BASE64`, the salt as it stands.
pub(super) fn django(digest: Digest, rest: &str) -> Option<Parts> {
    let [rounds, salt, output] = fields(rest)?;
    parts(
        digest,
        rounds,
        salt.into(),
        BASE64.decode(output.as_bytes()).ok()?,
    )
}

/// Reads `i=600000,l=32$SALT$OUTPUT`, or passlib's `600000$SALT$OUTPUT` with dots for plus signs.
pub(super) fn phc(digest: Digest, rest: &str) -> Option<Parts> {
    let [parameters, salt, output] = fields(rest)?;
    if let Some([rounds, length]) = numbers(parameters, ["i", "l"]) {
        let output = BASE64_NOPAD.decode(output.as_bytes()).ok()?;
        let salt = BASE64_NOPAD.decode(salt.as_bytes()).ok()?;
        (output.len() == length as usize).then_some(())?;
        return parts(digest, &rounds.to_string(), salt, output);
    }
    let decode = |text: &str| BASE64_NOPAD.decode(text.replace('.', "+").as_bytes()).ok();
    parts(digest, parameters, decode(salt)?, decode(output)?)
}

fn parts(digest: Digest, rounds: &str, salt: Vec<u8>, output: Vec<u8>) -> Option<Parts> {
    let rounds = decimal(rounds)?;
    Some(Parts {
        function: Function::Pbkdf2(Pbkdf2 { digest, rounds }),
        salt,
        output,
    })
}
