//! Signatures that are no signatures (T15).

use data_encoding::BASE64URL_NOPAD;
use symbolon_token::{Algorithm, KeySet, Policy, Typ, Verifier};

use crate::support::{
    ALGORITHMS, AUDIENCE, ISSUER, good_token, outcome, policy, signing_key, verifier,
};

/// The orders of the curves.
const P256_ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const P521_ORDER: &str = "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409";
const K256_ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
const P384_ORDER: &str = "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973";

fn with_signature(algorithm: Algorithm, signature: &[u8]) -> &'static str {
    let token = good_token(algorithm);
    let (input, _) = token.rsplit_once('.').expect("three segments");
    let token = format!("{input}.{}", BASE64URL_NOPAD.encode(signature));
    outcome(&verifier(algorithm), &token)
}

fn signature(algorithm: Algorithm) -> Vec<u8> {
    let token = good_token(algorithm);
    let (_, signature) = token.rsplit_once('.').expect("three segments");
    BASE64URL_NOPAD
        .decode(signature.as_bytes())
        .expect("base64url")
}

/// CVE-2022-21449: all zeroes verified under every key.
#[test]
fn t15_ecdsa_numbers_out_of_range_are_refused() {
    for (algorithm, order) in [
        (Algorithm::ES256, P256_ORDER),
        (Algorithm::ES384, P384_ORDER),
        (Algorithm::ES512, P521_ORDER),
        (Algorithm::ES256K, K256_ORDER),
    ] {
        let order = data_encoding::HEXLOWER
            .decode(order.as_bytes())
            .expect("hex");
        let width = order.len();
        let good = signature(algorithm);
        assert_eq!(good.len(), 2 * width);
        let (r, s) = good.split_at(width);
        let zero = vec![0; width];
        let max = vec![0xff; width];
        let mut one = zero.clone();
        one[width - 1] = 1;
        let mut over = order.clone();
        over[width - 1] += 1;
        let numbers = [&zero[..], &one, &order, &over, &max, r, s];
        for first in numbers {
            for second in numbers {
                let forged = [first, second].concat();
                if forged != good {
                    let refused = with_signature(algorithm, &forged);
                    assert_eq!(refused, "bad_signature", "{algorithm} {first:?} {second:?}");
                }
            }
        }
    }
}

#[test]
fn t15_ecdsa_signatures_in_der_are_refused() {
    for (algorithm, width) in [
        (Algorithm::ES256, 32),
        (Algorithm::ES384, 48),
        (Algorithm::ES512, 66),
        (Algorithm::ES256K, 32),
    ] {
        let good = signature(algorithm);
        let integer = |bytes: &[u8]| {
            let bytes: Vec<u8> = bytes
                .iter()
                .copied()
                .skip_while(|byte| *byte == 0)
                .collect();
            let sign = if bytes[0] >= 0x80 { &[0][..] } else { &[] };
            let length = u8::try_from(sign.len() + bytes.len()).expect("short");
            [&[2, length], sign, &bytes].concat()
        };
        let body = [integer(&good[..width]), integer(&good[width..])].concat();
        let length = u8::try_from(body.len()).expect("short");
        let long = if length >= 0x80 { &[0x81][..] } else { &[] };
        let der = [&[0x30], long, &[length], &body].concat();
        assert_eq!(
            with_signature(algorithm, &der),
            "bad_signature",
            "{algorithm}"
        );
    }
}

#[test]
fn t15_signatures_of_another_length_are_refused() {
    for &algorithm in ALGORITHMS {
        let good = signature(algorithm);
        let half = good.len() / 2;
        for (name, bad) in [
            ("empty", Vec::new()),
            ("short by one", good[..good.len() - 1].to_vec()),
            ("without its first", good[1..].to_vec()),
            ("half", good[..half].to_vec()),
            ("longer by a zero", [&good[..], &[0]].concat()),
            ("a zero in front", [&[0], &good[..]].concat()),
            (
                "zeroes in front of both",
                [&[0], &good[..half], &[0], &good[half..]].concat(),
            ),
            ("twice", [&good[..], &good].concat()),
            ("all zero", vec![0; good.len()]),
            ("all ones", vec![0xff; good.len()]),
        ] {
            let refused = with_signature(algorithm, &bad);
            assert_eq!(refused, "bad_signature", "{algorithm} {name}");
        }
        assert_eq!(with_signature(algorithm, &good), "accepted", "{algorithm}");
    }
}

/// s and s + L name the same scalar; only the smaller one is a signature (RFC 8032 §5.1.7).
#[test]
fn t15_ed25519_scalars_are_reduced() {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut forged = signature(Algorithm::Ed25519);
    let mut carry = 0_u16;
    for (byte, order) in forged[32..].iter_mut().zip(ORDER) {
        carry += u16::from(*byte) + u16::from(order);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    assert_eq!(with_signature(Algorithm::Ed25519, &forged), "bad_signature");
}

/// RFC 7518 §3.5 fixes the salt to the length of the hash and both hashes to SHA-256.
#[test]
fn t15_rsa_pss_takes_no_other_parameters() {
    let keys = KeySet::new([signing_key(Algorithm::PS256).verifying_key()]).expect("one key");
    let policy = Policy {
        issuer: ISSUER.into(),
        audience: vec![AUDIENCE.into()],
        typ: Typ::ACCESS_TOKEN,
        ..policy(&[Algorithm::PS256])
    };
    let verifier = Verifier::new(keys, policy).expect("complete");
    let good = include_str!("../tokens/ps256-good.token").trim();
    assert_eq!(outcome(&verifier, good), "accepted");
    for (name, token) in [
        ("salt of 20", include_str!("../tokens/ps256-salt-20.token")),
        ("no salt", include_str!("../tokens/ps256-salt-0.token")),
        (
            "MGF1 with SHA-1",
            include_str!("../tokens/ps256-mgf1-sha1.token"),
        ),
        ("PKCS#1 v1.5", include_str!("../tokens/ps256-pkcs1.token")),
    ] {
        assert_eq!(outcome(&verifier, token.trim()), "bad_signature", "{name}");
    }
}
