//! Public keys passed as HMAC secrets (T3), and secrets too weak to be one (T14).

use std::iter;

use symbolon_token::{Algorithm, SigningKey, VerifyingKey};

use crate::support::{ED25519_PUBLIC, P256, P256_PUBLIC, P384_PUBLIC, RSA, RSA_PUBLIC, code, der};

/// Both constructors, because whoever verifies with a secret may sign with it as well.
fn refused(secret: &[u8]) -> &'static str {
    let verifying = code(VerifyingKey::hmac(Algorithm::HS256, secret));
    assert_eq!(code(SigningKey::hmac(Algorithm::HS256, secret)), verifying);
    verifying
}

fn public_keys() -> Vec<(&'static str, Vec<u8>)> {
    let rsa_jwk = SigningKey::from_pkcs8_pem(Algorithm::RS256, RSA)
        .ok()
        .and_then(|key| key.public_jwk())
        .and_then(|jwk| serde_json::to_vec(&jwk).ok())
        .expect("a JWK");
    let pkcs1 = include_str!("../keys/rsa2048.pkcs1.pub.pem");
    let mut keys = vec![("JWK", rsa_jwk)];
    for (name, pem) in [
        ("RSA", RSA_PUBLIC),
        ("PKCS#1", pkcs1),
        ("P-256", P256_PUBLIC),
        ("P-384", P384_PUBLIC),
        ("Ed25519", ED25519_PUBLIC),
        ("certificate", include_str!("../keys/p256.cert.pem")),
        ("RSA private", RSA),
        ("P-256 private", P256),
        ("RSA SSH", include_str!("../keys/rsa2048.ssh.pub")),
        ("P-256 SSH", include_str!("../keys/p256.ssh.pub")),
        ("Ed25519 SSH", include_str!("../keys/ed25519.ssh.pub")),
    ] {
        keys.push((name, pem.into()));
        if pem.starts_with("-----") {
            keys.push((name, der(pem)));
        }
    }
    keys
}

#[test]
fn t3_public_keys_are_no_secrets_in_any_format() {
    for (name, key) in public_keys() {
        assert_eq!(refused(&key), "wrong_key", "{name}");
    }
}

/// CVE-2023-48223 and its successor: filters that looked at the first characters.
#[test]
fn t3_forty_prefixes_do_not_hide_a_public_key() {
    let prefixes = [
        " ",
        "\n",
        "\r\n",
        "\t",
        "\u{b}",
        "\u{c}",
        "\0",
        "\u{feff}",
        "\u{a0}",
        "\u{200b}",
        "\u{2028}",
        "\u{85}",
        "\u{3000}",
        "  \n",
        "\n\n\n",
        "\u{feff}\n",
        "#",
        "# key\n",
        "//",
        "/**/",
        "--",
        "-",
        "=",
        "\"",
        "'",
        "\\n",
        "x",
        "key=",
        "ssh ",
        "{",
        "[",
        "<",
        "%",
        "\u{1}",
        "\u{1f}",
        "\u{7f}",
        "\u{80}",
        "\u{2060}",
        "Bag Attributes\n",
        "Comment: x\n",
    ];
    assert_eq!(prefixes.len(), 40);
    for (name, key) in public_keys() {
        for prefix in prefixes {
            let hidden = [prefix.as_bytes(), &key].concat();
            assert_eq!(refused(&hidden), "wrong_key", "{prefix:?} before {name}");
            let both = [prefix.as_bytes(), &key, prefix.as_bytes()].concat();
            assert_eq!(refused(&both), "wrong_key", "{prefix:?} around {name}");
        }
    }
}

#[test]
fn t3_other_encodings_do_not_hide_a_public_key() {
    let pems = [RSA_PUBLIC, P256_PUBLIC, P384_PUBLIC, ED25519_PUBLIC];
    for pem in pems {
        let utf16: Vec<u8> = pem.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(refused(&utf16), "wrong_key", "UTF-16");
        let with_mark = [&[0xff, 0xfe][..], &utf16].concat();
        assert_eq!(refused(&with_mark), "wrong_key", "UTF-16 with a mark");
        let armourless: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        assert_eq!(refused(armourless.as_bytes()), "wrong_key", "base64");
        let url = data_encoding::BASE64URL_NOPAD.encode(&der(pem));
        assert_eq!(refused(url.as_bytes()), "wrong_key", "base64url");
        let crlf = pem.replace('\n', "\r\n");
        assert_eq!(refused(crlf.as_bytes()), "wrong_key", "CR LF");
    }
}

#[test]
fn t14_weak_secrets_are_refused() {
    for length in [0, 1, 16, 31] {
        let secret: Vec<u8> = (1..).take(length).collect();
        assert_eq!(refused(&secret), "weak_key", "{length} octets");
    }
    for same in [0, b'a', 0xff] {
        let secret: Vec<u8> = iter::repeat_n(same, 64).collect();
        assert_eq!(refused(&secret), "weak_key", "{same} repeated");
    }
}

#[test]
fn random_secrets_of_every_length_are_accepted() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for length in 32..512 {
        let secret: Vec<u8> = iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .take(length)
        .collect();
        assert_eq!(refused(&secret), "accepted", "{length} octets");
        let text = data_encoding::BASE64.encode(&secret);
        assert_eq!(
            refused(text.as_bytes()),
            "accepted",
            "{length} octets in base64"
        );
    }
}

#[test]
fn secrets_go_with_hmac_only() {
    for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::Ed25519] {
        let secret = VerifyingKey::hmac(algorithm, crate::support::SECRET);
        assert_eq!(code(secret), "wrong_key", "{algorithm}");
    }
    for pem in [RSA_PUBLIC, P256_PUBLIC, ED25519_PUBLIC] {
        assert_eq!(
            code(VerifyingKey::from_pem(Algorithm::HS256, pem)),
            "wrong_key"
        );
    }
    assert_eq!(
        code(SigningKey::from_pkcs8_pem(Algorithm::HS256, RSA)),
        "wrong_key"
    );
}
