//! Keys that verify. The algorithm belongs to the key, not to the token.
//!
//! Invariant: a key is bound to exactly one algorithm when it is imported (RFC 8725 §3.1), and has
//! passed every strength check by then. A token's header can only agree with it or be refused, which
//! is what closes the confusion of a public key with an HMAC secret.

use std::{fmt, sync::Arc};

use crate::{
    Algorithm, Jwk, crypto, der,
    error::{Error, ErrorKind},
    pem::Pem,
    public_key::PublicParts,
};

/// A key that verifies signatures of one algorithm (RFC 8725 §3.1). Cheap to clone; `Debug` shows its
/// algorithm and name only.
///
/// ```
/// use symbolon_token::{Algorithm, Jwk, VerifyingKey};
///
/// let pem = "-----BEGIN PUBLIC KEY-----
/// MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7
/// 6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==
/// -----END PUBLIC KEY-----";
/// let key = VerifyingKey::from_pem(Algorithm::ES256, pem)?.with_kid("2026-11");
/// assert_eq!((key.algorithm(), key.kid()), (Algorithm::ES256, Some("2026-11")));
///
/// // The same key in other formats.
/// let jwk = Jwk::from_pem(pem)?;
/// VerifyingKey::from_jwk(&jwk, Algorithm::ES256)?;
/// VerifyingKey::from_spki_der(Algorithm::ES256, &jwk.to_spki_der())?;
/// VerifyingKey::from_ssh(Algorithm::ES256, &jwk.to_ssh()?)?;
///
/// // A public key isn't a certificate.
/// assert!(VerifyingKey::from_certificate_pem(Algorithm::ES256, pem).is_err());
///
/// // The same key can't be taken for another algorithm's, least of all for a shared secret.
/// assert!(VerifyingKey::from_pem(Algorithm::ES384, pem).is_err());
/// assert!(VerifyingKey::hmac(Algorithm::HS256, pem.as_bytes()).is_err());
/// # Ok::<(), symbolon_token::Error>(())
/// ```
#[derive(Clone)]
pub struct VerifyingKey {
    algorithm: Algorithm,
    kid: Option<Arc<str>>,
    verification: Arc<crypto::Verification>,
}

impl VerifyingKey {
    /// A shared secret for an HMAC algorithm.
    ///
    /// Fails if it is shorter than the hash (32 octets for HS256; RFC 7518 §3.2), one octet repeated,
    /// or an asymmetric key in any common format, whatever stands in front of it.
    pub fn hmac(algorithm: Algorithm, secret: &[u8]) -> Result<Self, Error> {
        Ok(Self::bind(
            algorithm,
            crypto::Verification::hmac(algorithm, secret)?,
        ))
    }

    /// A public key in PEM: `PUBLIC KEY`, or `RSA PUBLIC KEY` for RSA.
    ///
    /// Fails on certificates, private keys and files with more than one block.
    pub fn from_pem(algorithm: Algorithm, pem: &str) -> Result<Self, Error> {
        let pem = Pem::parse(pem)?;
        match pem.label {
            "PUBLIC KEY" => Self::from_spki_der(algorithm, &pem.der),
            "RSA PUBLIC KEY" => Self::from_parts(algorithm, &der::rsa_public_key(&pem.der)?),
            _ => Err(Error::new(
                ErrorKind::UnsupportedKey,
                "only the labels PUBLIC KEY and RSA PUBLIC KEY are public keys",
            )),
        }
    }

    /// A public key as the DER of a `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7).
    pub fn from_spki_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, Error> {
        Self::from_parts(algorithm, &der::public_key_info(der)?)
    }

    /// The public key of a certificate in PEM, of which nothing else is checked; see [`Jwk::from_pem`].
    pub fn from_certificate_pem(algorithm: Algorithm, pem: &str) -> Result<Self, Error> {
        if Pem::parse(pem)?.label != "CERTIFICATE" {
            return Err(Error::new(
                ErrorKind::UnsupportedKey,
                "the label isn't CERTIFICATE",
            ));
        }
        Self::from_jwk(&Jwk::from_pem(pem)?, algorithm)
    }

    /// A public key as the line of an OpenSSH file.
    pub fn from_ssh(algorithm: Algorithm, line: &str) -> Result<Self, Error> {
        Self::from_jwk(&Jwk::from_ssh(line)?, algorithm)
    }

    /// A public key from a JWK, named as the JWK is.
    ///
    /// Fails if the JWK's `alg`, `use` or `key_ops` says that it is for something else
    /// (RFC 7517 §4.2 to §4.4). What the JWK doesn't say, `algorithm` decides.
    pub fn from_jwk(jwk: &Jwk, algorithm: Algorithm) -> Result<Self, Error> {
        jwk.check_verifies(algorithm)?;
        let mut key = Self::from_parts(algorithm, jwk.parts())?;
        key.kid = jwk.kid().map(Arc::from);
        Ok(key)
    }

    /// The same key under this name, which tokens give in their `kid` header.
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into().into());
        self
    }

    /// The name of the key, if it has one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The one algorithm of the key.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(crate) fn from_parts(algorithm: Algorithm, parts: &PublicParts) -> Result<Self, Error> {
        Ok(Self::bind(algorithm, parts.verification(algorithm)?))
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        self.verification.verify(message, signature)
    }

    fn bind(algorithm: Algorithm, verification: crypto::Verification) -> Self {
        Self {
            algorithm,
            kid: None,
            verification: Arc::new(verification),
        }
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
