//! Tokens that are good for something else: another issuer, another audience, another purpose, or
//! that bring their own key. `symbolon-token` has the whole table; here it is what a service sees.

use std::{io::ErrorKind, net::TcpListener, time::Duration};

use aws_lc_rs::signature::Ed25519KeyPair;
use axum::{Router, routing::get};
use data_encoding::BASE64URL_NOPAD;
use symbolon_guard::{
    Caller, Outcome,
    token::{Algorithm, Audience, SigningKey, Timestamp, Typ, sign},
};

use crate::support::{AUDIENCE, ISSUER, Mint, NOW, bearer, call, refused};

fn is_valid(mint: &Mint, token: &str) -> bool {
    matches!(mint.guard().0.check(&bearer(token), NOW), Outcome::Valid(_))
}

/// A token of these claims under a header of our own, truly signed with this key.
fn sign_under(header: &serde_json::Value, mint: &Mint, key: &SigningKey) -> String {
    let part = |value: String| BASE64URL_NOPAD.encode(value.as_bytes());
    let claims = serde_json::to_string(&mint.claims(NOW)).unwrap();
    let input = format!("{}.{}", part(header.to_string()), part(claims));
    let pair = Ed25519KeyPair::from_pkcs8(&key.to_pkcs8_der().unwrap()).unwrap();
    let signature = BASE64URL_NOPAD.encode(pair.sign(input.as_bytes()).as_ref());
    format!("{input}.{signature}")
}

#[test]
fn t5_a_key_in_the_header_is_neither_trusted_nor_fetched() {
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let url = format!("http://{}/jwks.json", trap.local_addr().unwrap());

    let mint = Mint::new();
    let attacker = SigningKey::generate(Algorithm::Ed25519).unwrap();
    let kid = mint.key.kid().unwrap();
    let plain = serde_json::json!({ "alg": "Ed25519", "typ": "at+jwt", "kid": kid });
    assert!(is_valid(&mint, &sign_under(&plain, &mint, &mint.key)));
    assert!(!is_valid(&mint, &sign_under(&plain, &mint, &attacker)));

    let jwk = serde_json::to_value(attacker.public_jwk().unwrap()).unwrap();
    for (member, value) in [
        ("jwk", jwk),
        ("jku", url.clone().into()),
        ("x5u", url.into()),
        ("x5c", serde_json::json!(["AAAA"])),
    ] {
        let mut header = plain.clone();
        header[member] = value;
        // By the attacker's key, with and without our kid, and even by our own.
        assert!(
            !is_valid(&mint, &sign_under(&header, &mint, &mint.key)),
            "{member}"
        );
        assert!(
            !is_valid(&mint, &sign_under(&header, &mint, &attacker)),
            "{member}"
        );
        header.as_object_mut().unwrap().remove("kid");
        assert!(
            !is_valid(&mint, &sign_under(&header, &mint, &attacker)),
            "{member}"
        );
    }
    assert_eq!(trap.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn t6_a_hostile_kid_picks_nothing() {
    let mint = Mint::new();
    let huge = "k".repeat(8 * 1024);
    for kid in ["../../etc/passwd", "' OR 1=1 --", "\0", "*", "", &huge] {
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
        // Put together by hand: we don't sign a header that no verifier reads.
        let header = serde_json::json!({ "alg": "Ed25519", "typ": "at+jwt", "kid": kid });
        let token = sign_under(&header, &mint, &key);
        assert!(!is_valid(&mint, &token), "{kid:.20}");
    }
}

#[test]
fn t11_only_our_audience_is_ours() {
    let mint = Mint::new();
    let with = |audience: Audience| {
        let mut claims = mint.claims(NOW);
        claims.aud = audience;
        is_valid(&mint, &mint.sign(&claims))
    };
    assert!(with(
        vec!["https://x.example".to_owned(), AUDIENCE.to_owned()].into()
    ));
    for other in [
        ISSUER,
        "https://api.exampl",
        "https://api.example/",
        "https://API.example",
        "https://api.example.evil",
        "",
    ] {
        assert!(!with(other.into()), "{other}");
    }
    assert!(!with(Vec::<String>::new().into()));
}

#[test]
fn t12_only_our_issuer_is_ours() {
    let mint = Mint::new();
    for other in [
        "https://login.exampl",
        "https://login.example/",
        "https://LOGIN.example",
        "https://login.example.evil",
        "login.example",
        "",
    ] {
        let mut claims = mint.claims(NOW);
        claims.iss = other.to_owned();
        assert!(!is_valid(&mint, &mint.sign(&claims)), "{other}");
    }
}

#[test]
fn t13_only_an_access_token_is_an_access_token() {
    let mint = Mint::new();
    let of = |typ| is_valid(&mint, &sign(&mint.key, typ, &mint.claims(NOW)).unwrap());
    assert!(of(Typ::ACCESS_TOKEN));
    assert!(of(Typ::new("application/at+jwt").unwrap()));
    for other in [
        Typ::ID_TOKEN,
        Typ::LOGOUT_TOKEN,
        Typ::CLIENT_AUTHENTICATION,
        Typ::DPOP,
        Typ::SECURITY_EVENT,
        Typ::new("at").unwrap(),
    ] {
        assert!(!of(other.clone()), "{other:?}");
    }
}

/// J1: an ID token at an API is 401, although the same key signed it for the same subject.
#[tokio::test]
async fn t13_an_id_token_at_an_api_is_401() {
    let mint = Mint::new();
    let routes = Router::new()
        .route("/me", get(async |_: Caller| "opened"))
        .with_state(mint.guard().0);
    let token = sign(&mint.key, Typ::ID_TOKEN, &mint.claims(NOW)).unwrap();
    refused(
        call(&routes, "/me", bearer(&token)).await,
        401,
        "invalid_token",
    )
    .await;
}

#[tokio::test]
async fn a_token_ends_in_its_last_second_by_the_guards_clock() {
    let mint = Mint::new();
    let (guard, hands) = mint.guard();
    let headers = bearer(&mint.token());
    hands.advance(Duration::from_millis(599_999));
    assert!(guard.admit(&headers).await.unwrap().is_some());
    hands.advance(Duration::from_millis(1));
    let rejection = guard.admit(&headers).await.unwrap_err();
    assert_eq!(rejection.code(), "invalid_token");
    assert_eq!(rejection.token_error().unwrap().code(), "expired");
}

#[tokio::test]
async fn a_token_from_a_message_is_judged_as_one_from_a_header() {
    let mint = Mint::new();
    let (guard, _) = mint.guard();
    let caller = guard.require_token(&mint.token()).await.unwrap();
    assert_eq!(caller.subject(), "ada");
    assert!(caller.is_from(&guard));
    let late = Timestamp::from_secs(NOW.as_secs() - 600);
    for token in [
        String::new(),
        "garbage".to_owned(),
        format!("Bearer {}", mint.token()),
        mint.token_at(late),
        Mint::new().token(),
    ] {
        let refused = guard.require_token(&token).await.unwrap_err();
        assert_eq!(refused.code(), "invalid_token", "{token}");
    }
}
