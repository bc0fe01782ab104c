//! Keys that own their algorithm.

use std::{fmt, sync::Arc};

use zeroize::Zeroizing;

use crate::{Algorithm, Error, ErrorKind, Jwk};

const UNBUILT: Error = Error::new(ErrorKind::InvalidKey, "not built yet");

/// A key that verifies.
#[derive(Clone)]
pub struct VerifyingKey {
    algorithm: Algorithm,
    kid: Option<Arc<str>>,
}

impl VerifyingKey {
    /// A shared secret.
    pub fn hmac(_algorithm: Algorithm, _secret: &[u8]) -> Result<Self, Error> {
        Err(UNBUILT)
    }
    /// From PEM.
    pub fn from_pem(_algorithm: Algorithm, _pem: &str) -> Result<Self, Error> {
        Err(UNBUILT)
    }
    /// From SPKI DER.
    pub fn from_spki_der(_algorithm: Algorithm, _der: &[u8]) -> Result<Self, Error> {
        Err(UNBUILT)
    }
    /// From a JWK.
    pub fn from_jwk(_jwk: &Jwk, _algorithm: Algorithm) -> Result<Self, Error> {
        Err(UNBUILT)
    }
    /// Names the key.
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into().into());
        self
    }
    /// The kid.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }
    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// A key that signs.
#[derive(Clone)]
pub struct SigningKey {
    algorithm: Algorithm,
    kid: Option<Arc<str>>,
}

impl SigningKey {
    /// A shared secret.
    pub fn hmac(_algorithm: Algorithm, _secret: &[u8]) -> Result<Self, Error> {
        Err(UNBUILT)
    }
    /// A fresh key.
    pub fn generate(_algorithm: Algorithm) -> Result<Self, Error> {
        Err(UNBUILT)
    }
    /// From PKCS#8 DER.
    pub fn from_pkcs8_der(_algorithm: Algorithm, _der: &[u8]) -> Result<Self, Error> {
        Err(UNBUILT)
    }
    /// From PKCS#8 PEM.
    pub fn from_pkcs8_pem(_algorithm: Algorithm, _pem: &str) -> Result<Self, Error> {
        Err(UNBUILT)
    }
    /// To PKCS#8 DER.
    pub fn to_pkcs8_der(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        Err(UNBUILT)
    }
    /// Names the key.
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into().into());
        self
    }
    /// The kid.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }
    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
    /// The key that verifies what this one signs.
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey {
            algorithm: self.algorithm,
            kid: self.kid.clone(),
        }
    }
    /// The public half as a JWK.
    pub fn public_jwk(&self) -> Option<Jwk> {
        None
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}
