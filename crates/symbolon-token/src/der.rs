//! As much DER as keys need: `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7), `RSAPublicKey` and
//! `RSAPrivateKey` (RFC 8017 §A.1), `ECPrivateKey` (RFC 5915) and the outside of PKCS#8 (RFC 5958).
//!
//! Keys in every format are taken apart here into the same few numbers, so one set of checks sees
//! all of them. Only DER is read, never BER: one length form, one integer form, nothing left over.

use crate::{
    error::{Error, ErrorKind},
    private_key::{Secret, SecretParts},
    public_key::{Curve, KeyType, PublicParts},
};

pub(crate) mod write;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const NULL: u8 = 0x05;
const OBJECT_IDENTIFIER: u8 = 0x06;
/// `[0]` and `[1]`, constructed and explicit.
const TAGGED_0: u8 = 0xa0;
const TAGGED_1: u8 = 0xa1;

/// rsaEncryption, 1.2.840.113549.1.1.1
pub(crate) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// id-ecPublicKey, 1.2.840.10045.2.1
pub(crate) const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// prime256v1, 1.2.840.10045.3.1.7
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// secp384r1, 1.3.132.0.34
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
/// secp521r1, 1.3.132.0.35
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
/// secp256k1, 1.3.132.0.10
const K256: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x0a];
/// id-Ed25519, 1.3.101.112
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

const BROKEN: Error = Error::new(ErrorKind::InvalidKey, "the key isn't valid DER of its kind");
const UNSUPPORTED: Error = Error::new(
    ErrorKind::UnsupportedKey,
    "keys of this type or on this curve aren't supported",
);

/// Takes a `SubjectPublicKeyInfo` apart.
pub(crate) fn public_key_info(der: &[u8]) -> Result<PublicParts, Error> {
    public_key(Reader(der).only(SEQUENCE).ok_or(BROKEN)?)
}

/// Finds the key in an X.509 certificate (RFC 5280 §4.1). What stands around it is passed over.
pub(crate) fn certificate_key(der: &[u8]) -> Result<PublicParts, Error> {
    let mut certificate = Reader(der).only(SEQUENCE).ok_or(BROKEN)?;
    let mut signed = Reader(certificate.element(SEQUENCE).ok_or(BROKEN)?);
    certificate.element(SEQUENCE).ok_or(BROKEN)?;
    certificate.element(BIT_STRING).ok_or(BROKEN)?;
    certificate.end().ok_or(BROKEN)?;
    // Version 1 has no version.
    let _ = signed.element(TAGGED_0);
    signed.element(INTEGER).ok_or(BROKEN)?;
    // Signature algorithm, issuer, validity, subject.
    for _ in 0..4 {
        signed.element(SEQUENCE).ok_or(BROKEN)?;
    }
    public_key(Reader(signed.element(SEQUENCE).ok_or(BROKEN)?))
}

fn public_key(mut info: Reader<'_>) -> Result<PublicParts, Error> {
    let algorithm = info.element(SEQUENCE).ok_or(BROKEN)?;
    let bits = info.element(BIT_STRING).ok_or(BROKEN)?;
    info.end().ok_or(BROKEN)?;
    // The first octet counts unused bits; keys are whole octets.
    let key = bits.strip_prefix(&[0]).ok_or(BROKEN)?;
    match key_type(algorithm)? {
        KeyType::Rsa => rsa_public_key(key),
        KeyType::Ec(curve) => PublicParts::from_point(curve, key),
        KeyType::Ed25519 => Ok(PublicParts::Ed25519 {
            x: key.try_into().map_err(|_| BROKEN)?,
        }),
    }
}

/// Takes a bare `RSAPublicKey` ("PKCS#1") apart.
pub(crate) fn rsa_public_key(der: &[u8]) -> Result<PublicParts, Error> {
    let mut key = Reader(der).only(SEQUENCE).ok_or(BROKEN)?;
    let parts = rsa_numbers(&mut key).ok_or(BROKEN)?;
    key.end().ok_or(BROKEN)?;
    Ok(parts)
}

/// What a PKCS#8 document says about itself before its private half is parsed by the backend: the
/// type of the key and, for RSA, the public numbers, so that a weak key is named as weak.
pub(crate) fn private_key_info(der: &[u8]) -> Result<(KeyType, Option<PublicParts>), Error> {
    let mut info = Reader(der).only(SEQUENCE).ok_or(BROKEN)?;
    info.unsigned().ok_or(BROKEN)?;
    let key_type = key_type(info.element(SEQUENCE).ok_or(BROKEN)?)?;
    let key = info.element(OCTET_STRING).ok_or(BROKEN)?;
    let parts = match key_type {
        KeyType::Rsa => {
            let mut key = Reader(key).only(SEQUENCE).ok_or(BROKEN)?;
            key.unsigned().ok_or(BROKEN)?;
            Some(rsa_numbers(&mut key).ok_or(BROKEN)?)
        }
        KeyType::Ec(_) | KeyType::Ed25519 => None,
    };
    Ok((key_type, parts))
}

/// Takes an `RSAPrivateKey` ("PKCS#1") of two primes apart.
pub(crate) fn rsa_private_key(der: &[u8]) -> Result<(PublicParts, SecretParts), Error> {
    let mut key = Reader(der).only(SEQUENCE).ok_or(BROKEN)?;
    if !key.unsigned().ok_or(BROKEN)?.is_empty() {
        return Err(UNSUPPORTED);
    }
    let public = rsa_numbers(&mut key).ok_or(BROKEN)?;
    let mut number = || {
        key.unsigned()
            .ok_or(BROKEN)
            .map(|number| Secret::new(number.to_vec()))
    };
    let secret = SecretParts::Rsa {
        d: number()?,
        p: number()?,
        q: number()?,
        dp: number()?,
        dq: number()?,
        qi: number()?,
    };
    key.end().ok_or(BROKEN)?;
    Ok((public, secret))
}

/// The private numbers of an RSA key in PKCS#8.
pub(crate) fn rsa_private_numbers(pkcs8: &[u8]) -> Result<SecretParts, Error> {
    let mut info = Reader(pkcs8).only(SEQUENCE).ok_or(BROKEN)?;
    info.unsigned().ok_or(BROKEN)?;
    info.element(SEQUENCE).ok_or(BROKEN)?;
    let key = info.element(OCTET_STRING).ok_or(BROKEN)?;
    rsa_private_key(key).map(|(_, secret)| secret)
}

/// What an `ECPrivateKey` ("SEC 1") says about itself: its curve, which must be named, and its public
/// half, which may be left out.
pub(crate) fn ec_private_key(der: &[u8]) -> Result<(Curve, Option<PublicParts>), Error> {
    let mut key = Reader(der).only(SEQUENCE).ok_or(BROKEN)?;
    if key.unsigned() != Some(&[1]) {
        return Err(BROKEN);
    }
    let scalar = key.element(OCTET_STRING).ok_or(BROKEN)?;
    let mut parameters = Reader(key.element(TAGGED_0).ok_or(BROKEN)?);
    let curve = named_curve(&mut parameters)?;
    parameters.end().ok_or(BROKEN)?;
    if scalar.len() != curve.width() {
        return Err(BROKEN);
    }
    let public = match key.element(TAGGED_1) {
        None => None,
        Some(bits) => {
            let bits = Reader(bits).only(BIT_STRING).ok_or(BROKEN)?.0;
            let point = bits.strip_prefix(&[0]).ok_or(BROKEN)?;
            Some(PublicParts::from_point(curve, point)?)
        }
    };
    key.end().ok_or(BROKEN)?;
    Ok((curve, public))
}

fn rsa_numbers(reader: &mut Reader<'_>) -> Option<PublicParts> {
    let n = reader.unsigned()?.to_vec();
    let e = reader.unsigned()?.to_vec();
    Some(PublicParts::Rsa { n, e })
}

/// Reads the content of an `AlgorithmIdentifier`.
fn key_type(identifier: &[u8]) -> Result<KeyType, Error> {
    let mut identifier = Reader(identifier);
    let key_type = match identifier.element(OBJECT_IDENTIFIER).ok_or(BROKEN)? {
        RSA => {
            identifier.element(NULL).ok_or(BROKEN)?;
            KeyType::Rsa
        }
        EC => KeyType::Ec(named_curve(&mut identifier)?),
        ED25519 => KeyType::Ed25519,
        _ => return Err(UNSUPPORTED),
    };
    identifier.end().ok_or(BROKEN)?;
    Ok(key_type)
}

/// A curve by its name: one spelt out as numbers instead is how CVE-2020-0601 worked.
fn named_curve(reader: &mut Reader<'_>) -> Result<Curve, Error> {
    let named = reader.element(OBJECT_IDENTIFIER);
    Curve::ALL
        .into_iter()
        .find(|curve| named == Some(curve_identifier(*curve)))
        .ok_or(UNSUPPORTED)
}

const fn curve_identifier(curve: Curve) -> &'static [u8] {
    match curve {
        Curve::P256 => P256,
        Curve::P384 => P384,
        Curve::P521 => P521,
        Curve::K256 => K256,
    }
}

/// Reads elements off the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The content of the one element that is everything there is.
    fn only(mut self, tag: u8) -> Option<Reader<'a>> {
        let content = self.element(tag)?;
        self.end()?;
        Some(Reader(content))
    }

    fn element(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&found, rest) = self.0.split_first()?;
        if found != tag {
            return None;
        }
        let (length, rest) = length(rest)?;
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(content)
    }

    /// An integer that isn't negative, without its sign octet.
    fn unsigned(&mut self) -> Option<&'a [u8]> {
        match self.element(INTEGER)? {
            [0] => Some(&[]),
            [0, rest @ ..] if rest.first().is_some_and(|first| *first >= 0x80) => Some(rest),
            number @ [1..=0x7f, ..] => Some(number),
            _ => None,
        }
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes {
        [short @ ..=0x7f, rest @ ..] => Some((usize::from(*short), rest)),
        [0x81, long @ (0x80..), rest @ ..] => Some((usize::from(*long), rest)),
        [0x82, high @ (1..), low, rest @ ..] => {
            Some((usize::from(u16::from_be_bytes([*high, *low])), rest))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_one_form() {
        assert_eq!(length(&[0x7f]), Some((127, &[][..])));
        assert_eq!(length(&[0x81, 0x80]), Some((128, &[][..])));
        assert_eq!(length(&[0x82, 1, 0]), Some((256, &[][..])));
        for longer_than_needed in [
            &[0x81, 0x7f][..],
            &[0x82, 0, 0xff],
            &[0x80],
            &[0x83, 1, 0, 0],
        ] {
            assert_eq!(length(longer_than_needed), None, "{longer_than_needed:?}");
        }
    }

    #[test]
    fn integers_have_one_form() {
        let unsigned = |der: &'static [u8]| Reader(der).unsigned();
        assert_eq!(unsigned(&[2, 1, 0]), Some(&[][..]));
        assert_eq!(unsigned(&[2, 2, 0, 0x80]), Some(&[0x80][..]));
        for bad in [
            &[2, 0][..],
            &[2, 1, 0x80],
            &[2, 2, 0, 0x7f],
            &[2, 2, 0, 0],
            &[2, 2, 1],
        ] {
            assert_eq!(unsigned(bad), None, "{bad:?}");
        }
    }
}
