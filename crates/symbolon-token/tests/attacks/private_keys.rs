//! Private keys in every format that is read for signing: the same key signs alike whatever it came in,
//! and nothing weak, mismatched or meant for something else is taken (T4, T14).

use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};
use symbolon_token::{Algorithm, SigningKey};

use crate::support::{ALGORITHMS, SECRET, code, der, good_claims, outcome, signing_key, verifier};

const RSA_JWK: &str = include_str!("../keys/rsa2048.jwk");
const P256_JWK: &str = include_str!("../keys/p256.jwk");
const P384_JWK: &str = include_str!("../keys/p384.jwk");
const P521_JWK: &str = include_str!("../keys/p521.jwk");
const K256_JWK: &str = include_str!("../keys/k256.jwk");
const ED25519_JWK: &str = include_str!("../keys/ed25519.jwk");
const PKCS1: &str = include_str!("../keys/rsa2048.pkcs1.pem");
const SEC1_P256: &str = include_str!("../keys/p256.sec1.pem");
const SEC1_P384: &str = include_str!("../keys/p384.sec1.pem");
const SEC1_WITHOUT_PUBLIC: &str = include_str!("../keys/p256.sec1.bare.pem");

/// The issuer's private key for an algorithm, as JSON.
fn jwk(algorithm: Algorithm) -> Value {
    let text = match algorithm {
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => {
            return json!({ "kty": "oct", "k": BASE64URL_NOPAD.encode(SECRET) });
        }
        Algorithm::ES256 => P256_JWK,
        Algorithm::ES384 => P384_JWK,
        Algorithm::ES512 => P521_JWK,
        Algorithm::ES256K => K256_JWK,
        Algorithm::Ed25519 | Algorithm::EdDSA => ED25519_JWK,
        _ => RSA_JWK,
    };
    serde_json::from_str(text).expect("JSON")
}

fn import(algorithm: Algorithm, jwk: &Value) -> &'static str {
    code(SigningKey::from_jwk(algorithm, jwk.to_string().as_bytes()))
}

fn with(mut jwk: Value, member: &str, value: impl Into<Value>) -> Value {
    jwk[member] = value.into();
    jwk
}

fn without(mut jwk: Value, member: &str) -> Value {
    jwk.as_object_mut().expect("an object").remove(member);
    jwk
}

fn octets(jwk: &Value, member: &str) -> Vec<u8> {
    let text = jwk[member].as_str().expect("a string");
    BASE64URL_NOPAD.decode(text.as_bytes()).expect("base64url")
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = BASE64.encode(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

/// Signs with a key and asks the verifier of the issuer's own key.
fn signs_as_issuer(key: &SigningKey) -> &'static str {
    let typ = symbolon_token::Typ::ACCESS_TOKEN;
    let token = symbolon_token::sign(key, typ, &good_claims()).expect("a token");
    outcome(&verifier(key.algorithm()), &token)
}

#[test]
fn a_private_key_signs_alike_in_every_format() {
    for &algorithm in ALGORITHMS {
        let named = with(jwk(algorithm), "kid", "k-1").to_string();
        let key = SigningKey::from_jwk(algorithm, named.as_bytes()).expect("a private key");
        assert_eq!(key.kid(), Some("k-1"), "{algorithm}");
        assert_eq!(key.algorithm(), algorithm);
        assert_eq!(signs_as_issuer(&key), "accepted", "{algorithm}");
        let exported = key.to_private_jwk().expect("JSON");
        let again = SigningKey::from_jwk(algorithm, exported.as_bytes()).expect("a private key");
        assert_eq!(again.kid(), Some("k-1"));
        assert_eq!(signs_as_issuer(&again), "accepted", "{algorithm}");
        let members: Value = serde_json::from_str(&exported).expect("JSON");
        for (member, value) in jwk(algorithm).as_object().expect("an object") {
            assert_eq!(&members[member], value, "{algorithm} {member}");
        }
        let nameless = SigningKey::from_jwk(algorithm, jwk(algorithm).to_string().as_bytes());
        assert_eq!(nameless.expect("a private key").kid(), None);
    }
    for (algorithm, pem) in [
        (Algorithm::RS256, PKCS1),
        (Algorithm::PS256, PKCS1),
        (Algorithm::ES256, SEC1_P256),
        (Algorithm::ES256, SEC1_WITHOUT_PUBLIC),
        (Algorithm::ES384, SEC1_P384),
        (Algorithm::ES512, include_str!("../keys/p521.sec1.pem")),
        (Algorithm::ES256K, include_str!("../keys/k256.sec1.pem")),
        (Algorithm::RS256, crate::support::RSA),
        (Algorithm::ES256, crate::support::P256),
        (Algorithm::ES384, crate::support::P384),
        (Algorithm::Ed25519, crate::support::ED25519),
    ] {
        let key = SigningKey::from_pem(algorithm, pem).expect("a private key");
        assert_eq!(signs_as_issuer(&key), "accepted", "{algorithm}");
        let expected = signing_key(algorithm).public_jwk();
        assert_eq!(key.public_jwk(), expected, "{algorithm}");
    }
}

#[test]
fn t14_private_and_public_members_must_be_of_one_key() {
    let mut judged = 0;
    for &algorithm in ALGORITHMS {
        let good = jwk(algorithm);
        for member in ["d", "p", "q", "dp", "dq", "qi", "n", "x", "y"] {
            if good.get(member).is_none() {
                continue;
            }
            let mut changed = octets(&good, member);
            *changed.last_mut().expect("an octet") ^= 2;
            let bad = with(good.clone(), member, BASE64URL_NOPAD.encode(&changed));
            let refused = import(algorithm, &bad);
            assert!(
                ["invalid_key", "weak_key"].contains(&refused),
                "{algorithm} {member}: {refused}"
            );
            assert_eq!(
                import(algorithm, &without(good.clone(), member)),
                "invalid_key",
                "{algorithm} without {member}"
            );
            judged += 1;
        }
    }
    assert_eq!(judged, 6 * 7 + 4 * 3 + 2 * 2);
    let stranger = SigningKey::generate(Algorithm::ES256).expect("a key");
    let public = serde_json::to_value(stranger.public_jwk()).expect("JSON");
    let mixed = with(
        with(jwk(Algorithm::ES256), "x", public["x"].clone()),
        "y",
        public["y"].clone(),
    );
    assert_eq!(import(Algorithm::ES256, &mixed), "invalid_key");
}

#[test]
fn t14_scalars_are_in_range_and_of_full_width() {
    // The order of P-256, which is zero again.
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let order = data_encoding::HEXLOWER
        .decode(order.as_bytes())
        .expect("hex");
    let good = octets(&jwk(Algorithm::ES256), "d");
    for (name, d) in [
        ("zero", vec![0; 32]),
        ("the order", order),
        ("over the order", vec![0xff; 32]),
        ("short", good[1..].to_vec()),
        ("long", [&[0][..], &good].concat()),
        ("empty", Vec::new()),
    ] {
        let bad = with(jwk(Algorithm::ES256), "d", BASE64URL_NOPAD.encode(&d));
        assert_eq!(import(Algorithm::ES256, &bad), "invalid_key", "{name}");
    }
    let seed = octets(&jwk(Algorithm::Ed25519), "d");
    for seed in [&seed[..31], &[&seed[..], &[0]].concat(), &[]] {
        let bad = with(jwk(Algorithm::Ed25519), "d", BASE64URL_NOPAD.encode(seed));
        assert_eq!(import(Algorithm::Ed25519, &bad), "invalid_key");
    }
}

#[test]
fn private_numbers_have_one_spelling() {
    let good = jwk(Algorithm::RS256);
    for member in ["d", "p", "dq", "qi"] {
        let text = good[member].as_str().expect("a string");
        let zero = BASE64URL_NOPAD.encode(&[&[0], &octets(&good, member)[..]].concat());
        for spelling in [zero, format!("{text}="), format!(" {text}"), String::new()] {
            let bad = with(good.clone(), member, spelling);
            assert_eq!(import(Algorithm::RS256, &bad), "invalid_key", "{member}");
        }
        let number = with(good.clone(), member, 7);
        assert_eq!(import(Algorithm::RS256, &number), "invalid_key", "{member}");
    }
    let first = good["d"].as_str().expect("a string").chars().next();
    let escaped = format!("\\u{:04x}", u32::from(first.expect("a character")));
    let document = good.to_string();
    let escaped = document.replacen("\"d\":\"", &format!("\"d\":\"{escaped}"), 1);
    let read = SigningKey::from_jwk(Algorithm::RS256, escaped.as_bytes());
    assert_eq!(code(read), "invalid_key");
}

#[test]
fn t9_private_jwks_are_strict_json() {
    let good = jwk(Algorithm::ES256).to_string();
    let twice = good.replacen('{', "{\"d\":\"AAAA\",", 1);
    for (name, document, expected) in [
        ("a member twice", twice, "duplicate_member"),
        ("more behind", format!("{good}x"), "malformed"),
        ("a byte order mark", format!("\u{feff}{good}"), "malformed"),
        ("a list", format!("[{good}]"), "malformed"),
        ("nothing", String::new(), "malformed"),
    ] {
        let read = SigningKey::from_jwk(Algorithm::ES256, document.as_bytes());
        assert_eq!(code(read), expected, "{name}");
    }
}

#[test]
fn t4_a_private_jwk_signs_only_what_it_says() {
    let good = jwk(Algorithm::ES256);
    for (member, value) in [
        ("alg", json!("ES384")),
        ("alg", json!("es256")),
        ("alg", json!("ECDH-ES")),
        ("use", json!("enc")),
        ("use", json!("Sig")),
        ("key_ops", json!(["verify"])),
        ("key_ops", json!([])),
    ] {
        let bad = with(good.clone(), member, value.clone());
        assert_eq!(
            import(Algorithm::ES256, &bad),
            "wrong_key",
            "{member} {value}"
        );
    }
    for (member, value) in [
        ("alg", json!("ES256")),
        ("use", json!("sig")),
        ("key_ops", json!(["sign"])),
        ("key_ops", json!(["sign", "verify"])),
    ] {
        let fine = with(good.clone(), member, value.clone());
        assert_eq!(
            import(Algorithm::ES256, &fine),
            "accepted",
            "{member} {value}"
        );
    }
    let repeated = with(good, "key_ops", json!(["sign", "sign"]));
    assert_eq!(import(Algorithm::ES256, &repeated), "invalid_key");
}

#[test]
fn t14_a_private_key_of_one_kind_signs_for_no_other() {
    let kinds = [
        Algorithm::HS256,
        Algorithm::RS256,
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::ES512,
        Algorithm::ES256K,
        Algorithm::Ed25519,
    ];
    for of in kinds {
        for algorithm in kinds {
            let expected = if of == algorithm {
                "accepted"
            } else {
                "wrong_key"
            };
            assert_eq!(
                import(algorithm, &jwk(of)),
                expected,
                "{of} for {algorithm}"
            );
        }
    }
    for (algorithm, pem) in [
        (Algorithm::ES256, PKCS1),
        (Algorithm::ES384, SEC1_P256),
        (Algorithm::ES256, SEC1_P384),
        (Algorithm::RS256, SEC1_P256),
        (Algorithm::HS256, SEC1_P256),
        (Algorithm::HS256, PKCS1),
    ] {
        assert_eq!(code(SigningKey::from_pem(algorithm, pem)), "wrong_key");
    }
}

#[test]
fn t14_weak_private_keys_are_refused_in_every_format() {
    let pkcs1 = include_str!("../keys/rsa1024.pkcs1.pem");
    assert_eq!(
        code(SigningKey::from_pem(Algorithm::RS256, pkcs1)),
        "weak_key"
    );
    let even = with(jwk(Algorithm::RS256), "e", "AQAA");
    assert_eq!(import(Algorithm::RS256, &even), "weak_key");
    let short = json!({ "kty": "oct", "k": BASE64URL_NOPAD.encode(&SECRET[..31]) });
    assert_eq!(import(Algorithm::HS256, &short), "weak_key");
    let public = json!({ "kty": "oct", "k": BASE64URL_NOPAD.encode(PKCS1.as_bytes()) });
    assert_eq!(import(Algorithm::HS256, &public), "wrong_key");
}

#[test]
fn keys_that_cannot_sign_or_are_not_supported_are_named_as_such() {
    for (name, jwk, expected) in [
        ("public", without(jwk(Algorithm::ES256), "d"), "invalid_key"),
        (
            "three primes",
            with(jwk(Algorithm::RS256), "oth", json!([{"r": "AQAB"}])),
            "unsupported_key",
        ),
        (
            "another curve",
            with(jwk(Algorithm::ES256), "crv", "P-192"),
            "unsupported_key",
        ),
    ] {
        let algorithm = if name == "three primes" {
            Algorithm::RS256
        } else {
            Algorithm::ES256
        };
        assert_eq!(import(algorithm, &jwk), expected, "{name}");
    }
    let sec1 = der(SEC1_P256);
    for (name, text, expected) in [
        (
            "encrypted",
            include_str!("../keys/p256.encrypted.pem").to_owned(),
            "unsupported_key",
        ),
        (
            "public",
            crate::support::P256_PUBLIC.to_owned(),
            "unsupported_key",
        ),
        (
            "a wrong label",
            pem("RSA PRIVATE KEY", &sec1),
            "unsupported_key",
        ),
        (
            "two blocks",
            format!("{SEC1_P256}{SEC1_P256}"),
            "invalid_key",
        ),
        (
            "more behind",
            pem("EC PRIVATE KEY", &[&sec1[..], &[0]].concat()),
            "invalid_key",
        ),
    ] {
        assert_eq!(
            code(SigningKey::from_pem(Algorithm::ES256, &text)),
            expected,
            "{name}"
        );
    }
}

#[test]
fn broken_older_formats_are_refused() {
    for (algorithm, label, good) in [
        (Algorithm::ES256, "EC PRIVATE KEY", der(SEC1_P256)),
        (Algorithm::RS256, "RSA PRIVATE KEY", der(PKCS1)),
    ] {
        for length in 0..good.len() {
            let cut = SigningKey::from_pem(algorithm, &pem(label, &good[..length]));
            assert!(cut.is_err(), "{label} cut to {length}");
        }
    }
    // The public half in the file is another key's, or off the curve.
    let mut good = der(SEC1_P256);
    let last = good.len() - 1;
    good[last] ^= 1;
    let off = SigningKey::from_pem(Algorithm::ES256, &pem("EC PRIVATE KEY", &good));
    assert_eq!(code(off), "invalid_key");
    let stranger = SigningKey::generate(Algorithm::ES256).expect("a key");
    let public = serde_json::to_value(stranger.public_jwk()).expect("JSON");
    let point = good.len() - 64;
    good[point..point + 32].copy_from_slice(&octets(&public, "x"));
    good[point + 32..].copy_from_slice(&octets(&public, "y"));
    let mixed = SigningKey::from_pem(Algorithm::ES256, &pem("EC PRIVATE KEY", &good));
    assert_eq!(code(mixed), "invalid_key");
}
