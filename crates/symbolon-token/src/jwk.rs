//! JSON Web Keys (RFC 7517, RFC 7518 §6, RFC 8037 §2): public keys as JSON.
//!
//! Invariant: a `Jwk` never holds a private or symmetric member. A document that shows one is refused
//! whole: a private key that was published isn't private, and `"k"` in a key set would let every
//! reader sign.

use serde::Serialize;

use crate::{
    Algorithm,
    error::{Error, ErrorKind},
    json::Object,
    jwk::members::Members,
    public_key::PublicParts,
};

mod export;
mod formats;
mod members;
mod private;

pub(crate) use {export::private_jwk, private::PrivateJwk};

/// A public key as JSON (RFC 7517 §4).
///
/// ```
/// use symbolon_token::Jwk;
///
/// let jwk = Jwk::parse(
///     br#"{"kty":"OKP","crv":"Ed25519","kid":"a","alg":"Ed25519",
///         "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
/// )?;
/// assert_eq!((jwk.kid(), jwk.algorithm()), (Some("a"), Some("Ed25519")));
/// assert_eq!(jwk.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
/// # Ok::<(), symbolon_token::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwk {
    parts: PublicParts,
    kid: Option<String>,
    algorithm: Option<String>,
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
}

impl Jwk {
    /// Reads one public key.
    ///
    /// Fails on JSON that isn't strict, on private members, on types and curves that aren't
    /// supported and on numbers that aren't canonical base64url of the right length. Whether the
    /// key is any good is checked by [`VerifyingKey::from_jwk`](crate::VerifyingKey::from_jwk).
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        Self::read(Object::parse(json)?)
    }

    /// The name of the key, if it has one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// What the key says it is for, as written; it may be an algorithm that isn't supported.
    pub fn algorithm(&self) -> Option<&str> {
        self.algorithm.as_deref()
    }

    /// The SHA-256 thumbprint (RFC 7638), in base64url.
    pub fn thumbprint(&self) -> String {
        self.parts.thumbprint()
    }

    pub(crate) fn for_signatures(
        parts: PublicParts,
        algorithm: Algorithm,
        kid: Option<&str>,
    ) -> Self {
        Self {
            parts,
            kid: kid.map(str::to_owned),
            algorithm: Some(algorithm.name().to_owned()),
            usage: Some("sig".to_owned()),
            key_ops: None,
        }
    }

    pub(crate) const fn parts(&self) -> &PublicParts {
        &self.parts
    }

    /// Whether the key's own members let it verify with this algorithm.
    pub(crate) fn check_verifies(&self, algorithm: Algorithm) -> Result<(), Error> {
        if self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return Err(wrong_key("the JWK's use isn't sig"));
        }
        let may_verify = |operations: &Vec<String>| operations.iter().any(|name| name == "verify");
        if !self.key_ops.as_ref().is_none_or(may_verify) {
            return Err(wrong_key("the JWK's key_ops don't contain verify"));
        }
        if self
            .algorithm()
            .is_some_and(|named| named != algorithm.name())
        {
            return Err(wrong_key("the JWK's alg is another one"));
        }
        Ok(())
    }

    pub(crate) fn read(object: Object<'_>) -> Result<Self, Error> {
        let members = Members::read(object)?;
        if members.private.shown {
            return Err(Error::new(
                ErrorKind::InvalidKey,
                "the JWK shows a private member",
            ));
        }
        let parts = members.public_parts()?;
        Ok(Self::from_members(members, parts))
    }

    fn from_members(members: Members<'_>, parts: PublicParts) -> Self {
        Self {
            parts,
            kid: members.kid,
            algorithm: members.alg,
            usage: members.usage,
            key_ops: members.key_ops,
        }
    }

    /// The name in a JWK that may be unusable otherwise.
    pub(crate) fn read_kid(object: Object<'_>) -> Option<String> {
        object
            .members()
            .find(|(name, _)| name.decoded() == "kid")
            .and_then(|(_, value)| value.into_string())
            .map(std::borrow::Cow::into_owned)
    }
}

/// A JWK Set to publish (RFC 7517 §5). To read one, see
/// [`KeySet::from_jwks`](crate::KeySet::from_jwks).
///
/// ```
/// use symbolon_token::{Algorithm, JwkSet, KeySet, SigningKey};
///
/// let key = SigningKey::generate(Algorithm::ES256)?;
/// let document = JwkSet { keys: key.public_jwk().into_iter().collect() };
/// let document = serde_json::to_vec(&document).expect("JSON");
/// assert_eq!(KeySet::from_jwks(&document, &[Algorithm::ES256])?.keys.len(), 1);
/// # Ok::<(), symbolon_token::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JwkSet {
    /// The public keys, in the order of publication.
    pub keys: Vec<Jwk>,
}

const fn wrong_key(reason: &'static str) -> Error {
    Error::new(ErrorKind::WrongKey, reason)
}
