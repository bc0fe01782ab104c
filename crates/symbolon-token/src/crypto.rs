//! The only file that names the cryptographic library.
//!
//! Invariant: a key is parsed once, when it is imported, and is bound to its algorithm from then on;
//! nothing here looks at a token's header. Signatures are raw and of fixed length as JWS wants them
//! (RFC 7518 §3.4), so DER or a shortened form never reaches a parser.

use aws_lc_rs::{
    digest,
    encoding::{AsBigEndian as _, AsDer as _},
    hmac,
    rand::{SecureRandom as _, SystemRandom},
    rsa::{KeyPairComponents, KeySize, PublicKeyComponents},
    signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, ParsedPublicKey, RsaKeyPair},
};
use zeroize::Zeroizing;

use crate::{
    Algorithm, der,
    error::{Error, ErrorKind},
    private_key::{Secret, SecretParts},
    public_key::{Curve, PublicParts},
    strength::check_hmac_secret,
};

const BAD_SIGNATURE: Error = Error::new(
    ErrorKind::BadSignature,
    "the signature doesn't belong to this token and key",
);
const BAD_PUBLIC_KEY: Error = Error::new(ErrorKind::InvalidKey, "this isn't a valid public key");
const BAD_PRIVATE_KEY: Error = Error::new(ErrorKind::InvalidKey, "this isn't a valid private key");
const SIGNING_FAILED: Error = Error::new(ErrorKind::SigningFailed, "the signature wasn't made");
const NOT_GENERATED: Error = Error::new(ErrorKind::SigningFailed, "the key wasn't made");
const NOT_SYMMETRIC: Error = Error::new(
    ErrorKind::WrongKey,
    "a shared secret only goes with an HMAC algorithm",
);
const NOT_ASYMMETRIC: Error = Error::new(
    ErrorKind::WrongKey,
    "an HMAC algorithm takes a shared secret, not a key pair",
);

pub(crate) fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

/// The hash that an algorithm uses, over some octets. For Ed25519 that is SHA-512 (RFC 8032 §5.1).
pub(crate) fn hash_of(algorithm: Algorithm, octets: &[u8]) -> Vec<u8> {
    let hash = match algorithm {
        Algorithm::HS256
        | Algorithm::RS256
        | Algorithm::PS256
        | Algorithm::ES256
        | Algorithm::ES256K => &digest::SHA256,
        Algorithm::HS384 | Algorithm::RS384 | Algorithm::PS384 | Algorithm::ES384 => {
            &digest::SHA384
        }
        Algorithm::HS512
        | Algorithm::RS512
        | Algorithm::PS512
        | Algorithm::ES512
        | Algorithm::Ed25519
        | Algorithm::EdDSA => &digest::SHA512,
    };
    digest::digest(hash, octets).as_ref().to_vec()
}

/// The mathematics of one algorithm, with its parameters.
enum Scheme {
    Hmac(hmac::Algorithm),
    Rsa(
        &'static signature::RsaParameters,
        &'static dyn signature::RsaEncoding,
    ),
    Ecdsa(
        Curve,
        &'static signature::EcdsaVerificationAlgorithm,
        &'static signature::EcdsaSigningAlgorithm,
    ),
    Ed25519,
}

impl Scheme {
    fn of(algorithm: Algorithm) -> Self {
        use signature as s;
        match algorithm {
            Algorithm::HS256 => Self::Hmac(hmac::HMAC_SHA256),
            Algorithm::HS384 => Self::Hmac(hmac::HMAC_SHA384),
            Algorithm::HS512 => Self::Hmac(hmac::HMAC_SHA512),
            Algorithm::RS256 => Self::Rsa(&s::RSA_PKCS1_2048_8192_SHA256, &s::RSA_PKCS1_SHA256),
            Algorithm::RS384 => Self::Rsa(&s::RSA_PKCS1_2048_8192_SHA384, &s::RSA_PKCS1_SHA384),
            Algorithm::RS512 => Self::Rsa(&s::RSA_PKCS1_2048_8192_SHA512, &s::RSA_PKCS1_SHA512),
            Algorithm::PS256 => Self::Rsa(&s::RSA_PSS_2048_8192_SHA256, &s::RSA_PSS_SHA256),
            Algorithm::PS384 => Self::Rsa(&s::RSA_PSS_2048_8192_SHA384, &s::RSA_PSS_SHA384),
            Algorithm::PS512 => Self::Rsa(&s::RSA_PSS_2048_8192_SHA512, &s::RSA_PSS_SHA512),
            Algorithm::ES256 => Self::Ecdsa(
                Curve::P256,
                &s::ECDSA_P256_SHA256_FIXED,
                &s::ECDSA_P256_SHA256_FIXED_SIGNING,
            ),
            Algorithm::ES384 => Self::Ecdsa(
                Curve::P384,
                &s::ECDSA_P384_SHA384_FIXED,
                &s::ECDSA_P384_SHA384_FIXED_SIGNING,
            ),
            Algorithm::ES512 => Self::Ecdsa(
                Curve::P521,
                &s::ECDSA_P521_SHA512_FIXED,
                &s::ECDSA_P521_SHA512_FIXED_SIGNING,
            ),
            Algorithm::ES256K => Self::Ecdsa(
                Curve::K256,
                &s::ECDSA_P256K1_SHA256_FIXED,
                &s::ECDSA_P256K1_SHA256_FIXED_SIGNING,
            ),
            Algorithm::Ed25519 | Algorithm::EdDSA => Self::Ed25519,
        }
    }
}

/// A secret as long as the hash of an HMAC algorithm (RFC 7518 §3.2).
pub(crate) fn random_secret(algorithm: Algorithm) -> Result<Secret, Error> {
    let Scheme::Hmac(hash) = Scheme::of(algorithm) else {
        return Err(NOT_SYMMETRIC);
    };
    let mut secret = Secret::new(vec![0; hash.tag_len()]);
    SystemRandom::new()
        .fill(&mut secret)
        .map_err(|_| NOT_GENERATED)?;
    Ok(secret)
}

fn hmac_key(algorithm: Algorithm, secret: &[u8]) -> Result<Box<hmac::Key>, Error> {
    let Scheme::Hmac(hash) = Scheme::of(algorithm) else {
        return Err(NOT_SYMMETRIC);
    };
    check_hmac_secret(secret, hash.tag_len())?;
    Ok(Box::new(hmac::Key::new(hash, secret)))
}

/// An uncompressed point (SEC 1 §2.3.3).
fn point(x: &[u8], y: &[u8]) -> Vec<u8> {
    [&[4], x, y].concat()
}

/// The half of a key that checks signatures.
pub(crate) enum Verification {
    Hmac(Box<hmac::Key>),
    Asymmetric(ParsedPublicKey),
}

impl Verification {
    pub(crate) fn hmac(algorithm: Algorithm, secret: &[u8]) -> Result<Self, Error> {
        Ok(Self::Hmac(hmac_key(algorithm, secret)?))
    }

    /// Takes parts that fit the algorithm and have passed the strength checks.
    pub(crate) fn asymmetric(algorithm: Algorithm, parts: &PublicParts) -> Result<Self, Error> {
        let key = match (Scheme::of(algorithm), parts) {
            (Scheme::Rsa(parameters, _), PublicParts::Rsa { n, e }) => {
                signature::RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters)
            }
            (Scheme::Ecdsa(_, verification, _), PublicParts::Ec { x, y, .. }) => {
                ParsedPublicKey::new(verification, point(x, y))
            }
            (Scheme::Ed25519, PublicParts::Ed25519 { x }) => {
                ParsedPublicKey::new(&signature::ED25519, x)
            }
            _ => return Err(BAD_PUBLIC_KEY),
        };
        Ok(Self::Asymmetric(key.map_err(|_| BAD_PUBLIC_KEY)?))
    }

    /// Compares in constant time where the signature is a secret (HMAC).
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        match self {
            Self::Hmac(key) => hmac::verify(key, message, signature),
            Self::Asymmetric(key) => key.verify_sig(message, signature),
        }
        .map_err(|_| BAD_SIGNATURE)
    }
}

/// The half of a key that makes signatures.
pub(crate) enum Signing {
    /// The backend doesn't give a secret back, so it is kept beside for whoever may export it.
    Hmac(Box<hmac::Key>, Secret),
    Rsa(RsaKeyPair, &'static dyn signature::RsaEncoding),
    Ecdsa(Curve, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Signing {
    pub(crate) fn hmac(algorithm: Algorithm, secret: &[u8]) -> Result<Self, Error> {
        let key = hmac_key(algorithm, secret)?;
        Ok(Self::Hmac(key, Secret::new(secret.to_vec())))
    }

    pub(crate) fn generate(algorithm: Algorithm) -> Result<Self, Error> {
        Ok(match Scheme::of(algorithm) {
            Scheme::Hmac(_) => return Err(NOT_ASYMMETRIC),
            Scheme::Rsa(_, encoding) => Self::Rsa(
                RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| NOT_GENERATED)?,
                encoding,
            ),
            Scheme::Ecdsa(curve, _, signing) => Self::Ecdsa(
                curve,
                EcdsaKeyPair::generate(signing).map_err(|_| NOT_GENERATED)?,
            ),
            Scheme::Ed25519 => {
                Self::Ed25519(Ed25519KeyPair::generate().map_err(|_| NOT_GENERATED)?)
            }
        })
    }

    /// Takes a document whose key type fits the algorithm.
    pub(crate) fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> Result<Self, Error> {
        Ok(match Scheme::of(algorithm) {
            Scheme::Hmac(_) => return Err(NOT_ASYMMETRIC),
            Scheme::Rsa(_, encoding) => Self::Rsa(
                RsaKeyPair::from_pkcs8(der).map_err(|_| BAD_PRIVATE_KEY)?,
                encoding,
            ),
            Scheme::Ecdsa(curve, _, signing) => Self::Ecdsa(
                curve,
                EcdsaKeyPair::from_pkcs8(signing, der).map_err(|_| BAD_PRIVATE_KEY)?,
            ),
            Scheme::Ed25519 => {
                Self::Ed25519(Ed25519KeyPair::from_pkcs8(der).map_err(|_| BAD_PRIVATE_KEY)?)
            }
        })
    }

    /// Takes an `ECPrivateKey` (RFC 5915) of the algorithm's curve, with or without its public half.
    pub(crate) fn from_sec1(algorithm: Algorithm, der: &[u8]) -> Result<Self, Error> {
        let Scheme::Ecdsa(curve, _, signing) = Scheme::of(algorithm) else {
            return Err(BAD_PRIVATE_KEY);
        };
        let pair = EcdsaKeyPair::from_private_key_der(signing, der);
        Ok(Self::Ecdsa(curve, pair.map_err(|_| BAD_PRIVATE_KEY)?))
    }

    /// Takes numbers that fit the algorithm. Refuses a private half that isn't the public one's.
    pub(crate) fn from_parts(
        algorithm: Algorithm,
        public: &PublicParts,
        secret: &SecretParts,
    ) -> Result<Self, Error> {
        match (Scheme::of(algorithm), public, secret) {
            (
                Scheme::Rsa(_, encoding),
                PublicParts::Rsa { n, e },
                SecretParts::Rsa {
                    d,
                    p,
                    q,
                    dp,
                    dq,
                    qi,
                },
            ) => RsaKeyPair::from_components(&KeyPairComponents {
                public_key: PublicKeyComponents { n, e },
                d: d.as_slice(),
                p: p.as_slice(),
                q: q.as_slice(),
                dP: dp.as_slice(),
                dQ: dq.as_slice(),
                qInv: qi.as_slice(),
            })
            .map(|pair| Self::Rsa(pair, encoding)),
            (
                Scheme::Ecdsa(curve, _, signing),
                PublicParts::Ec { x, y, .. },
                SecretParts::Ec { d },
            ) => EcdsaKeyPair::from_private_key_and_public_key(signing, d, &point(x, y))
                .map(|pair| Self::Ecdsa(curve, pair)),
            (Scheme::Ed25519, PublicParts::Ed25519 { x }, SecretParts::Ed25519 { seed }) => {
                Ed25519KeyPair::from_seed_and_public_key(seed, x).map(Self::Ed25519)
            }
            _ => return Err(BAD_PRIVATE_KEY),
        }
        .map_err(|_| BAD_PRIVATE_KEY)
    }

    /// The private key as PKCS#8 v1, which every tool reads; `None` for a shared secret.
    pub(crate) fn to_pkcs8(&self) -> Option<Zeroizing<Vec<u8>>> {
        let der = match self {
            Self::Hmac(..) => return None,
            Self::Rsa(pair, _) => Zeroizing::new(pair.as_der().ok()?.as_ref().to_vec()),
            Self::Ecdsa(_, pair) => Zeroizing::new(pair.to_pkcs8v1().ok()?.as_ref().to_vec()),
            Self::Ed25519(pair) => Zeroizing::new(pair.to_pkcs8v1().ok()?.as_ref().to_vec()),
        };
        Some(der)
    }

    /// The public numbers; `None` for a shared secret, which has none.
    pub(crate) fn public_parts(&self) -> Result<Option<PublicParts>, Error> {
        match self {
            Self::Hmac(..) => Ok(None),
            Self::Rsa(pair, _) => der::rsa_public_key(pair.public_key().as_ref()).map(Some),
            Self::Ecdsa(curve, pair) => {
                PublicParts::from_point(*curve, pair.public_key().as_ref()).map(Some)
            }
            Self::Ed25519(pair) => {
                let x = pair.public_key().as_ref().try_into();
                Ok(Some(PublicParts::Ed25519 {
                    x: x.map_err(|_| BAD_PRIVATE_KEY)?,
                }))
            }
        }
    }

    /// What the private half is made of, for an export that says so. RSA keys go by way of PKCS#8.
    pub(crate) fn secret(&self) -> Result<Exported, Error> {
        Ok(match self {
            Self::Hmac(_, secret) => Exported::Symmetric(secret.clone()),
            Self::Rsa(..) => {
                let pkcs8 = self.to_pkcs8().ok_or(BAD_PRIVATE_KEY)?;
                Exported::Pair(der::rsa_private_numbers(&pkcs8)?)
            }
            Self::Ecdsa(_, pair) => {
                let scalar = pair
                    .private_key()
                    .as_be_bytes()
                    .map_err(|_| BAD_PRIVATE_KEY)?;
                let d = Secret::new(scalar.as_ref().to_vec());
                Exported::Pair(SecretParts::Ec { d })
            }
            Self::Ed25519(pair) => {
                let seed = pair.seed().map_err(|_| BAD_PRIVATE_KEY)?;
                let seed = seed.as_be_bytes().map_err(|_| BAD_PRIVATE_KEY)?;
                let seed = Secret::new(seed.as_ref().to_vec());
                Exported::Pair(SecretParts::Ed25519 { seed })
            }
        })
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Signature, Error> {
        match self {
            Self::Hmac(key, _) => Ok(Signature::copy(hmac::sign(key, message).as_ref())),
            Self::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| SIGNING_FAILED)?;
                Ok(Signature::Long(signature))
            }
            Self::Ecdsa(_, pair) => pair
                .sign(&SystemRandom::new(), message)
                .map(|signature| Signature::copy(signature.as_ref()))
                .map_err(|_| SIGNING_FAILED),
            Self::Ed25519(pair) => pair
                .try_sign(message)
                .map(|signature| Signature::copy(signature.as_ref()))
                .map_err(|_| SIGNING_FAILED),
        }
    }
}

/// The private half of a key on its way out.
pub(crate) enum Exported {
    Symmetric(Secret),
    Pair(SecretParts),
}

/// A signature. The backend's own type has room for RSA with 8192 bits, too much to hand around.
pub(crate) enum Signature {
    Short([u8; 64], usize),
    Long(Vec<u8>),
}

impl Signature {
    fn copy(octets: &[u8]) -> Self {
        let mut short = [0; 64];
        match short.get_mut(..octets.len()) {
            Some(place) => {
                place.copy_from_slice(octets);
                Self::Short(short, octets.len())
            }
            None => Self::Long(octets.to_vec()),
        }
    }
}

impl AsRef<[u8]> for Signature {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Short(octets, length) => octets.get(..*length).unwrap_or_default(),
            Self::Long(octets) => octets,
        }
    }
}
