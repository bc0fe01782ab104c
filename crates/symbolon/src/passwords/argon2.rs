//! Argon2 (RFC 9106): what new passwords are hashed with, and what some programs hashed with before.
//!
//! The PHC form is everybody's own, so a hash that another program made can't be told from one of
//! ours: the password goes in composed, as ours does. Argon2d is refused: its memory accesses tell
//! of the password, and no program has it as its default.

use argon2::{Algorithm, Argon2 as Hasher, Block, Params, Version};
use data_encoding::BASE64_NOPAD;
use serde::{Deserialize, Serialize};
use symbolon_rules::password::{PasswordHash, PlainPassword};

use super::{
    HashError,
    scheme::{Derived, Function, Kdf},
    stored::{Parts, fields, numbers},
};

/// A stored hash may ask for this much at the most.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
const PASSES_MAX: u32 = 16;
const LANES_MAX: u32 = 16;

/// Argon2 with its parameters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Argon2 {
    variant: Variant,
    /// Memory in KiB.
    m: u32,
    /// Passes over it.
    t: u32,
    /// Lanes.
    p: u32,
}

/// How it chooses what it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Variant {
    I,
    Id,
}

impl Argon2 {
    /// OWASP's parameters for Argon2id: 19 MiB, two passes, one lane (requirement W3).
    pub(super) const CURRENT: Self = Self {
        variant: Variant::Id,
        m: 19_456,
        t: 2,
        p: 1,
    };

    fn hasher(&self) -> Result<Hasher<'static>, HashError> {
        let algorithm = match self.variant {
            Variant::I => Algorithm::Argon2i,
            Variant::Id => Algorithm::Argon2id,
        };
        let params = Params::new(self.m, self.t, self.p, None).map_err(failed)?;
        Ok(Hasher::new(algorithm, Version::V0x13, params))
    }

    /// The PHC string of a hash.
    pub(super) fn phc_string(&self, salt: &[u8], output: &[u8]) -> PasswordHash {
        let variant = match self.variant {
            Variant::I => "argon2i",
            Variant::Id => "argon2id",
        };
        let Self { m, t, p, .. } = self;
        let (salt, output) = (BASE64_NOPAD.encode(salt), BASE64_NOPAD.encode(output));
        PasswordHash::from_phc(format!("${variant}$v=19$m={m},t={t},p={p}${salt}${output}"))
    }
}

impl Kdf for Argon2 {
    fn check(&self) -> Result<(), &'static str> {
        if self.m > MEMORY_KIB_MAX || self.t > PASSES_MAX || self.p > LANES_MAX {
            return Err("its Argon2 parameters are not allowed");
        }
        self.hasher()
            .map(drop)
            .map_err(|_| "its Argon2 parameters are malformed")
    }

    fn derive(
        &self,
        password: &PlainPassword,
        salt: &[u8],
        out: &mut [u8],
    ) -> Result<Derived, HashError> {
        let hasher = self.hasher()?;
        let mut memory = memory(hasher.params().block_count());
        hasher
            .hash_password_into_with_memory(password.as_bytes(), salt, out, &mut memory)
            .map_err(failed)?;
        Ok(Derived::Whole)
    }
}

/// The blocks of one hash, in a mapping of their own.
///
/// Allocators keep freed blocks of such a size for the next time, a set for every thread: after some
/// logins hundreds of MiB stay with the process. What is reserved here is larger than glibc's largest
/// threshold for that (32 MiB), so it always goes back to the system when the hash is done. Only the
/// part that the hash needs is ever touched.
fn memory(blocks: usize) -> Vec<Block> {
    const LARGER_THAN_KEPT: usize = 33 * 1024 * 1024;
    let mut memory = Vec::with_capacity(blocks.max(LARGER_THAN_KEPT / Block::SIZE));
    memory.resize(blocks, Block::default());
    memory
}

/// Reads `v=19$m=19456,t=2,p=1$SALT$OUTPUT`.
pub(super) fn phc(variant: Variant, rest: &str) -> Option<Parts> {
    let [version, parameters, salt, output] = fields(rest)?;
    let [m, t, p] = numbers(parameters, ["m", "t", "p"])?;
    let salt = BASE64_NOPAD.decode(salt.as_bytes()).ok()?;
    // RFC 9106 §3.1: salts of eight bytes at the least; the hasher takes no shorter ones.
    (version == "v=19" && salt.len() >= 8).then_some(())?;
    Some(Parts {
        function: Function::Argon2(Argon2 { variant, m, t, p }),
        salt,
        output: BASE64_NOPAD.decode(output.as_bytes()).ok()?,
    })
}

fn failed(error: argon2::Error) -> HashError {
    HashError::Failed(error.to_string())
}
