//! Keys that are weak, invalid, or for something else (T14), in every format that is read.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use symbolon_token::{Algorithm, Jwk, SigningKey, VerifyingKey};

use crate::support::{
    self, ED25519, ED25519_PUBLIC, P256, P256_PUBLIC, P384_PUBLIC, RSA, RSA_PUBLIC, SECRET, code,
    der, signing_key,
};

fn import(jwk: &Value, algorithm: Algorithm) -> &'static str {
    let key = Jwk::parse(jwk.to_string().as_bytes());
    code(key.and_then(|jwk| VerifyingKey::from_jwk(&jwk, algorithm)))
}

/// The issuer's own key as JSON, to be broken one member at a time.
fn jwk(algorithm: Algorithm) -> Value {
    let jwk = signing_key(algorithm).public_jwk().expect("a key pair");
    serde_json::to_value(jwk).expect("JSON")
}

fn with(mut jwk: Value, member: &str, value: impl Into<Value>) -> Value {
    jwk[member] = value.into();
    jwk
}

fn member(jwk: &Value, name: &str) -> Vec<u8> {
    let text = jwk[name].as_str().expect("a string");
    BASE64URL_NOPAD.decode(text.as_bytes()).expect("base64url")
}

#[test]
fn t14_rsa_below_2048_bits_is_refused() {
    for algorithm in [Algorithm::RS256, Algorithm::PS256] {
        let public = include_str!("../keys/rsa1024.pub.pem");
        assert_eq!(code(VerifyingKey::from_pem(algorithm, public)), "weak_key");
        let private = include_str!("../keys/rsa1024.pem");
        assert_eq!(
            code(SigningKey::from_pkcs8_pem(algorithm, private)),
            "weak_key"
        );
        let mut n = member(&jwk(algorithm), "n");
        n.pop();
        n.push(n.last().map_or(1, |last| last | 1));
        n[0] = 0x7f;
        let short = with(jwk(algorithm), "n", BASE64URL_NOPAD.encode(&n));
        assert_eq!(import(&short, algorithm), "weak_key", "2047 bits");
    }
}

#[test]
fn t14_rsa_exponents_of_1_and_even_ones_are_refused() {
    for e in [&[1][..], &[2], &[1, 0, 0], &[4, 0]] {
        let bad = with(jwk(Algorithm::RS256), "e", BASE64URL_NOPAD.encode(e));
        assert_eq!(import(&bad, Algorithm::RS256), "weak_key", "{e:?}");
    }
    for e in [&[][..], &[0], &[0, 1, 0, 1]] {
        let bad = with(jwk(Algorithm::RS256), "e", BASE64URL_NOPAD.encode(e));
        assert_eq!(import(&bad, Algorithm::RS256), "invalid_key", "{e:?}");
    }
}

#[test]
fn t14_roca_keys_are_refused() {
    let roca = Jwk::parse(include_bytes!("../keys/roca.jwk")).expect("a JWK");
    let refused = VerifyingKey::from_jwk(&roca, Algorithm::RS256).expect_err("a ROCA key");
    assert_eq!(refused.code(), "weak_key");
    assert!(refused.reason().contains("ROCA"), "{refused}");
}

#[test]
fn t14_rsa_with_a_small_factor_is_refused() {
    // Shifting left by one octet less one bit makes the modulus even; times three is next.
    let n = member(&jwk(Algorithm::RS256), "n");
    let mut even = n.clone();
    *even.last_mut().expect("an octet") &= 0xfe;
    let mut tripled = vec![0_u8; n.len() + 1];
    let mut carry = 0_u16;
    for (to, from) in tripled.iter_mut().rev().zip(n.iter().rev().chain([&0])) {
        carry += 3 * u16::from(*from);
        *to = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    for n in [even, tripled] {
        let bad = with(jwk(Algorithm::RS256), "n", BASE64URL_NOPAD.encode(&n));
        assert_eq!(import(&bad, Algorithm::RS256), "weak_key");
    }
}

#[test]
fn t14_ec_points_off_the_curve_are_refused() {
    for (algorithm, width) in [
        (Algorithm::ES256, 32),
        (Algorithm::ES384, 48),
        (Algorithm::ES512, 66),
        (Algorithm::ES256K, 32),
    ] {
        let good = jwk(algorithm);
        assert_eq!(import(&good, algorithm), "accepted");
        let mut x = member(&good, "x");
        x[width - 1] ^= 1;
        let zero = BASE64URL_NOPAD.encode(&vec![0; width]);
        let over = BASE64URL_NOPAD.encode(&vec![0xff; width]);
        for (name, bad) in [
            ("off", with(good.clone(), "x", BASE64URL_NOPAD.encode(&x))),
            (
                "infinity",
                with(with(good.clone(), "x", zero.clone()), "y", zero.clone()),
            ),
            ("x over the prime", with(good.clone(), "x", over.clone())),
            ("y over the prime", with(good.clone(), "y", over)),
            (
                "short",
                with(good.clone(), "x", BASE64URL_NOPAD.encode(&x[1..])),
            ),
            ("empty", with(good.clone(), "y", "")),
            (
                "swapped",
                with(
                    with(good.clone(), "x", good["y"].clone()),
                    "y",
                    good["x"].clone(),
                ),
            ),
        ] {
            assert_eq!(import(&bad, algorithm), "invalid_key", "{algorithm} {name}");
        }
    }
}

#[test]
fn t14_points_in_spki_are_checked_as_well() {
    let good = der(P256_PUBLIC);
    let point = good.len() - 65;
    let mut off = good.clone();
    off[point + 1] ^= 1;
    let mut hybrid = good.clone();
    hybrid[point] = 6;
    let mut unused_bits = good.clone();
    unused_bits[point - 1] = 1;
    let mut longer = good.clone();
    longer.push(0);
    let mut filled = good.clone();
    filled[1] += 2;
    filled.extend([5, 0]);
    for (name, bad) in [
        ("off the curve", off),
        ("hybrid", hybrid),
        ("unused bits", unused_bits),
        ("more behind", longer),
        ("more inside", filled),
        ("cut short", good[..good.len() - 1].to_vec()),
        ("empty", Vec::new()),
    ] {
        let key = VerifyingKey::from_spki_der(Algorithm::ES256, &bad);
        assert_eq!(code(key), "invalid_key", "{name}");
    }
    assert_eq!(
        code(VerifyingKey::from_spki_der(Algorithm::ES256, &good)),
        "accepted"
    );
}

#[test]
fn t14_ed25519_points_of_small_order_are_refused() {
    for hex in [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        // One again, with the sign that it can't have.
        "0100000000000000000000000000000000000000000000000000000000000080",
    ] {
        let x = data_encoding::HEXLOWER.decode(hex.as_bytes()).expect("hex");
        let weak = with(jwk(Algorithm::Ed25519), "x", BASE64URL_NOPAD.encode(&x));
        assert_eq!(import(&weak, Algorithm::Ed25519), "weak_key", "{hex}");
        let header = der(ED25519_PUBLIC)[..12].to_vec();
        let spki = [header, x].concat();
        let key = VerifyingKey::from_spki_der(Algorithm::Ed25519, &spki);
        assert_eq!(code(key), "weak_key", "{hex}");
    }
}

#[test]
fn t14_ed25519_keys_have_one_encoding() {
    for hex in [
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ] {
        let x = data_encoding::HEXLOWER.decode(hex.as_bytes()).expect("hex");
        let bad = with(jwk(Algorithm::Ed25519), "x", BASE64URL_NOPAD.encode(&x));
        assert_eq!(import(&bad, Algorithm::Ed25519), "invalid_key", "{hex}");
    }
    for length in [0, 31, 33, 64] {
        let x = BASE64URL_NOPAD.encode(&vec![9; length]);
        let bad = with(jwk(Algorithm::Ed25519), "x", x);
        assert_eq!(
            import(&bad, Algorithm::Ed25519),
            "invalid_key",
            "{length} octets"
        );
    }
}

#[test]
fn t14_a_key_of_one_curve_is_none_of_another() {
    let pems = [
        RSA_PUBLIC,
        P256_PUBLIC,
        P384_PUBLIC,
        support::P521_PUBLIC,
        support::K256_PUBLIC,
        ED25519_PUBLIC,
    ];
    let fits = |pem: &str, algorithm| support::pems(algorithm).is_some_and(|(_, own)| own == pem);
    for pem in pems {
        for &algorithm in support::ALGORITHMS {
            let expected = if fits(pem, algorithm) {
                "accepted"
            } else {
                "wrong_key"
            };
            assert_eq!(
                code(VerifyingKey::from_pem(algorithm, pem)),
                expected,
                "{algorithm}"
            );
        }
    }
    assert_eq!(
        code(SigningKey::from_pkcs8_pem(Algorithm::ES384, P256)),
        "wrong_key"
    );
    assert_eq!(
        code(SigningKey::from_pkcs8_pem(Algorithm::ES256, ED25519)),
        "wrong_key"
    );
    assert_eq!(
        code(SigningKey::from_pkcs8_pem(Algorithm::Ed25519, RSA)),
        "wrong_key"
    );
}

#[test]
fn t4_a_jwk_is_only_for_what_it_says() {
    let good = jwk(Algorithm::ES256);
    for (name, bad) in [
        ("another alg", with(good.clone(), "alg", "ES384")),
        ("alg in small letters", with(good.clone(), "alg", "es256")),
        (
            "an alg for encryption",
            with(good.clone(), "alg", "ECDH-ES"),
        ),
        ("use enc", with(good.clone(), "use", "enc")),
        ("use of something else", with(good.clone(), "use", "tls")),
        (
            "key_ops without verify",
            with(good.clone(), "key_ops", json!(["sign"])),
        ),
        (
            "no key_ops at all",
            with(good.clone(), "key_ops", json!([])),
        ),
    ] {
        assert_eq!(import(&bad, Algorithm::ES256), "wrong_key", "{name}");
    }
    for (name, bad) in [
        ("alg as a list", with(good.clone(), "alg", json!(["ES256"]))),
        ("use as a number", with(good.clone(), "use", 1)),
        (
            "key_ops as a string",
            with(good.clone(), "key_ops", "verify"),
        ),
        (
            "key_ops with a number",
            with(good.clone(), "key_ops", json!(["verify", 1])),
        ),
        (
            "key_ops twice",
            with(good.clone(), "key_ops", json!(["verify", "verify"])),
        ),
        ("kid as a number", with(good.clone(), "kid", 7)),
        ("kty null", with(good.clone(), "kty", Value::Null)),
    ] {
        assert_eq!(import(&bad, Algorithm::ES256), "invalid_key", "{name}");
    }
    let wide = with(good, "key_ops", json!(["verify", "sign"]));
    assert_eq!(import(&wide, Algorithm::ES256), "accepted");
}

#[test]
fn a_jwk_with_private_or_symmetric_members_is_refused() {
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"] {
        for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::Ed25519] {
            let leaked = with(jwk(algorithm), name, "AQAB");
            assert_eq!(
                import(&leaked, algorithm),
                "invalid_key",
                "{name} {algorithm}"
            );
        }
    }
    let secret = json!({ "kty": "oct", "k": BASE64URL_NOPAD.encode(SECRET) });
    assert_eq!(import(&secret, Algorithm::HS256), "invalid_key");
}

#[test]
fn jwk_numbers_have_one_spelling() {
    let good = jwk(Algorithm::RS256);
    let n = member(&good, "n");
    let text = good["n"].as_str().expect("a string");
    for (name, bad) in [
        (
            "a zero in front",
            BASE64URL_NOPAD.encode(&[&[0], &n[..]].concat()),
        ),
        ("padding", format!("{text}==")),
        ("whitespace", format!(" {text}")),
        (
            "base64 of the other alphabet",
            text.replace('-', "+").replace('_', "/") + "+",
        ),
        ("nothing", String::new()),
    ] {
        assert_eq!(
            import(&with(good.clone(), "n", bad), Algorithm::RS256),
            "invalid_key",
            "{name}"
        );
    }
}

#[test]
fn unsupported_keys_are_named_as_such() {
    for (name, pem) in [
        ("Ed448", include_str!("../keys/ed448.pub.pem")),
        ("RSASSA-PSS", include_str!("../keys/rsa-pss.pub.pem")),
        (
            "explicit parameters",
            include_str!("../keys/p256.explicit.pub.pem"),
        ),
        ("certificate", include_str!("../keys/p256.cert.pem")),
        ("private", P256),
    ] {
        for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::Ed25519] {
            let refused = code(VerifyingKey::from_pem(algorithm, pem));
            assert_eq!(refused, "unsupported_key", "{name}");
        }
    }
    let compressed = include_str!("../keys/p256.compressed.pub.pem");
    assert_eq!(
        code(VerifyingKey::from_pem(Algorithm::ES256, compressed)),
        "invalid_key"
    );
    for (name, pem) in [
        ("SEC 1", include_str!("../keys/p256.sec1.pem")),
        ("PKCS#1", include_str!("../keys/rsa2048.pkcs1.pem")),
        ("encrypted", include_str!("../keys/p256.encrypted.pem")),
        ("public", P256_PUBLIC),
    ] {
        let refused = code(SigningKey::from_pkcs8_pem(Algorithm::ES256, pem));
        assert_eq!(refused, "unsupported_key", "{name}");
    }
    for jwk in [
        json!({ "kty": "EC", "crv": "P-192", "x": "AA", "y": "AA" }),
        json!({ "kty": "OKP", "crv": "X25519", "x": "AA" }),
        json!({ "kty": "EC", "crv": "p-256", "x": "AA", "y": "AA" }),
        json!({ "kty": "rsa", "n": "AA", "e": "AQAB" }),
        json!({ "kty": "AKP", "pub": "AA" }),
    ] {
        assert_eq!(import(&jwk, Algorithm::ES256), "unsupported_key", "{jwk}");
    }
}

#[test]
fn the_same_key_reads_alike_in_every_format() {
    let pkcs1 = include_str!("../keys/rsa2048.pkcs1.pub.pem");
    assert_eq!(
        code(VerifyingKey::from_pem(Algorithm::PS256, pkcs1)),
        "accepted"
    );
    for &algorithm in support::ALGORITHMS {
        let Some(jwk) = signing_key(algorithm).with_kid("k").public_jwk() else {
            continue;
        };
        let json = serde_json::to_vec(&jwk).expect("JSON");
        assert_eq!(Jwk::parse(&json).as_ref(), Ok(&jwk));
        assert_eq!(
            (jwk.kid(), jwk.algorithm()),
            (Some("k"), Some(algorithm.name()))
        );
        let stored = signing_key(algorithm)
            .to_pkcs8_der()
            .expect("a private key");
        let again = SigningKey::from_pkcs8_der(algorithm, &stored).expect("a private key");
        let thumbprint = again.public_jwk().map(|jwk| jwk.thumbprint());
        assert_eq!(thumbprint, Some(jwk.thumbprint()));
    }
}

#[test]
fn broken_private_keys_are_refused() {
    for (algorithm, pem) in [
        (Algorithm::ES256, P256),
        (Algorithm::Ed25519, ED25519),
        (Algorithm::RS256, RSA),
    ] {
        let good = der(pem);
        for length in 0..good.len() {
            let cut = SigningKey::from_pkcs8_der(algorithm, &good[..length]);
            assert!(cut.is_err(), "{algorithm} cut to {length}");
        }
        let longer = [&good[..], &[0]].concat();
        assert_eq!(
            code(SigningKey::from_pkcs8_der(algorithm, &longer)),
            "invalid_key"
        );
    }
}

#[test]
fn keys_show_nothing_secret() {
    let key = signing_key(Algorithm::HS256).with_kid("a");
    assert_eq!(
        format!("{key:?}"),
        r#"SigningKey { algorithm: HS256, kid: Some("a"), .. }"#
    );
    let key = key.verifying_key();
    assert_eq!(
        format!("{key:?}"),
        r#"VerifyingKey { algorithm: HS256, kid: Some("a"), .. }"#
    );
    assert!(signing_key(Algorithm::HS256).public_jwk().is_none());
    let stored = signing_key(Algorithm::HS256).to_pkcs8_der();
    assert_eq!(code(stored), "unsupported_key");
}

#[test]
fn keys_and_verifiers_are_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<SigningKey>();
    shared::<VerifyingKey>();
    shared::<symbolon_token::KeySet>();
    shared::<symbolon_token::Verifier>();
}
