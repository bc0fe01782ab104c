//! Argon2 (RFC 9106): what new passwords are hashed with, and what some programs hashed with before.
//!
//! The PHC form is everybody's own, so a hash that another program made can't be told from one of
//! ours: the password goes in composed, as ours does. Argon2d is refused: its memory accesses tell
//! of the password, and no program has it as its default.

use argon2::{Algorithm, Argon2 as Hasher, Block, Params, Version};
use data_encoding::BASE64_NOPAD;
use serde::{Deserialize, Serialize};
use symbolon_rules::password::PasswordHash;

use super::{
    HashError,
    pool::{Memory, Need},
    scheme::{Derived, Function, Input, Kdf},
    stored::{Parts, fields, numbers},
};

/// A stored hash may ask for this much at the most.
pub(super) const MEMORY_KIB_MAX: u32 = 256 * 1024;
pub(super) const PASSES_MAX: u32 = 16;
pub(super) const LANES_MAX: u32 = 16;

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
    /// OWASP's parameters for Argon2id: 19 MiB, two passes, one lane (requirement W3). New passwords are
    /// hashed with these unless more is asked for, and never with less.
    pub(super) const DEFAULT: Self = Self::id(19_456, 2, 1);

    /// Argon2id with so many KiB, passes and lanes.
    pub(super) const fn id(m: u32, t: u32, p: u32) -> Self {
        let variant = Variant::Id;
        Self { variant, m, t, p }
    }

    pub(super) const fn memory_kib(&self) -> u32 {
        self.m
    }

    pub(super) const fn passes(&self) -> u32 {
        self.t
    }

    /// Whether whoever guesses pays no less for it than for the other.
    pub(super) fn is_at_least(&self, other: &Self) -> bool {
        self.variant == other.variant && self.m >= other.m && self.t >= other.t
    }

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

    fn need(&self) -> Need {
        // What it asks for is rounded to whole segments, downwards; a block is a KiB.
        Need {
            blocks: self.m as usize * Block::SIZE,
            own: 0,
        }
    }

    fn derive(
        &self,
        input: Input<'_>,
        out: &mut [u8],
        memory: &mut Memory,
    ) -> Result<Derived, HashError> {
        let hasher = self.hasher()?;
        let blocks = memory.blocks(hasher.params().block_count());
        hasher
            .hash_password_into_with_memory(input.password.as_bytes(), input.salt, out, blocks)
            .map_err(failed)?;
        Ok(Derived::Whole)
    }
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
