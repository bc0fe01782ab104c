//! Spellings of the `Authorization` field, one by one.

use http::{HeaderValue, header::AUTHORIZATION};

use super::*;

/// What sources make of one field.
fn read_by(sources: &Sources, value: &[u8]) -> Result<String, Refused> {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
    match sources.credential(Carrier::headers(&headers)) {
        Credential::Token(sent) => sent.read().map(str::to_owned).map_err(Refused::Malformed),
        Credential::Absent(why) => Err(Refused::Absent(why)),
        Credential::Malformed(why) => Err(Refused::Malformed(why)),
        Credential::CrossSite(why) => unreachable!("{why}"),
    }
}

fn read(value: &[u8]) -> Result<String, Refused> {
    read_by(&Sources::default(), value)
}

#[derive(Debug, PartialEq, Eq)]
enum Refused {
    Absent(Absent),
    Malformed(Malformed),
}

#[test]
fn the_scheme_is_read_in_any_case() {
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        let value = format!("{scheme} a.b.c");
        assert_eq!(read(value.as_bytes()), Ok("a.b.c".into()), "{scheme}");
    }
}

#[test]
fn another_scheme_is_no_credential_of_ours() {
    for (value, why) in [
        ("Basic dTpw", Absent::OtherScheme),
        ("DPoP a.b.c", Absent::OtherScheme),
        ("Digest a=b", Absent::OtherScheme),
        ("BearerX a.b.c", Absent::OtherScheme),
        ("JWT a.b.c", Absent::OtherScheme),
        ("JWT a b", Absent::OtherScheme),
        ("Token ", Absent::OtherScheme),
        ("Token", Absent::OneWord),
        ("a.b.c", Absent::OneWord),
    ] {
        let refused = Err(Refused::Absent(why));
        assert_eq!(read(value.as_bytes()), refused, "{value}");
    }
    let headers = HeaderMap::new();
    assert_eq!(
        Sources::default().credential(Carrier::headers(&headers)),
        Credential::Absent(Absent::NoHeader)
    );
}

#[test]
fn a_mangled_bearer_is_never_absent() {
    let cases: &[(&[u8], Malformed)] = &[
        (b"", Malformed::NoScheme),
        (b" ", Malformed::NoScheme),
        (b" Bearer a", Malformed::NoScheme),
        (b"Bearer\ta", Malformed::NoScheme),
        (b"Bearer:a", Malformed::NoScheme),
        (b"Bearer,a", Malformed::NoScheme),
        (b"\"Bearer\" a", Malformed::NoScheme),
        (b"\xc2\xa0Bearer a", Malformed::NoScheme),
        (b"Bearer\xc2\xa0a", Malformed::NoScheme),
        (b"Bearer", Malformed::NoToken),
        (b"Bearer ", Malformed::NoToken),
        (b"Bearer  a", Malformed::NotAToken),
        (b"Bearer \ta", Malformed::NotAToken),
        (b"Bearer a ", Malformed::NotAToken),
        (b"Bearer a b", Malformed::ExtraWords),
        (b"Bearer a,b", Malformed::NotAToken),
        (b"Bearer  a  b", Malformed::ExtraWords),
        (b"Bearer Bearer a", Malformed::ExtraWords),
        (b"Bearer a, Bearer b", Malformed::ExtraWords),
        (b"Bearer \"a\"", Malformed::NotAToken),
        (b"Bearer token=\"a\"", Malformed::NotAToken),
        (b"Bearer =", Malformed::NotAToken),
        (b"Bearer a=b", Malformed::NotAToken),
        (b"Bearer a%2eb", Malformed::NotAToken),
        (b"Bearer \xff", Malformed::NotAToken),
        (b"Bearer \xc3\xa9", Malformed::NotAToken),
    ];
    for (value, why) in cases {
        let refused = Err(Refused::Malformed(*why));
        assert_eq!(read(value), refused, "{}", value.escape_ascii());
    }
}

#[test]
fn t8_of_all_octets_those_of_a_b64token_may_stand_in_one() {
    for byte in 0..=127_u8 {
        let is_in = byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
        let letter = char::from(byte);
        for length in [0, 1, 7, 15, 16, 31, 32, 100] {
            let rest = "a".repeat(length);
            assert_eq!(is_b64token(&format!("{letter}{rest}b")), is_in, "{byte}");
            assert_eq!(is_b64token(&format!("b{rest}{letter}b")), is_in, "{byte}");
        }
        let at_the_end = is_in || byte == b'=';
        assert_eq!(is_b64token(&format!("b{letter}")), at_the_end, "{byte}");
    }
    for text in [
        "",
        "=",
        "==",
        "a=b",
        "\u{e9}",
        "abcdefghijklmnopqrstuvwxyz\u{e9}",
    ] {
        assert!(!is_b64token(text), "{text}");
    }
}

#[test]
fn two_fields_are_refused_whatever_they_hold() {
    for second in ["Bearer a.b.c", "Basic dTpw", ""] {
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer a.b.c"));
        headers.append(AUTHORIZATION, HeaderValue::from_str(second).unwrap());
        for sources in [
            Sources::bearer(),
            Sources::raw_token(),
            Sources::bearer().and_scheme(Scheme::JWT).and_raw_token(),
        ] {
            assert_eq!(
                sources.credential(Carrier::headers(&headers)),
                Credential::Malformed(Malformed::Repeated),
                "{second} {sources:?}"
            );
        }
    }
}

#[test]
fn p0_06_a_scheme_of_ones_own_stands_in_for_bearer() {
    let jwt = Sources::scheme(Scheme::JWT);
    for value in ["JWT a.b.c", "jwt a.b.c", "Jwt a.b.c"] {
        assert_eq!(read_by(&jwt, value.as_bytes()), Ok("a.b.c".into()));
    }
    for (value, refused) in [
        ("Bearer a.b.c", Refused::Absent(Absent::OtherScheme)),
        ("JWTX a.b.c", Refused::Absent(Absent::OtherScheme)),
        ("a.b.c", Refused::Absent(Absent::OneWord)),
        ("JWT", Refused::Malformed(Malformed::NoToken)),
        ("JWT ", Refused::Malformed(Malformed::NoToken)),
        ("JWT a b", Refused::Malformed(Malformed::ExtraWords)),
        ("JWT  a", Refused::Malformed(Malformed::NotAToken)),
        ("JWT:a.b.c", Refused::Malformed(Malformed::NoScheme)),
    ] {
        assert_eq!(read_by(&jwt, value.as_bytes()), Err(refused), "{value}");
    }
}

#[test]
fn p1_03_the_whole_field_is_a_raw_token() {
    let raw = Sources::raw_token();
    for value in ["a.b.c", "Bearer", "opaque=="] {
        assert_eq!(read_by(&raw, value.as_bytes()), Ok(value.into()));
    }
    let cases: &[(&[u8], Malformed)] = &[
        (b"", Malformed::NoToken),
        (b"Bearer a.b.c", Malformed::ExtraWords),
        (b"Basic dTpw", Malformed::ExtraWords),
        (b"a.b.c a.b.c", Malformed::ExtraWords),
        (b"a.b.c, a.b.c", Malformed::ExtraWords),
        (b" a.b.c", Malformed::NotAToken),
        (b"a.b.c ", Malformed::NotAToken),
        (b" ", Malformed::NotAToken),
        (b"a.b.c,a.b.c", Malformed::NotAToken),
        (b"\"a.b.c\"", Malformed::NotAToken),
        (b"a.b\tc", Malformed::NotAToken),
        (b"\xff", Malformed::NotAToken),
    ];
    for (value, why) in cases {
        let refused = Err(Refused::Malformed(*why));
        assert_eq!(read_by(&raw, value), refused, "{}", value.escape_ascii());
    }
}

#[test]
fn several_sources_are_all_taken_and_never_together() {
    let all = Sources::bearer()
        .and_scheme(Scheme::JWT)
        .and_raw_token()
        .and_scheme(Scheme::new("bearer").unwrap());
    assert_eq!(all.in_order().len(), 3, "one scheme counts once");
    for value in ["Bearer a.b.c", "jwt a.b.c", "a.b.c"] {
        assert_eq!(read_by(&all, value.as_bytes()), Ok("a.b.c".into()));
    }
    for (value, why) in [
        ("Bearer", Malformed::NoToken),
        ("JWT", Malformed::NoToken),
        ("Bearer a.b.c, JWT a.b.c", Malformed::ExtraWords),
        ("JWT Bearer a.b.c", Malformed::ExtraWords),
        ("Basic dTpw", Malformed::ExtraWords),
    ] {
        let refused = Err(Refused::Malformed(why));
        assert_eq!(read_by(&all, value.as_bytes()), refused, "{value}");
    }
}

#[test]
fn d2_a_scheme_is_one_word_and_not_one_that_needs_a_proof() {
    for word in [
        "",
        " ",
        "a b",
        "JWT ",
        "J\tWT",
        "JWT\r\nX: y",
        "JWT,",
        "\u{e9}",
        "\"JWT\"",
    ] {
        assert_eq!(Scheme::new(word), Err(SchemeError::NotAWord), "{word:?}");
    }
    for word in ["DPoP", "dpop", "DPOP"] {
        assert_eq!(Scheme::new(word), Err(SchemeError::NeedsProof), "{word}");
    }
    assert_eq!(Scheme::new("Token").unwrap().as_str(), "Token");
}
