//! Secrets that must not be taken, and random ones that must.

use std::ffi::OsString;

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};

use super::*;

const GOOD: &str = "k9Q2vXo7Zt4mB1rL8wYc5NfJ3hGdPsAe6uTi0KxR";

fn flaw(text: &str) -> Option<SecretFlaw> {
    SharedSecret::parse(text).err().map(|error| error.flaw())
}

#[test]
fn t14_the_secrets_of_the_posts_are_too_short() {
    for text in [
        "",
        "secret-key",
        "secret_key",
        "your-secret-key",
        "super-secret",
        "jwt-secret-string",
        "change-me",
        &GOOD[..31],
    ] {
        assert_eq!(flaw(text), Some(SecretFlaw::TooShort), "{text}");
    }
}

#[test]
fn t14_a_sample_secret_is_refused_however_it_is_padded() {
    for text in [
        "secret-key-0000000000000000000000000000",
        "secret-key-1234567890-1234567890-0987654321",
        "00000000000000000000000000secret_key",
        "my-super-secret-jwt-key-change-me-in-production",
        "MY_SUPER_SECRET_JWT_KEY_CHANGE_ME_IN_PRODUCTION",
        "Your-256-Bit-Secret-Must-Be-32-Bytes",
        "this-is-a-very-long-secret-key-for-hs256!",
        "a-string-secret-at-least-256-bits-long",
        "jwt-secret-string................................",
        "super-secret # Change this! ##############",
        "django-insecure-change-me-please-change-me",
        "secret-keysecret-keysecret-keysecret-key",
        "change-me change-me change-me change-me",
        "change me change-me change_me changeme!",
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "12345678901234567890123456789012",
        "!@#$%^&*()_+!@#$%^&()_+=-[]{};':,.<>",
        "secret\nkey\nsecret\tkey\r\nsecret key token ok",
    ] {
        assert_eq!(flaw(text), Some(SecretFlaw::Sample), "{text}");
    }
}

#[test]
fn t14_a_short_secret_said_twice_is_a_short_secret() {
    for text in [
        "hunter2hunter2hunter2hunter2hunter2",
        "비밀열쇠비밀열쇠비밀열쇠",
        &format!("{}{}", &GOOD[..20], &GOOD[..20]),
        &format!("{0}{0}", &GOOD[..31]),
        &"x".repeat(64),
    ] {
        assert_eq!(flaw(text), Some(SecretFlaw::Repeated), "{text}");
    }
}

#[test]
fn t3_a_public_key_is_no_secret() {
    let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
    let jwk = serde_json::to_string(&key.public_jwk().unwrap()).unwrap();
    assert_eq!(flaw(&jwk), Some(SecretFlaw::OtherKey));
    let ssh = format!("ssh-ed25519 {GOOD}");
    assert_eq!(flaw(&ssh), Some(SecretFlaw::OtherKey));
}

/// A check that refuses good secrets now and then would be found by the unlucky, at their start-up.
#[test]
fn what_was_drawn_at_random_is_taken() {
    // Digests of a counter stand in for the draw, so that every run judges the same ones.
    for counter in 0..500_u32 {
        let digest = |salt: u8| {
            let input = [&counter.to_be_bytes()[..], &[salt]].concat();
            aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA384, &input)
        };
        let drawn = digest(0);
        for text in [
            BASE64.encode(drawn.as_ref()),
            BASE64URL_NOPAD.encode(&drawn.as_ref()[..32]),
            HEXLOWER.encode(&drawn.as_ref()[..32]),
            HEXLOWER.encode(&drawn.as_ref()[..16]),
        ] {
            assert_eq!(flaw(&text), None, "{text}");
        }
    }
    assert_eq!(flaw(&format!("jwt-secret-{GOOD}")), None);
    assert_eq!(flaw("correct horse battery staple, or so they say"), None);
    assert_eq!(flaw("동해물과 백두산이 마르고 닳도록"), None);
}

#[test]
fn p0_15_the_jwt_key_comes_first_and_the_other_stands_in() {
    let among = |jwt: Option<&str>, other: Option<&str>| {
        let lookup = |name: &str| {
            let value = if name == "JWT_SECRET_KEY" { jwt } else { other };
            value.map(str::to_owned).ok_or(VarError::NotPresent)
        };
        SharedSecret::among(lookup)
            .map(|_| ())
            .map_err(|error| (error.variable(), error.flaw()))
    };
    assert_eq!(among(Some(GOOD), Some("secret-key")), Ok(()));
    assert_eq!(among(None, Some(GOOD)), Ok(()));
    assert_eq!(among(Some(""), Some(GOOD)), Ok(()));
    let missing = Err((None, SecretFlaw::Missing));
    assert_eq!(among(None, None), missing);
    assert_eq!(among(Some(""), Some("")), missing);
    // What is set and unfit isn't passed over for the next: its author thinks it is in use.
    assert_eq!(
        among(Some("secret-key"), Some(GOOD)),
        Err((Some("JWT_SECRET_KEY"), SecretFlaw::TooShort))
    );
    assert_eq!(
        among(None, Some("super-secret")),
        Err((Some("SECRET_KEY"), SecretFlaw::TooShort))
    );
}

#[test]
fn p3_01_a_variable_that_is_no_text_is_named() {
    let lookup = |_: &str| Err(VarError::NotUnicode(OsString::from("\u{fffd}")));
    let error = SharedSecret::among(lookup).unwrap_err();
    assert_eq!(error.variable(), Some("JWT_SECRET_KEY"));
    assert_eq!(
        error.to_string(),
        "JWT_SECRET_KEY: the secret is not UTF-8; `openssl rand -base64 48` makes a good one"
    );
}

#[test]
fn a_secret_shows_itself_to_nobody() {
    let secret = SharedSecret::parse(GOOD).unwrap();
    let shown = format!(
        "{secret:?} {:?} {:?}",
        secret.signing_key(),
        secret.verifying_key()
    );
    assert!(!shown.contains("k9Q2"), "{shown}");
    assert!(secret.signing_key().public_jwk().is_none());
    let error = SharedSecret::parse("canary-canary").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"));
}
