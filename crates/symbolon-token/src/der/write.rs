//! Public keys on their way out: `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7) and `RSAPublicKey`
//! (RFC 8017 §A.1.1), in the one form that DER has for them.

use super::{
    BIT_STRING, EC, ED25519, INTEGER, NULL, OBJECT_IDENTIFIER, RSA, SEQUENCE, curve_identifier,
};
use crate::public_key::PublicParts;

/// The key as a `SubjectPublicKeyInfo`.
pub(crate) fn public_key_info(parts: &PublicParts) -> Vec<u8> {
    let (identifier, key) = match parts {
        PublicParts::Rsa { n, e } => (
            [element(OBJECT_IDENTIFIER, RSA), element(NULL, &[])].concat(),
            rsa_public_key(n, e),
        ),
        PublicParts::Ec { curve, x, y } => (
            [
                element(OBJECT_IDENTIFIER, EC),
                element(OBJECT_IDENTIFIER, curve_identifier(*curve)),
            ]
            .concat(),
            [&[4], x.as_slice(), y].concat(),
        ),
        PublicParts::Ed25519 { x } => (element(OBJECT_IDENTIFIER, ED25519), x.to_vec()),
    };
    let bits = [&[0], key.as_slice()].concat();
    element(
        SEQUENCE,
        &[element(SEQUENCE, &identifier), element(BIT_STRING, &bits)].concat(),
    )
}

/// The key as an `RSAPublicKey` ("PKCS#1").
pub(crate) fn rsa_public_key(n: &[u8], e: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[unsigned(n), unsigned(e)].concat())
}

fn unsigned(number: &[u8]) -> Vec<u8> {
    // Without the zero in front it would be negative.
    let sign: &[u8] = match number.first() {
        Some(..0x80) => &[],
        _ => &[0],
    };
    element(INTEGER, &[sign, number].concat())
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    let length = content.len().to_be_bytes();
    match content.len() {
        0..0x80 => der.extend(length.last()),
        0x80..0x100 => der.extend([0x81].iter().chain(length.last())),
        _ => {
            let digits: Vec<u8> = length.into_iter().skip_while(|octet| *octet == 0).collect();
            // At most eight digits, since that many octets make a length here.
            der.push(0x80 | u8::try_from(digits.len()).unwrap_or(8));
            der.extend(digits);
        }
    }
    der.extend_from_slice(content);
    der
}
