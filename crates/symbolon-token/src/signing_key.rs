//! Keys that sign.
//!
//! A signing key carries the verifying key that belongs to it, so the two can't drift apart. What is
//! secret is shown by `to_pkcs8_der`, `to_pkcs8_pem` and `to_private_jwk` alone, in memory that is wiped when
//! dropped.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use zeroize::Zeroizing;

use crate::{
    Algorithm, Jwk, Typ, VerifyingKey, crypto, der,
    error::{Error, ErrorKind},
    jwk::{PrivateJwk, private_jwk},
    pem::{Pem, armour},
    private_key::SecretParts,
    public_key::{KeyType, PublicParts},
};

/// A key that signs with one algorithm (RFC 8725 §3.1). Cheap to clone; `Debug` shows its algorithm and
/// name only.
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
/// let named = again.with_kid("2026-11");
/// assert_eq!(named.verifying_key().kid(), Some("2026-11"));
///
/// // A shared secret for an HMAC has both halves in one.
/// let shared = SigningKey::hmac(Algorithm::HS256, b"0123456789abcdefghijklmnopqrstuv")?;
/// assert!(shared.public_jwk().is_none());
/// # Ok::<(), symbolon_token::Error>(())
/// ```
#[derive(Clone)]
pub struct SigningKey {
    signing: Arc<crypto::Signing>,
    public: Option<PublicParts>,
    verifying: VerifyingKey,
    /// The header of the first kind of token that was signed, encoded: most keys sign one kind.
    header: Arc<OnceLock<(Typ, String)>>,
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
            header: Arc::default(),
        })
    }

    /// A fresh key pair, named by its RFC 7638 thumbprint. RSA keys have 2048 bits.
    ///
    /// For an HMAC algorithm it is a fresh secret as long as the hash, without a name: the thumbprint
    /// of a secret is best not shown (RFC 7638 §7). [`SigningKey::to_private_jwk`] hands it
    /// to the other side.
    pub fn generate(algorithm: Algorithm) -> Result<Self, Error> {
        if algorithm.is_symmetric() {
            return Self::hmac(algorithm, &crypto::random_secret(algorithm)?);
        }
        let key = Self::from_signing(algorithm, crypto::Signing::generate(algorithm)?)?;
        Ok(match key.public.as_ref().map(PublicParts::thumbprint) {
            Some(thumbprint) => key.with_kid(thumbprint),
            None => key,
        })
    }

    /// An unencrypted private key in PKCS#8 (RFC 5958). It has no name until it is given one.
    pub fn from_pkcs8_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, Error> {
        let (key_type, parts) = der::private_key_info(der)?;
        if !key_type.fits(algorithm) {
            return Err(WRONG_TYPE);
        }
        if let Some(parts) = parts {
            parts.check_strength()?;
        }
        Self::from_signing(algorithm, crypto::Signing::from_pkcs8(algorithm, der)?)
    }

    /// An unencrypted private key in PEM, labelled `PRIVATE KEY`.
    ///
    /// The older labels aren't PKCS#8: [`SigningKey::from_pem`] reads them too.
    ///
    /// ```
    /// use symbolon_token::{Algorithm, SigningKey};
    ///
    /// let pem = "-----BEGIN PRIVATE KEY-----
    /// MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
    /// -----END PRIVATE KEY-----";
    /// assert!(SigningKey::from_pkcs8_pem(Algorithm::Ed25519, pem).is_ok());
    /// ```
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

    /// An unencrypted private key in PEM: `PRIVATE KEY` (PKCS#8), or one of the older labels
    /// `RSA PRIVATE KEY` (PKCS#1, RFC 8017 §A.1.2) and `EC PRIVATE KEY` (SEC 1, RFC 5915).
    ///
    /// The file must hold that one block: an `EC PARAMETERS` in front of an EC key has to go
    /// (`openssl ec` leaves it out). Fails like [`SigningKey::from_pkcs8_der`] on keys that are weak
    /// or for another algorithm, and on encrypted ones.
    ///
    /// ```
    /// use symbolon_token::{Algorithm, SigningKey};
    ///
    /// let pem = "-----BEGIN EC PRIVATE KEY-----
    /// MHcCAQEEIKQCcU3GIjRzLVH87tSMzS05Q1Gzoo5Za/23nn54weVeoAoGCCqGSM49
    /// AwEHoUQDQgAEVmoYFZy7Fi7tZgbIP/64iA4e/d9ImDlUSW1amAhdkA+dQsQrzl5k
    /// GyQxoSjca6l52IXhWubjY5YU/eRtDwNBzg==
    /// -----END EC PRIVATE KEY-----";
    /// assert!(SigningKey::from_pem(Algorithm::ES256, pem).is_ok());
    /// # Ok::<(), symbolon_token::Error>(())
    /// ```
    pub fn from_pem(algorithm: Algorithm, pem: &str) -> Result<Self, Error> {
        let pem = Pem::parse(pem)?;
        match pem.label {
            "PRIVATE KEY" => Self::from_pkcs8_der(algorithm, &pem.der),
            "RSA PRIVATE KEY" => {
                let (public, secret) = der::rsa_private_key(&pem.der)?;
                Self::from_parts(algorithm, &public, &secret)
            }
            "EC PRIVATE KEY" => Self::from_sec1_der(algorithm, &pem.der),
            _ => Err(Error::new(
                ErrorKind::UnsupportedKey,
                "this label isn't that of an unencrypted private key",
            )),
        }
    }

    /// A private key as JSON (RFC 7517), named as the JWK is: RSA with the members of the Chinese
    /// remainder theorem, EC, OKP, or `oct` for an HMAC algorithm.
    ///
    /// Fails on JSON that isn't strict, on numbers that aren't canonical base64url of the right
    /// length, if public and private members aren't of one key, if the JWK's `alg`, `use` or
    /// `key_ops` doesn't allow signing with `algorithm`, and on keys that are weak.
    ///
    /// ```
    /// use symbolon_token::{Algorithm, SigningKey};
    ///
    /// let key = SigningKey::from_jwk(
    ///     Algorithm::Ed25519,
    ///     br#"{"kty":"OKP","crv":"Ed25519","kid":"a",
    ///         "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    ///         "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
    /// )?;
    /// assert_eq!(key.kid(), Some("a"));
    /// # Ok::<(), symbolon_token::Error>(())
    /// ```
    pub fn from_jwk(algorithm: Algorithm, json: &[u8]) -> Result<Self, Error> {
        let (key, kid) = match PrivateJwk::parse(json, algorithm)? {
            PrivateJwk::Pair { public, secret } => (
                Self::from_parts(algorithm, public.parts(), &secret)?,
                public.kid().map(str::to_owned),
            ),
            PrivateJwk::Symmetric { secret, kid } => (Self::hmac(algorithm, &secret)?, kid),
        };
        Ok(match kid {
            Some(kid) => key.with_kid(kid),
            None => key,
        })
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

    /// The same in PEM, labelled `PRIVATE KEY` (RFC 7468 §10).
    ///
    /// Fails for a shared secret, which has no such form.
    ///
    /// ```
    /// use symbolon_token::{Algorithm, SigningKey};
    ///
    /// let key = SigningKey::generate(Algorithm::Ed25519)?;
    /// let pem = key.to_pkcs8_pem()?;
    /// let again = SigningKey::from_pem(Algorithm::Ed25519, &pem)?;
    /// assert_eq!(*again.to_pkcs8_der()?, *key.to_pkcs8_der()?);
    /// # Ok::<(), symbolon_token::Error>(())
    /// ```
    pub fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, Error> {
        let der = self.to_pkcs8_der()?;
        Ok(Zeroizing::new(armour("PRIVATE KEY", &der)))
    }

    /// The private key as JSON, which [`SigningKey::from_jwk`] reads; of a shared secret the secret.
    ///
    /// This, [`SigningKey::to_pkcs8_der`] and [`SigningKey::to_pkcs8_pem`] are the only ways out for what is
    /// private: a [`Jwk`] never holds it.
    ///
    /// ```
    /// use symbolon_token::{Algorithm, SigningKey};
    ///
    /// let key = SigningKey::generate(Algorithm::HS256)?;
    /// let other_side = SigningKey::from_jwk(Algorithm::HS256, key.to_private_jwk()?.as_bytes())?;
    /// assert_eq!(other_side.algorithm(), Algorithm::HS256);
    /// # Ok::<(), symbolon_token::Error>(())
    /// ```
    pub fn to_private_jwk(&self) -> Result<Zeroizing<String>, Error> {
        let secret = self.signing.secret()?;
        let public = self.public_jwk();
        private_jwk(
            public.as_ref(),
            &secret,
            self.kid(),
            self.algorithm().name(),
        )
    }

    /// The same key under this name, which is written into tokens as `kid`.
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.verifying = self.verifying.with_kid(kid);
        self.header = Arc::default();
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

    pub(crate) fn sign(&self, message: &[u8]) -> Result<crypto::Signature, Error> {
        self.signing.sign(message)
    }

    /// Gives the encoded header of a kind of token to `append`, made anew only for the second kind.
    pub(crate) fn with_header<T>(
        &self,
        typ: &Typ,
        make: impl Fn() -> Result<String, Error>,
        append: impl FnOnce(&str) -> T,
    ) -> Result<T, Error> {
        if let Some((known, header)) = self.header.get()
            && known.as_str() == typ.as_str()
        {
            return Ok(append(header));
        }
        let header = make()?;
        let appended = append(&header);
        self.header.get_or_init(|| (typ.clone(), header));
        Ok(appended)
    }

    fn from_parts(
        algorithm: Algorithm,
        public: &PublicParts,
        secret: &SecretParts,
    ) -> Result<Self, Error> {
        if !public.fits(algorithm) {
            return Err(WRONG_TYPE);
        }
        public.check_strength()?;
        Self::from_signing(
            algorithm,
            crypto::Signing::from_parts(algorithm, public, secret)?,
        )
    }

    fn from_sec1_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, Error> {
        let (curve, public) = der::ec_private_key(der)?;
        if !KeyType::Ec(curve).fits(algorithm) {
            return Err(WRONG_TYPE);
        }
        let key = Self::from_signing(algorithm, crypto::Signing::from_sec1(algorithm, der)?)?;
        if public.is_some() && public != key.public {
            return Err(Error::new(
                ErrorKind::InvalidKey,
                "the public half isn't that of the private one",
            ));
        }
        Ok(key)
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
            header: Arc::default(),
        })
    }
}

const WRONG_TYPE: Error = Error::new(
    ErrorKind::WrongKey,
    "a key of this type can't be used with this algorithm",
);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm())
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}
