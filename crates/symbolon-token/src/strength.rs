//! Keys that are well formed and worthless.
//!
//! Invariant: no key reaches the backend, to sign or to verify, without having passed here
//! (RFC 8725 §3.5; RFC 7518 §3.2, §3.3, §3.5).

use crate::error::{Error, ErrorKind};

mod secret;

pub(crate) use secret::check_hmac_secret;

/// Every prime below 168, the moduli of the ROCA fingerprint.
const SMALL_PRIMES: [u32; 39] = [
    2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Checks the numbers of an RSA public key: 2048 to 8192 bits (RFC 7518 §3.3), an odd exponent of at
/// least 3, no small factor, not made by the generator of CVE-2017-15361 ("ROCA").
pub(crate) fn check_rsa(n: &[u8], e: &[u8]) -> Result<(), Error> {
    let (Some(&[first_n, ..]), Some(&[first_e, ..])) = (n.first_chunk::<1>(), e.first_chunk::<1>())
    else {
        return Err(Error::new(
            ErrorKind::InvalidKey,
            "an RSA number is missing",
        ));
    };
    if first_n == 0 || first_e == 0 {
        return Err(Error::new(
            ErrorKind::InvalidKey,
            "an RSA number starts with a zero octet",
        ));
    }
    let bits = n.len() * 8 - first_n.leading_zeros() as usize;
    if bits < 2048 {
        return Err(Error::new(
            ErrorKind::WeakKey,
            "the RSA key has fewer than 2048 bits",
        ));
    }
    if bits > 8192 {
        return Err(Error::new(
            ErrorKind::UnsupportedKey,
            "the RSA key has more than 8192 bits",
        ));
    }
    // With e = 1 every message is its own signature; with an even e none can be made.
    if e == [1] || e.last().is_none_or(|last| last % 2 == 0) {
        return Err(Error::new(
            ErrorKind::WeakKey,
            "the RSA exponent is 1 or even",
        ));
    }
    if SMALL_PRIMES.iter().any(|prime| remainder(n, *prime) == 0) {
        return Err(Error::new(
            ErrorKind::WeakKey,
            "the RSA modulus has a small factor",
        ));
    }
    if SMALL_PRIMES
        .iter()
        .all(|prime| is_power_of_65537(remainder(n, *prime), *prime))
    {
        return Err(Error::new(
            ErrorKind::WeakKey,
            "the RSA key carries the ROCA fingerprint",
        ));
    }
    Ok(())
}

/// Checks an Ed25519 public key: canonically encoded (RFC 8032 §5.1.3) and not of small order, under
/// which one signature fits many messages.
pub(crate) fn check_ed25519(x: &[u8; 32]) -> Result<(), Error> {
    /// 2^255 - 19, little-endian.
    const PRIME: [u8; 32] = {
        let mut prime = [0xff; 32];
        prime[0] = 0xed;
        prime[31] = 0x7f;
        prime
    };
    /// The y of the points of order 1, 4, 2 and 8 (the last two); x is free in sign.
    const SMALL_ORDER: [[u8; 32]; 5] = {
        let mut one = [0; 32];
        one[0] = 1;
        let mut minus_one = PRIME;
        minus_one[0] = 0xec;
        [
            one,
            [0; 32],
            minus_one,
            [
                0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10,
                0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77,
                0x92, 0xac, 0x03, 0x7a,
            ],
            [
                0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef,
                0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88,
                0x6d, 0x53, 0xfc, 0x05,
            ],
        ]
    };
    let mut y = *x;
    y[31] &= 0x7f;
    if y.iter().rev().ge(PRIME.iter().rev()) {
        return Err(Error::new(
            ErrorKind::InvalidKey,
            "the Ed25519 key isn't canonically encoded",
        ));
    }
    if SMALL_ORDER.contains(&y) {
        return Err(Error::new(
            ErrorKind::WeakKey,
            "the Ed25519 key is a point of small order",
        ));
    }
    Ok(())
}

fn remainder(number: &[u8], modulus: u32) -> u32 {
    number
        .iter()
        .fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % modulus)
}

/// Whether `rest` lies in the group that 65537 generates modulo `prime`. ROCA primes are
/// k * M + 65537^a modulo M, a product of small primes, so their products lie in it for every prime;
/// of honest moduli one in some hundred million does.
fn is_power_of_65537(rest: u32, prime: u32) -> bool {
    let generator = 65537 % prime;
    let mut power = 1 % prime;
    loop {
        if power == rest {
            return true;
        }
        power = power * generator % prime;
        if power == 1 % prime {
            return false;
        }
    }
}
