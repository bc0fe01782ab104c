//! Spellings of the `Authorization` field, one by one.

use http::HeaderValue;

use super::*;

fn read(value: &[u8]) -> Result<Option<String>, Malformed> {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
    match credential(&headers) {
        Credential::Absent => Ok(None),
        Credential::Bearer(token) => Ok(Some(token.to_owned())),
        Credential::Malformed(why) => Err(why),
    }
}

#[test]
fn the_scheme_is_read_in_any_case() {
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        let value = format!("{scheme} a.b.c");
        assert_eq!(read(value.as_bytes()), Ok(Some("a.b.c".into())), "{scheme}");
    }
}

#[test]
fn another_scheme_is_no_credential_of_ours() {
    for value in [
        "Basic dTpw",
        "DPoP a.b.c",
        "Digest a=b",
        "BearerX a.b.c",
        "Token",
    ] {
        assert_eq!(read(value.as_bytes()), Ok(None), "{value}");
    }
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
        (b"Bearer a b", Malformed::NotAToken),
        (b"Bearer a,b", Malformed::NotAToken),
        (b"Bearer a, Bearer b", Malformed::NotAToken),
        (b"Bearer \"a\"", Malformed::NotAToken),
        (b"Bearer token=\"a\"", Malformed::NotAToken),
        (b"Bearer =", Malformed::NotAToken),
        (b"Bearer a=b", Malformed::NotAToken),
        (b"Bearer a%2eb", Malformed::NotAToken),
        (b"Bearer \xff", Malformed::NotAToken),
        (b"Bearer \xc3\xa9", Malformed::NotAToken),
    ];
    for (value, why) in cases {
        assert_eq!(read(value), Err(*why), "{}", value.escape_ascii());
    }
}

#[test]
fn two_fields_are_refused_whatever_they_hold() {
    for second in ["Bearer a.b.c", "Basic dTpw", ""] {
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer a.b.c"));
        headers.append(AUTHORIZATION, HeaderValue::from_str(second).unwrap());
        assert_eq!(
            credential(&headers),
            Credential::Malformed(Malformed::Repeated),
            "{second}"
        );
    }
}
