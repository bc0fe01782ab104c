//! Shared secrets: read, judged once, and from then on only a key.
//!
//! RFC 7518 §3.2 (a key for HS256 has 32 octets or more), RFC 8725 §3.5 (a secret that people made up
//! can be guessed offline by anybody who holds one token).
//!
//! Invariant: a `SharedSecret` has passed every check, and shows its text to nobody.

mod sample;

use std::{
    env::{self, VarError},
    fmt,
};

use symbolon_token::{
    Algorithm, Error, ErrorKind, KeySet, Policy, SigningKey, Typ, Verifier, VerifyingKey,
};
use zeroize::Zeroizing;

use self::sample::{is_repetition, is_sample};

/// Where [`SharedSecret::from_env`] looks, in this order.
const VARIABLES: [&str; 2] = ["JWT_SECRET_KEY", "SECRET_KEY"];

/// A secret that two sides share, for HS256. Whoever can verify with it can sign with it.
///
/// Cheap to clone, silent in `Debug`, wiped when the last clone is gone.
///
/// ```
/// use symbolon_guard::{Guard, SecretFlaw, SharedSecret};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let secret = SharedSecret::parse("k9Q2vXo7Zt4mB1rL8wYc5NfJ3hGdPsAe6uTi0KxR")?;
/// let guard = Guard::shared_secret(&secret, "https://login.example", "https://api.example")?;
///
/// let refused = SharedSecret::parse("your-secret-key-your-secret-key!").unwrap_err();
/// assert_eq!(refused.flaw(), SecretFlaw::Sample);
/// assert!(refused.to_string().contains("openssl rand -base64 48"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SharedSecret {
    key: SigningKey,
}

/// The one side signs with it and the other verifies:
///
/// ```
/// use serde_json::json;
/// use symbolon_guard::{SharedSecret, token::{Error, Timestamp, Typ, sign}};
///
/// fn both(secret: &SharedSecret) -> Result<(), Error> {
///     let claims = json!({ "iss": "posts", "aud": "posts", "exp": 1_700_000_600, "user_id": 7 });
///     let token = sign(&secret.signing_key(), Typ::JWT, &claims)?;
///
///     let verifier = secret.verifier("posts", "posts", Typ::JWT)?;
///     assert_eq!(verifier.keys().keys()[0].algorithm(), secret.verifying_key().algorithm());
///     verifier.check(&token, Timestamp::from_secs(1_700_000_000))?;
///     Ok(())
/// }
/// # both(&SharedSecret::parse("k9Q2vXo7Zt4mB1rL8wYc5NfJ3hGdPsAe6uTi0KxR").unwrap()).unwrap();
/// ```
impl SharedSecret {
    /// Takes the text as it stands, octet by octet: nothing is trimmed or decoded, so that another
    /// program which reads the same setting holds the same secret.
    ///
    /// Fails with a [`SecretFlaw`] that says why.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        Self::judge(text).map_err(|flaw| SecretError {
            variable: None,
            flaw,
        })
    }

    /// The secret in the environment: `JWT_SECRET_KEY`, else `SECRET_KEY`. One that is empty counts as
    /// not set; one that is set and unfit is an error, and the next isn't looked at.
    pub fn from_env() -> Result<Self, SecretError> {
        Self::among(|name| env::var(name))
    }

    /// A verifier of HS256 tokens of this issuer, for this audience and of this kind.
    ///
    /// Fails if the issuer or the audience is empty.
    pub fn verifier(
        &self,
        issuer: impl Into<String>,
        audience: impl Into<String>,
        typ: Typ,
    ) -> Result<Verifier, Error> {
        let policy = Policy {
            issuer: issuer.into(),
            audience: vec![audience.into()],
            algorithms: vec![self.key.algorithm()],
            typ,
        };
        Verifier::new(KeySet::new([self.verifying_key()])?, policy)
    }

    /// The secret as a key that signs. It has no name, and never stands in a JWK Set.
    pub fn signing_key(&self) -> SigningKey {
        self.key.clone()
    }

    /// The secret as a key that verifies.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.key.verifying_key()
    }

    fn among(lookup: impl Fn(&str) -> Result<String, VarError>) -> Result<Self, SecretError> {
        for variable in VARIABLES {
            let found = match lookup(variable).map(Zeroizing::new) {
                Ok(text) if text.is_empty() => continue,
                Ok(text) => Self::judge(&text),
                Err(VarError::NotPresent) => continue,
                Err(VarError::NotUnicode(_)) => Err(SecretFlaw::NotText),
            };
            return found.map_err(|flaw| SecretError {
                variable: Some(variable),
                flaw,
            });
        }
        Err(SecretError {
            variable: None,
            flaw: SecretFlaw::Missing,
        })
    }

    fn judge(text: &str) -> Result<Self, SecretFlaw> {
        let key =
            SigningKey::hmac(Algorithm::HS256, text.as_bytes()).map_err(|error| {
                match error.kind() {
                    ErrorKind::WeakKey if text.len() < 32 => SecretFlaw::TooShort,
                    ErrorKind::WeakKey => SecretFlaw::Repeated,
                    _ => SecretFlaw::OtherKey,
                }
            })?;
        if is_sample(text) {
            return Err(SecretFlaw::Sample);
        }
        if is_repetition(text) {
            return Err(SecretFlaw::Repeated);
        }
        Ok(Self { key })
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedSecret").finish_non_exhaustive()
    }
}

/// What is wrong with a secret.
///
/// ```
/// use symbolon_guard::{SecretFlaw, SharedSecret};
///
/// let refused = SharedSecret::parse("secret").unwrap_err();
/// assert_eq!(refused.flaw(), SecretFlaw::TooShort);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretFlaw {
    /// Neither variable is set, or both are empty.
    Missing,
    /// The variable isn't UTF-8.
    NotText,
    /// It has less than 32 octets (RFC 7518 §3.2).
    TooShort,
    /// It is a value from documents and tutorials, such as `secret-key` or `change-me`, padded or
    /// not, or little more than one.
    Sample,
    /// It is a shorter text said several times.
    Repeated,
    /// It is a key of another kind, a public one for instance, which everybody has.
    OtherKey,
}

impl fmt::Display for SecretFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "neither JWT_SECRET_KEY nor SECRET_KEY is set",
            Self::NotText => "the secret is not UTF-8",
            Self::TooShort => "the secret is shorter than 32 bytes",
            Self::Sample => "the secret is a sample value, or little more than one",
            Self::Repeated => "the secret is a shorter text repeated",
            Self::OtherKey => "the secret is a key of another kind",
        })
    }
}

/// Why there is no [`SharedSecret`]. Shown, it names the variable at fault and the command that makes
/// a good one; it holds nothing of the secret.
///
/// ```
/// use symbolon_guard::SharedSecret;
///
/// match SharedSecret::from_env() {
///     Ok(secret) => drop(secret),
///     Err(error) => eprintln!("{error}"), // names the variable, and how to make a good one
/// }
///
/// // What wasn't in the environment has no variable to name.
/// let refused = SharedSecret::parse("short").unwrap_err();
/// assert_eq!(refused.variable(), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretError {
    variable: Option<&'static str>,
    flaw: SecretFlaw,
}

impl SecretError {
    /// What is wrong.
    pub const fn flaw(&self) -> SecretFlaw {
        self.flaw
    }

    /// The environment variable that the secret came from.
    pub const fn variable(&self) -> Option<&'static str> {
        self.variable
    }
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(variable) = self.variable {
            write!(f, "{variable}: ")?;
        }
        write!(
            f,
            "{}; `openssl rand -base64 48` makes a good one",
            self.flaw
        )
    }
}

impl std::error::Error for SecretError {}

#[cfg(test)]
mod tests;
