//! Addresses and metadata that must lead nowhere.

use super::*;

#[test]
fn only_https_or_this_machine_is_an_address() {
    for good in [
        "https://login.example",
        "https://login.example:8443/tenant",
        "http://127.0.0.1:8080",
        "http://127.9.9.9",
        "http://[::1]:8080",
        "http://localhost:8080/a",
    ] {
        assert!(address(good).is_some(), "{good}");
    }
    for bad in [
        "http://login.example",
        "http://localhost.example",
        "http://127.0.0.1.example",
        "http://127.0.0.1@login.example",
        "https://login.example@evil.example",
        "http://10.0.0.1",
        "http://[::ffff:10.0.0.1]",
        "http://0.0.0.0",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "login.example",
        "/keys",
        "",
    ] {
        assert!(address(bad).is_none(), "{bad}");
    }
}

#[test]
fn both_well_known_forms_follow_the_issuers_path() {
    let places = |issuer| match KeySource::discovered(issuer) {
        Some(KeySource::Discovered { metadata, .. }) => Some(metadata.map(|uri| uri.to_string())),
        _ => None,
    };
    assert_eq!(
        places("https://a.example"),
        Some([
            "https://a.example/.well-known/openid-configuration".into(),
            "https://a.example/.well-known/oauth-authorization-server".into(),
        ])
    );
    assert_eq!(
        places("https://a.example/t/1"),
        Some([
            "https://a.example/t/1/.well-known/openid-configuration".into(),
            "https://a.example/.well-known/oauth-authorization-server/t/1".into(),
        ])
    );
    for bad in ["https://a.example?x=1", "https://a.example#x", "a.example"] {
        assert!(places(bad).is_none(), "{bad}");
    }
}

#[test]
fn t12_metadata_speaks_for_the_pinned_issuer_byte_for_byte() {
    let document = |issuer: &str| {
        format!(r#"{{"issuer":"{issuer}","jwks_uri":"https://a.example/keys","more":1}}"#)
    };
    let read = |issuer: &str| read_metadata(document(issuer).as_bytes(), "https://a.example");
    assert!(read("https://a.example").is_ok());
    for liar in [
        "https://a.example/",
        "https://A.example",
        "https://a.example:443",
        "https://a.example.evil",
        "https://a.exampl",
        "http://a.example",
        "",
    ] {
        assert!(matches!(read(liar), Err(FetchError::WrongIssuer)), "{liar}");
    }
}

#[test]
fn metadata_leads_nowhere_insecure() {
    let read = |pinned: &str, jwks_uri: &str| {
        let document = format!(r#"{{"issuer":"{pinned}","jwks_uri":"{jwks_uri}"}}"#);
        read_metadata(document.as_bytes(), pinned)
    };
    for (pinned, jwks_uri) in [
        ("https://a.example", "http://a.example/keys"),
        ("https://a.example", "http://127.0.0.1/keys"),
        ("https://a.example", "file:///keys"),
        ("https://a.example", "/keys"),
        ("http://127.0.0.1", "http://a.example/keys"),
    ] {
        assert!(
            matches!(read(pinned, jwks_uri), Err(FetchError::InsecureJwksUri)),
            "{pinned} {jwks_uri}"
        );
    }
    assert!(read("http://127.0.0.1", "https://a.example/keys").is_ok());
}

#[test]
fn metadata_of_another_shape_is_refused() {
    for document in [
        "",
        "[]",
        "{}",
        r#"{"issuer":"https://a.example"}"#,
        r#"{"issuer":["https://a.example"],"jwks_uri":"https://a.example/k"}"#,
        r#"{"issuer":"https://evil.example","issuer":"https://a.example","jwks_uri":"https://a.example/k"}"#,
        r#"{"issuer":"https://a.example","jwks_uri":"https://a.example/k"} x"#,
    ] {
        assert!(
            matches!(
                read_metadata(document.as_bytes(), "https://a.example"),
                Err(FetchError::MalformedMetadata)
            ),
            "{document}"
        );
    }
}
