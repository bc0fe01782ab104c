//! Stored hashes, read from the text forms of the programs that made them.
//!
//! Invariant: a text of a known form is a hash that can be computed, or an error; it is never taken
//! for something else. One page lists every form.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use symbolon_rules::password::PlainPassword;

use super::{
    HashError, argon2,
    argon2::Variant,
    bcrypt,
    bcrypt::Input as BcryptInput,
    pbkdf2,
    pbkdf2::Digest,
    pool::Memory,
    scheme::{Function, Input, Scheme},
    scrypt,
};

/// No form that is known comes near.
const TEXT_MAX: usize = 512;
const SALT_MAX: usize = 128;

type Read = fn(&str) -> Option<Parts>;

/// How a text begins, and who reads what follows.
const FORMS: &[(&str, Read)] = &[
    // PHC strings: Symbolon's own, argon2-cffi's, PHP's, and Django's with a word in front.
    ("$argon2id$", |rest| argon2::phc(Variant::Id, rest)),
    ("argon2$argon2id$", |rest| argon2::phc(Variant::Id, rest)),
    ("$argon2i$", |rest| argon2::phc(Variant::I, rest)),
    ("argon2$argon2i$", |rest| argon2::phc(Variant::I, rest)),
    // Modular crypt, and Django's with a word in front.
    ("$2a$", |rest| bcrypt::crypt(BcryptInput::Password, rest)),
    ("$2b$", |rest| bcrypt::crypt(BcryptInput::Password, rest)),
    ("$2y$", |rest| bcrypt::crypt(BcryptInput::Password, rest)),
    ("bcrypt$$2b$", |rest| {
        bcrypt::crypt(BcryptInput::Password, rest)
    }),
    ("bcrypt$$2a$", |rest| {
        bcrypt::crypt(BcryptInput::Password, rest)
    }),
    ("bcrypt_sha256$$2b$", |rest| {
        bcrypt::crypt(BcryptInput::Sha256, rest)
    }),
    ("bcrypt_sha256$$2a$", |rest| {
        bcrypt::crypt(BcryptInput::Sha256, rest)
    }),
    // Werkzeug, which Flask programs hash with.
    ("pbkdf2:", pbkdf2::werkzeug),
    ("scrypt:", scrypt::werkzeug),
    // Django.
    ("pbkdf2_sha256$", |rest| {
        pbkdf2::django(Digest::Sha256, rest)
    }),
    ("pbkdf2_sha1$", |rest| pbkdf2::django(Digest::Sha1, rest)),
    ("scrypt$", scrypt::django),
    // PHC strings, and passlib's, which look almost alike.
    ("$pbkdf2$", |rest| pbkdf2::phc(Digest::Sha1, rest)),
    ("$pbkdf2-sha256$", |rest| pbkdf2::phc(Digest::Sha256, rest)),
    ("$pbkdf2-sha512$", |rest| pbkdf2::phc(Digest::Sha512, rest)),
    ("$scrypt$", scrypt::phc),
];

/// What a reader finds in a text.
pub(super) struct Parts {
    pub(super) function: Function,
    pub(super) salt: Vec<u8>,
    pub(super) output: Vec<u8>,
}

/// A hash that a password can be compared with.
pub(crate) struct StoredHash {
    scheme: Scheme,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl StoredHash {
    /// Reads a hash. `None` if it isn't of a known form; an error if it is and can't be used.
    pub(crate) fn find(text: &str) -> Option<Result<Self, HashError>> {
        let (prefix, read) = FORMS.iter().find(|(prefix, _)| text.starts_with(prefix))?;
        let parts = (text.len() <= TEXT_MAX)
            .then(|| read(&text[prefix.len()..]))
            .flatten();
        Some(Self::check(parts))
    }

    fn check(parts: Option<Parts>) -> Result<Self, HashError> {
        let parts = parts.ok_or_else(|| HashError::Unusable("it is malformed".to_owned()))?;
        if !(1..=SALT_MAX).contains(&parts.salt.len()) {
            return Err(HashError::Unusable("its salt has an odd length".to_owned()));
        }
        let scheme = Scheme {
            function: parts.function,
            length: parts.output.len(),
        };
        scheme.check()?;
        Ok(Self {
            scheme,
            salt: parts.salt,
            output: parts.output,
        })
    }

    /// Reads what must be a hash.
    pub(super) fn parse(text: &str) -> Result<Self, HashError> {
        Self::find(text)
            .unwrap_or_else(|| Err(HashError::Unusable("its scheme is not known".to_owned())))
    }

    /// What it was computed with.
    pub(crate) fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Whether the password is the one that was hashed. Blocks.
    pub(super) fn matches(
        &self,
        password: &PlainPassword,
        memory: &mut Memory,
    ) -> Result<bool, HashError> {
        let input = Input::new(password, &self.salt);
        let derived = self.scheme.derive(input, memory)?;
        Ok(derived.is_some_and(|bytes| verify_slices_are_equal(&bytes, &self.output).is_ok()))
    }
}

/// The numbers of `m=1,t=2,p=3`, which must have these names in this order.
pub(super) fn numbers<const N: usize>(text: &str, names: [&str; N]) -> Option<[u32; N]> {
    let mut numbers = [0; N];
    let mut fields = text.split(',');
    for (number, name) in numbers.iter_mut().zip(names) {
        *number = decimal(fields.next()?.strip_prefix(name)?.strip_prefix('=')?)?;
    }
    fields.next().is_none().then_some(numbers)
}

/// Digits alone: `u32`'s own parser would take a sign too.
pub(super) fn decimal(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// The parts of a text between dollar signs, which must be this many.
pub(super) fn fields<const N: usize>(text: &str) -> Option<[&str; N]> {
    let fields: Vec<_> = text.split('$').collect();
    fields.try_into().ok()
}
