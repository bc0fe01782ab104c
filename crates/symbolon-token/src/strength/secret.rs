//! Shared secrets, and the public keys that are mistaken for them.
//!
//! A verifier that takes a public key as an HMAC secret lets everybody sign, since everybody has the
//! public key. Filters that look at the first characters fell one after another to whitespace, byte
//! order marks and comments in front (CVE-2022-29217, CVE-2023-48223, CVE-2026-34950), so this one
//! looks everywhere in the bytes, and through base64 and UTF-16 as well.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use zeroize::Zeroizing;

use crate::{
    der,
    error::{Error, ErrorKind},
};

/// Checks a secret for an HMAC with a hash of `hash_length` octets: at least as long as the hash
/// (RFC 7518 §3.2) and no key of another kind.
pub(crate) fn check_hmac_secret(secret: &[u8], hash_length: usize) -> Result<(), Error> {
    if secret.len() < hash_length {
        return Err(Error::new(
            ErrorKind::WeakKey,
            "the secret is shorter than the hash",
        ));
    }
    if secret.iter().all(|byte| Some(byte) == secret.first()) {
        return Err(Error::new(
            ErrorKind::WeakKey,
            "the secret is one octet repeated",
        ));
    }
    let without_nul: Zeroizing<Vec<u8>> =
        Zeroizing::new(secret.iter().copied().filter(|byte| *byte != 0).collect());
    if looks_like_key(secret) || looks_like_key(&without_nul) || hides_key(&without_nul) {
        return Err(Error::new(
            ErrorKind::WrongKey,
            "the secret is a key of another kind",
        ));
    }
    Ok(())
}

/// Whether the bytes hold an asymmetric key, or any key in a format that names itself.
fn looks_like_key(bytes: &[u8]) -> bool {
    const MARKS: [&[u8]; 8] = [
        b"-----BEGIN",
        b"---- BEGIN",
        b"\"kty\"",
        b"ssh-rsa",
        b"ssh-ed25519",
        b"ecdsa-sha2-",
        // Object identifiers in DER: seven octets and nine that a random secret won't contain.
        der::RSA,
        der::EC,
    ];
    MARKS.iter().any(|mark| contains(bytes, mark))
        || contains(bytes, ED25519_HEADER)
        || tails(bytes).any(is_rsa_public_key)
}

/// How the `SubjectPublicKeyInfo` of an Ed25519 key starts: algorithm and a bit string of 33 octets.
const ED25519_HEADER: &[u8] = &[0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Whether base64 without its armour decodes to a key: the middle of a PEM file.
fn hides_key(bytes: &[u8]) -> bool {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    let text: Zeroizing<Vec<u8>> =
        Zeroizing::new(bytes.iter().copied().filter(is_base64).collect());
    // Leading characters may shift the groups of four.
    (0..4).any(|shift| {
        let tail = text.get(shift..).unwrap_or_default();
        let whole = tail.get(..tail.len() / 4 * 4).unwrap_or_default();
        [BASE64_NOPAD, BASE64URL_NOPAD]
            .iter()
            .filter_map(|encoding| encoding.decode(whole).ok())
            .any(|decoded| looks_like_key(&Zeroizing::new(decoded)))
    })
}

/// Whether bytes start with a bare `RSAPublicKey`, even one cut short.
fn is_rsa_public_key(bytes: &[u8]) -> bool {
    matches!(bytes, [0x30, 0x81 | 0x82, rest @ ..]
        if matches!(rest, [_, 0x02, 0x81 | 0x82, ..] | [_, _, 0x02, 0x81 | 0x82, ..])
            && rest.len() > 128)
}

fn tails(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    (0..bytes.len()).filter_map(|start| bytes.get(start..))
}

fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark)
}
