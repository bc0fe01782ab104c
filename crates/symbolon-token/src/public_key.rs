//! Public keys as the numbers they are made of, whatever format they came in.
//!
//! Every import (JWK, SPKI, PKCS#1, PKCS#8) ends here, so every key passes the same strength checks
//! (RFC 8725 §3.5). Numbers are big-endian; coordinates have the full width of their curve
//! (RFC 7518 §6.2.1.2), RSA numbers have no leading zero octet (RFC 7518 §6.3.1).

use data_encoding::BASE64URL_NOPAD;

use crate::{
    Algorithm, crypto,
    error::{Error, ErrorKind},
    strength,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicParts {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    Ec {
        curve: Curve,
        x: Vec<u8>,
        y: Vec<u8>,
    },
    Ed25519 {
        x: [u8; 32],
    },
}

/// The kind of a key pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyType {
    Rsa,
    Ec(Curve),
    Ed25519,
}

impl KeyType {
    pub(crate) fn fits(self, algorithm: Algorithm) -> bool {
        algorithm.key_type() == Some(self)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
    K256,
}

impl Curve {
    pub(crate) const ALL: [Self; 4] = [Self::P256, Self::P384, Self::P521, Self::K256];

    /// The name in a JWK's `crv` (RFC 7518 §6.2.1.1, RFC 8812 §3.1).
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::K256 => "secp256k1",
        }
    }

    /// How many octets a coordinate has.
    pub(crate) const fn width(self) -> usize {
        match self {
            Self::P256 | Self::K256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

impl PublicParts {
    /// Takes an uncompressed point apart (SEC 1 §2.3.3). Compressed points and the point at infinity
    /// have other lengths and are refused with them.
    pub(crate) fn from_point(curve: Curve, point: &[u8]) -> Result<Self, Error> {
        let (x, y) = point
            .strip_prefix(&[4])
            .filter(|coordinates| coordinates.len() == 2 * curve.width())
            .and_then(|coordinates| coordinates.split_at_checked(curve.width()))
            .ok_or(Error::new(
                ErrorKind::InvalidKey,
                "the key isn't an uncompressed point of its curve",
            ))?;
        Ok(Self::Ec {
            curve,
            x: x.to_vec(),
            y: y.to_vec(),
        })
    }

    /// The key as the backend takes it, for the algorithm that it is bound to. Refuses keys that are
    /// for another algorithm, weak or invalid.
    pub(crate) fn verification(&self, algorithm: Algorithm) -> Result<crypto::Verification, Error> {
        if !self.fits(algorithm) {
            return Err(Error::new(
                ErrorKind::WrongKey,
                "a key of this type can't be used with this algorithm",
            ));
        }
        self.check_strength()?;
        crypto::Verification::asymmetric(algorithm, self)
    }

    pub(crate) fn check_strength(&self) -> Result<(), Error> {
        match self {
            Self::Rsa { n, e } => strength::check_rsa(n, e),
            Self::Ed25519 { x } => strength::check_ed25519(x),
            // Points off the curve are found by the backend, and all four have cofactor 1.
            Self::Ec { .. } => Ok(()),
        }
    }

    pub(crate) const fn key_type(&self) -> KeyType {
        match self {
            Self::Rsa { .. } => KeyType::Rsa,
            Self::Ec { curve, .. } => KeyType::Ec(*curve),
            Self::Ed25519 { .. } => KeyType::Ed25519,
        }
    }

    pub(crate) fn fits(&self, algorithm: Algorithm) -> bool {
        self.key_type().fits(algorithm)
    }

    /// The SHA-256 thumbprint: the required members in lexicographic order, no whitespace
    /// (RFC 7638 §3, RFC 8037 §2). None of the values can need escaping.
    pub(crate) fn thumbprint(&self) -> String {
        let base64url = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let canonical = match self {
            Self::Rsa { n, e } => {
                let (n, e) = (base64url(n), base64url(e));
                format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)
            }
            Self::Ec { curve, x, y } => {
                let (crv, x, y) = (curve.name(), base64url(x), base64url(y));
                format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            Self::Ed25519 { x } => {
                let x = base64url(x);
                format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)
            }
        };
        base64url(&crypto::sha256(canonical.as_bytes()))
    }
}
