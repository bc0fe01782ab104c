//! Public keys in the formats of other tools: what `OpenSSL` and `OpenSSH` wrote is read, what is written is
//! what they wrote, and nothing weak or broken passes by another door (T14).

use symbolon_token::{Algorithm, Jwk, VerifyingKey};

use crate::support::{
    self, ALGORITHMS, ED25519_PUBLIC, P256, P256_PUBLIC, P384_PUBLIC, P521_PUBLIC, RSA_PUBLIC,
    code, der,
};

const SSH: [(&str, &str); 5] = [
    (RSA_PUBLIC, include_str!("../keys/rsa2048.ssh.pub")),
    (P256_PUBLIC, include_str!("../keys/p256.ssh.pub")),
    (P384_PUBLIC, include_str!("../keys/p384.ssh.pub")),
    (P521_PUBLIC, include_str!("../keys/p521.ssh.pub")),
    (ED25519_PUBLIC, include_str!("../keys/ed25519.ssh.pub")),
];

const CERTIFICATES: [(&str, &str); 3] = [
    (RSA_PUBLIC, include_str!("../keys/rsa2048.cert.pem")),
    (P256_PUBLIC, include_str!("../keys/p256.cert.pem")),
    (ED25519_PUBLIC, include_str!("../keys/ed25519.cert.pem")),
];

#[test]
fn what_openssl_wrote_is_written_again() {
    for (_, public) in ALGORITHMS.iter().filter_map(|one| support::pems(*one)) {
        let key = Jwk::from_pem(public).expect("a public key");
        assert_eq!(key.to_spki_pem(), public);
        assert_eq!(key.to_spki_der(), der(public));
    }
    let pkcs1 = include_str!("../keys/rsa2048.pkcs1.pub.pem");
    let rsa = Jwk::from_pem(RSA_PUBLIC).expect("a public key");
    assert_eq!(rsa.to_pkcs1_pem().as_deref(), Ok(pkcs1));
    assert_eq!(Jwk::from_pem(pkcs1), Ok(rsa));
    let other = Jwk::from_pem(P256_PUBLIC).expect("a public key");
    assert_eq!(code(other.to_pkcs1_pem()), "unsupported_key");
}

#[test]
fn what_openssh_wrote_is_written_again() {
    for (pem, line) in SSH {
        let key = Jwk::from_ssh(line).expect("a public key");
        assert_eq!(Ok(&key), Jwk::from_pem(pem).as_ref());
        let words: Vec<_> = line.split_whitespace().take(2).collect();
        assert_eq!(key.to_ssh(), Ok(words.join(" ")));
    }
    let k256 = Jwk::from_pem(support::K256_PUBLIC).expect("a public key");
    assert_eq!(code(k256.to_ssh()), "unsupported_key");
}

#[test]
fn the_key_of_a_certificate_is_read() {
    for (pem, certificate) in CERTIFICATES {
        assert_eq!(Jwk::from_pem(certificate), Jwk::from_pem(pem));
        let good = der(certificate);
        for length in 0..good.len() {
            assert!(
                Jwk::from_certificate_der(&good[..length]).is_err(),
                "{length}"
            );
        }
        let longer = [&good[..], &[0]].concat();
        assert_eq!(code(Jwk::from_certificate_der(&longer)), "invalid_key");
    }
    let p256 = CERTIFICATES[1].1;
    for (algorithm, pem, expected) in [
        (Algorithm::ES256, p256, "accepted"),
        (Algorithm::ES384, p256, "wrong_key"),
        (Algorithm::ES256, P256_PUBLIC, "unsupported_key"),
        (Algorithm::ES256, P256, "unsupported_key"),
    ] {
        let read = VerifyingKey::from_certificate_pem(algorithm, pem);
        assert_eq!(code(read), expected);
    }
    assert_eq!(code(Jwk::from_pem(P256)), "unsupported_key");
}

#[test]
fn t14_lines_of_openssh_that_are_broken_or_weak_are_refused() {
    let (_, good) = SSH[1];
    let words: Vec<_> = good.split_whitespace().collect();
    let blob = data_encoding::BASE64
        .decode(words[1].as_bytes())
        .expect("base64");
    let line = |kind: &str, blob: &[u8]| format!("{kind} {}", data_encoding::BASE64.encode(blob));
    let mut off = blob.clone();
    *off.last_mut().expect("an octet") ^= 1;
    for (name, text) in [
        ("empty", String::new()),
        ("no blob", words[0].to_owned()),
        ("another type outside", line("ssh-rsa", &blob)),
        ("another curve outside", line("ecdsa-sha2-nistp384", &blob)),
        ("cut", line(words[0], &blob[..blob.len() - 1])),
        ("more behind", line(words[0], &[&blob[..], &[0]].concat())),
        ("two lines", format!("{good}{good}")),
        ("off the curve", line(words[0], &off)),
        ("options in front", format!("no-pty {good}")),
    ] {
        let read = VerifyingKey::from_ssh(Algorithm::ES256, &text);
        assert_eq!(code(read), "invalid_key", "{name}");
    }
    let old = VerifyingKey::from_ssh(Algorithm::ES256, &line("ssh-dss", b"\0\0\0\x07ssh-dss"));
    assert_eq!(code(old), "unsupported_key");
    // e = 1 in front of the good modulus.
    let (_, rsa) = SSH[0];
    let blob = rsa.split_whitespace().nth(1).expect("a blob");
    let blob = data_encoding::BASE64
        .decode(blob.as_bytes())
        .expect("base64");
    let one = [&blob[..11], &[0, 0, 0, 1, 1], &blob[11 + 4 + 3..]].concat();
    let weak = VerifyingKey::from_ssh(Algorithm::RS256, &line("ssh-rsa", &one));
    assert_eq!(code(weak), "weak_key");
}

#[test]
fn rfc9278_3_thumbprint_uri() {
    let key = br#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
    assert_eq!(
        Jwk::parse(key).expect("a JWK").thumbprint_uri(),
        "urn:ietf:params:oauth:jwk-thumbprint:sha-256:NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
}
