//! One token, one spelling (T8), strict JSON inside (T9), and bounded cost (T16).

use data_encoding::BASE64URL_NOPAD;
use serde_json::json;
use symbolon_token::{Algorithm, KeySet};

use crate::support::{
    code, forge, good_claims, good_header, good_token, judged, seal, with_claims, with_header,
};

const LIMIT: usize = 16 * 1024;

#[test]
fn t8_other_serializations_are_refused() {
    let token = good_token(Algorithm::HS256);
    let segments: Vec<&str> = token.split('.').collect();
    let (header, payload, signature) = (segments[0], segments[1], segments[2]);
    let flattened = json!({ "protected": header, "payload": payload, "signature": signature });
    let general = json!({
        "payload": payload,
        "signatures": [{ "protected": header, "signature": signature }],
    });
    for wrong in [
        flattened.to_string(),
        general.to_string(),
        format!("\"{token}\""),
        format!("'{token}'"),
        format!("{{{token}"),
        format!("Bearer {token}"),
        format!(" {token}"),
        format!("{token} "),
        format!("{token}\n"),
        format!("\u{feff}{token}"),
        format!("{token}\0"),
        format!("{header}.{payload}"),
        format!("{header}.{payload}.{signature}."),
        format!(".{header}.{payload}.{signature}"),
        format!("{header}..{payload}.{signature}"),
        format!("{header}.{payload}.{signature}.{signature}"),
        format!("{header}.{payload}.{signature}.{signature}.{signature}"),
        format!(".{payload}.{signature}"),
        format!("{header}\n.{payload}.{signature}"),
        token.replace('.', "\u{3002}"),
        token.replace('.', "%2e"),
        header.to_owned(),
        "..".to_owned(),
        ".".to_owned(),
        String::new(),
    ] {
        assert_eq!(judged(&wrong), "malformed", "{wrong:?}");
    }
}

/// What breaks the payload's spelling breaks what was signed, and that is found first.
#[test]
fn t8_a_payload_spelt_otherwise_has_another_signature() {
    let token = good_token(Algorithm::HS256);
    let segments: Vec<&str> = token.split('.').collect();
    let (header, payload, signature) = (segments[0], segments[1], segments[2]);
    for spelling in [
        format!(" {payload}"),
        format!("{payload}\u{2028}"),
        format!("{payload}="),
        format!("{payload}\n"),
    ] {
        let token = format!("{header}.{spelling}.{signature}");
        assert_eq!(judged(&token), "bad_signature", "{spelling:?}");
    }
}

/// Padded or with the other alphabet, even where the signature is made over that very text.
#[test]
fn t8_base64_has_one_alphabet_and_no_padding() {
    let header = BASE64URL_NOPAD.encode(good_header(Algorithm::HS256).to_string().as_bytes());
    let mut claims = good_claims();
    claims["x"] = json!("\u{3e}\u{3f}\u{7f}~~~???>>>\u{ff}\u{fe}");
    let bytes = claims.to_string().into_bytes();
    let standard = data_encoding::BASE64_NOPAD.encode(&bytes);
    assert!(
        standard.contains(['+', '/']),
        "the example needs both alphabets"
    );
    let url = BASE64URL_NOPAD.encode(&bytes);
    assert_eq!(
        judged(&seal(Algorithm::HS256, &format!("{header}.{url}"))),
        "accepted"
    );
    for payload in [
        standard,
        format!("{url}="),
        format!("{url}=="),
        format!("{url}A"),
        format!("{} {}", &url[..8], &url[8..]),
        format!("{}\r\n{}", &url[..8], &url[8..]),
    ] {
        let token = seal(Algorithm::HS256, &format!("{header}.{payload}"));
        assert_eq!(judged(&token), "malformed", "{payload}");
        let token = seal(Algorithm::HS256, &format!("{payload}.{url}"));
        assert_eq!(judged(&token), "malformed", "as header: {payload}");
    }
}

#[test]
fn t8_the_last_bits_of_a_segment_are_zero() {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for &algorithm in crate::support::ALGORITHMS {
        let token = good_token(algorithm);
        let (rest, last) = token.split_at(token.len() - 1);
        let value = ALPHABET.iter().position(|byte| [*byte] == last.as_bytes());
        let value = value.expect("base64url");
        let signature = token.rsplit('.').next().expect("three segments");
        let spare_bits = match signature.len() % 4 {
            2 => 4,
            3 => 2,
            _ => 0,
        };
        for spare in 1..1 << spare_bits {
            let other = char::from(ALPHABET[value | spare]);
            let refused = crate::support::outcome(
                &crate::support::verifier(algorithm),
                &format!("{rest}{other}"),
            );
            assert_eq!(refused, "malformed", "{algorithm}");
        }
    }
}

#[test]
fn t9_duplicate_members_are_refused() {
    let claims = good_claims().to_string();
    let open = &claims[..claims.len() - 1];
    for (name, claims) in [
        ("exp", format!(r#"{open},"exp":9999999999}}"#)),
        ("the same value", format!(r#"{open},"jti":"token-1"}}"#)),
        ("escaped", format!(r#"{open},"\u0073ub":"admin"}}"#)),
        ("deep", format!(r#"{open},"x":{{"y":[{{"a":1,"a":2}}]}}}}"#)),
    ] {
        assert_eq!(judged(&with_claims(claims)), "duplicate_member", "{name}");
    }
    for header in [
        r#"{"alg":"HS256","alg":"HS256","typ":"at+jwt"}"#,
        r#"{"alg":"none","typ":"at+jwt","alg":"HS256"}"#,
        r#"{"alg":"HS256","typ":"at+jwt","\u0061lg":"none"}"#,
        r#"{"alg":"HS256","typ":"JWT","typ":"at+jwt"}"#,
        r#"{"alg":"HS256","typ":"at+jwt","kid":"a","kid":"b"}"#,
        r#"{"alg":"HS256","typ":"at+jwt","x":{"y":1,"y":1}}"#,
    ] {
        assert_eq!(judged(&with_header(header)), "duplicate_member", "{header}");
    }
}

#[test]
fn t9_what_is_not_a_json_object_in_utf8_is_refused() {
    let claims = good_claims().to_string();
    let nested = |open: &str, close: &str| {
        let open_all = open.repeat(1_000);
        format!("{{\"a\":{open_all}1{}}}", close.repeat(1_000))
    };
    let mut documents: Vec<Vec<u8>> = [
        String::new(),
        format!("\u{feff}{claims}"),
        format!("{claims}{claims}"),
        format!("{claims},"),
        format!("[{claims}]"),
        format!("\"{}\"", claims.replace('"', "\\\"")),
        "null".to_owned(),
        "[]".to_owned(),
        "7".to_owned(),
        claims.replace('"', "'"),
        claims.replace(":\"user-1\"", ":NaN"),
        claims.replace(":\"user-1\"", ":1e400"),
        claims.replace(":\"user-1\"", ":-1e400"),
        claims.replace(":\"user-1\"", ":Infinity"),
        claims.replace("user-1", "\\ud800"),
        claims.replace("user-1", "user\n1"),
        nested("[", "]"),
        nested("{\"a\":", "}"),
    ]
    .into_iter()
    .map(String::into_bytes)
    .collect();
    documents.push(claims.encode_utf16().flat_map(u16::to_be_bytes).collect());
    documents.push(claims.encode_utf16().flat_map(u16::to_le_bytes).collect());
    documents.push(claims.replace("user-1", "X").into_bytes());
    let broken = documents.last_mut().expect("a document");
    let at = broken.iter().position(|byte| *byte == b'X').expect("an X");
    broken[at] = 0xff;

    let header = good_header(Algorithm::HS256).to_string();
    for document in documents {
        let shown = String::from_utf8_lossy(&document)
            .chars()
            .take(60)
            .collect::<String>();
        let as_payload = forge(Algorithm::HS256, &header, &document);
        assert_eq!(judged(&as_payload), "malformed", "payload {shown}");
        let as_header = forge(Algorithm::HS256, &document, &claims);
        let header_limit = 768;
        let expected = if document.len() > header_limit {
            "too_large"
        } else {
            "malformed"
        };
        assert_eq!(judged(&as_header), expected, "header {shown}");
    }
}

#[test]
fn t16_length_is_checked_before_anything_else() {
    let at_limit = "A".repeat(LIMIT);
    assert_eq!(judged(&at_limit), "malformed");
    assert_eq!(judged(&format!("{at_limit}A")), "too_large");
    assert_eq!(judged(&".".repeat(LIMIT + 1)), "too_large");
    assert_eq!(judged(&"\u{e4}".repeat(LIMIT)), "too_large");
    let mut claims = good_claims();
    claims["x"] = json!("x".repeat(LIMIT));
    assert_eq!(judged(&with_claims(claims)), "too_large");
}

#[test]
fn t16_a_token_at_the_limit_is_accepted_and_one_more_octet_is_not() {
    let sized = |filler: usize| {
        let mut claims = good_claims();
        claims["x"] = json!("x".repeat(filler));
        with_claims(claims)
    };
    let filler = (11_000..12_288)
        .rev()
        .find(|filler| sized(*filler).len() <= LIMIT)
        .expect("a token within the limit");
    assert!(sized(filler).len() > LIMIT - 4);
    assert_eq!(judged(&sized(filler)), "accepted");
    assert_eq!(judged(&sized(filler + 4)), "too_large");
    let mut claims = good_claims();
    claims["x"] = json!("x".repeat(filler + 4));
    let key = crate::support::signing_key(Algorithm::HS256);
    let signed = symbolon_token::sign(&key, symbolon_token::Typ::ACCESS_TOKEN, &claims);
    assert_eq!(code(signed), "too_large");
}

#[test]
fn t16_a_million_dots_cost_nothing() {
    assert_eq!(judged(&".".repeat(1_000_000)), "too_large");
    assert_eq!(judged(&".".repeat(LIMIT)), "malformed");
    assert_eq!(judged(&format!("{}..", "A".repeat(LIMIT - 2))), "too_large");
}

/// Quadratic work on a megabyte of member names takes minutes; what is done takes well under a second.
#[test]
fn t16_cost_grows_with_length_and_not_with_its_square() {
    let names: Vec<String> = (0..90_000)
        .map(|number| format!("\"{number}\":0"))
        .collect();
    let deep = "[".repeat(20) + &"[],".repeat(100_000) + "0" + &"]".repeat(20);
    let entries = vec!["0"; 200_000].join(",");
    let escapes = "\\u0041".repeat(100_000);
    for (name, document, expected) in [
        (
            "members",
            format!("{{{},\"keys\":[]}}", names.join(",")),
            "accepted",
        ),
        (
            "arrays",
            format!("{{\"x\":{deep},\"keys\":[]}}"),
            "accepted",
        ),
        (
            "escapes",
            format!("{{\"x\":\"{escapes}\",\"keys\":[]}}"),
            "accepted",
        ),
        ("entries", format!("{{\"keys\":[{entries}]}}"), "too_large"),
    ] {
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let parsed = KeySet::from_jwks(document.as_bytes(), &[Algorithm::ES256]);
            sender.send(code(parsed))
        });
        let limit = std::time::Duration::from_secs(30);
        assert_eq!(receiver.recv_timeout(limit), Ok(expected), "{name}");
    }
}
