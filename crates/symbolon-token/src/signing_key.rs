//! Keys that sign.
//!
//! A signing key carries the verifying key that belongs to it, so the two can't drift apart. What is
//! secret is shown by `to_pkcs8_der` alone, in memory that is wiped when dropped.

use std::{fmt, sync::Arc};

use zeroize::Zeroizing;

use crate::{
    Algorithm, Jwk, VerifyingKey, crypto, der,
    error::{Error, ErrorKind},
    pem::Pem,
    public_key::{Curve, PublicParts},
};

/// A key that signs with one algorithm. Cheap to clone; `Debug` shows its algorithm and name only.
///
/// ```
/// use symbolon_token::{Algorithm, SigningKey};
///
/// let key = SigningKey::generate(Algorithm::ES256)?;
/// let stored = key.to_pkcs8_der()?;
/// let again = SigningKey::from_pkcs8_der(Algorithm::ES256, &stored)?;
/// assert_eq!(
///     again.public_jwk().map(|jwk| jwk.thumbprint()).as_deref(),
///     key.kid(),
/// );
/// # Ok::<(), symbolon_token::Error>(())
/// ```
#[derive(Clone)]
pub struct SigningKey {
    signing: Arc<crypto::Signing>,
    public: Option<PublicParts>,
    verifying: VerifyingKey,
}

impl SigningKey {
    /// A shared secret for an HMAC algorithm, under the conditions of [`VerifyingKey::hmac`].
    ///
    /// Whoever can verify with it can sign with it.
    pub fn hmac(algorithm: Algorithm, secret: &[u8]) -> Result<Self, Error> {
        Ok(Self {
            signing: Arc::new(crypto::Signing::hmac(algorithm, secret)?),
            public: None,
            verifying: VerifyingKey::hmac(algorithm, secret)?,
        })
    }

    /// A fresh key pair, named by its RFC 7638 thumbprint. RSA keys have 2048 bits.
    ///
    /// Fails for HMAC algorithms: a secret that two sides share is brought along, see
    /// [`SigningKey::hmac`].
    pub fn generate(algorithm: Algorithm) -> Result<Self, Error> {
        let key = Self::from_signing(algorithm, crypto::Signing::generate(algorithm)?)?;
        Ok(match key.public.as_ref().map(PublicParts::thumbprint) {
            Some(thumbprint) => key.with_kid(thumbprint),
            None => key,
        })
    }

    /// An unencrypted private key in PKCS#8 (RFC 5958). It has no name until it is given one.
    pub fn from_pkcs8_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, Error> {
        let (key_type, parts) = der::private_key_info(der)?;
        let fits = match algorithm {
            Algorithm::HS256 => false,
            Algorithm::RS256 | Algorithm::PS256 => key_type == der::KeyType::Rsa,
            Algorithm::ES256 => key_type == der::KeyType::Ec(Curve::P256),
            Algorithm::ES384 => key_type == der::KeyType::Ec(Curve::P384),
            Algorithm::Ed25519 | Algorithm::EdDSA => key_type == der::KeyType::Ed25519,
        };
        if !fits {
            return Err(Error::new(
                ErrorKind::WrongKey,
                "a key of this type can't be used with this algorithm",
            ));
        }
        if let Some(parts) = parts {
            parts.check_strength()?;
        }
        Self::from_signing(algorithm, crypto::Signing::from_pkcs8(algorithm, der)?)
    }

    /// An unencrypted private key in PEM, labelled `PRIVATE KEY`.
    ///
    /// The older labels (`RSA PRIVATE KEY`, `EC PRIVATE KEY`) aren't PKCS#8;
    /// `openssl pkcs8 -topk8 -nocrypt` converts them.
    pub fn from_pkcs8_pem(algorithm: Algorithm, pem: &str) -> Result<Self, Error> {
        let pem = Pem::parse(pem)?;
        if pem.label != "PRIVATE KEY" {
            return Err(Error::new(
                ErrorKind::UnsupportedKey,
                "only the label PRIVATE KEY is an unencrypted PKCS#8 key",
            ));
        }
        Self::from_pkcs8_der(algorithm, &pem.der)
    }

    /// The private key as unencrypted PKCS#8, to be encrypted before it is stored.
    ///
    /// Fails for a shared secret, which has no such form.
    pub fn to_pkcs8_der(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.signing.to_pkcs8().ok_or(Error::new(
            ErrorKind::UnsupportedKey,
            "a shared secret has no PKCS#8 form",
        ))
    }

    /// The same key under this name, which is written into tokens as `kid`.
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.verifying = self.verifying.with_kid(kid);
        self
    }

    /// The name of the key, if it has one.
    pub fn kid(&self) -> Option<&str> {
        self.verifying.kid()
    }

    /// The one algorithm of the key.
    pub fn algorithm(&self) -> Algorithm {
        self.verifying.algorithm()
    }

    /// The key that verifies what this one signs, under the same name.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.verifying.clone()
    }

    /// The public half to publish, with its name, algorithm and `use`; `None` for a shared secret,
    /// which must never be published.
    pub fn public_jwk(&self) -> Option<Jwk> {
        let parts = self.public.clone()?;
        Some(Jwk::for_signatures(parts, self.algorithm(), self.kid()))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.signing.sign(message)
    }

    fn from_signing(algorithm: Algorithm, signing: crypto::Signing) -> Result<Self, Error> {
        let public = signing.public_parts()?.ok_or(Error::new(
            ErrorKind::InvalidKey,
            "the key has no public half",
        ))?;
        Ok(Self {
            verifying: VerifyingKey::from_parts(algorithm, &public)?,
            public: Some(public),
            signing: Arc::new(signing),
        })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm())
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}
