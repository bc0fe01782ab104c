//! Tables as people write them, wrongly too.

use serde_json::{Value, json};

use super::*;

fn read(row: Value) -> Result<Registration, String> {
    read_in(Path::new("."), row)
}

fn read_in(folder: &Path, mut row: Value) -> Result<Registration, String> {
    let members = row.as_object_mut().unwrap();
    members
        .entry("issuer")
        .or_insert("https://a.example".into());
    members.entry("client_id").or_insert("id".into());
    let table: Result<ClientTable, _> = serde_json::from_value(json!({ "a": row }));
    let table = table.map_err(|error| error.to_string())?;
    let environment = |name: &str| match name {
        "SECRET" => Some("s3cret".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    };
    let registrations = table.registrations(folder, environment);
    let mut registrations = registrations.map_err(|error| error.to_string())?;
    Ok(registrations.remove("a").unwrap())
}

#[test]
fn p4_11_a_table_says_all_that_code_can() {
    let registration = read(json!({
        "authentication": "secret_post", "secret_env": "SECRET",
        "scopes": ["openid", "email"], "parameters": {"prompt": "consent"},
        "claims": {"username": "/email"}, "userinfo": "always", "id_token_algorithm": "ES256",
        "max_age": 60, "redirect_path": "/authorize", "after_login": "/home",
        "new_users": "refused", "keep_tokens": true,
    }))
    .unwrap();
    assert_eq!(registration.check(), Ok(()));
    assert!(matches!(
        registration.authentication,
        Authentication::SecretPost(_)
    ));
    assert_eq!(registration.claims.username, "/email");
    assert_eq!(registration.claims.subject, "/sub");
    assert_eq!(registration.max_age, Some(Duration::from_mins(1)));
    assert_eq!(registration.new_users, NewUsers::Refused);
    let plain = read(json!({
        "authorization_endpoint": "https://a.example/a", "token_endpoint": "https://a.example/t",
        "userinfo_endpoint": "https://a.example/u",
    }));
    assert_eq!(plain.unwrap().check(), Ok(()));
}

#[test]
fn p4_11_what_a_table_does_wrong_is_told_with_the_client_and_what_to_do() {
    for (row, words) in [
        (
            json!({"authentication": "private_key_jwt", "secret_env": "SECRET"}),
            &["clients.a:", "take secret_env away"][..],
        ),
        (json!({"authentication": "private_key_jwt"}), &["key_file"]),
        (
            json!({"authentication": "private_key_jwt", "key_file": "/nowhere/key.pem"}),
            &["/nowhere/key.pem"],
        ),
        (
            json!({"authentication": "private_key_jwt", "key_file": "k", "key_algorithm": "RS1"}),
            &["RS1", "ES256"],
        ),
        (json!({"authentication": "secret_basic"}), &["secret_env"]),
        (
            json!({"authentication": "secret_basic", "secret_env": "MISSING"}),
            &["MISSING"],
        ),
        (
            json!({"authentication": "secret_basic", "secret_env": "EMPTY"}),
            &["EMPTY", "white space"],
        ),
        (
            json!({"authentication": "secret_basic", "secret_env": "SECRET", "key_file": "k"}),
            &["private_key_jwt"],
        ),
        (json!({"secret_env": "SECRET"}), &["authentication is none"]),
        (
            json!({"authentication": "client_secret_basic"}),
            &["secret_basic"],
        ),
        (
            json!({"secret": "s3cret"}),
            &["unknown field", "secret_env"],
        ),
        (json!({"scope": "openid"}), &["unknown field", "scopes"]),
        (
            json!({"token_endpoint": "https://a.example/t"}),
            &["authorization_endpoint"],
        ),
        (json!({"claims": {"sub": "/id"}}), &["unknown field"]),
    ] {
        let error = read(row.clone()).map(|_| ()).expect_err(&row.to_string());
        for word in words {
            assert!(error.contains(word), "{row}: {error}");
        }
        assert!(!error.contains("s3cret"), "{error}");
    }
}

#[test]
fn a_key_is_read_as_pem_and_as_jwk() {
    let folder = tempfile::tempdir().unwrap();
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let der = data_encoding::BASE64.encode(&key.to_pkcs8_der().unwrap());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n");
    fs::write(folder.path().join("key.pem"), pem).unwrap();
    // RFC 7515 appendix A.3.
    let jwk = r#"{"kty":"EC","crv":"P-256","kid":"a3",
        "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        "d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
    fs::write(folder.path().join("key.json"), jwk).unwrap();
    let registration = read_in(
        folder.path(),
        json!({
            "authentication": "private_key_jwt", "key_file": "key.pem", "next_key_file": "key.json",
        }),
    );
    let Authentication::PrivateKeyJwt(keys) = registration.unwrap().authentication else {
        panic!("another authentication");
    };
    let published = keys.public().keys;
    assert_eq!(published.len(), 2);
    assert_eq!(published[0].kid(), key.kid());
    assert_eq!(published[1].kid(), Some("a3"));
}

#[test]
fn a_key_signs_with_the_usual_algorithm_of_its_kind() {
    for (algorithm, usual) in [
        (Algorithm::RS256, Algorithm::RS256),
        (Algorithm::PS256, Algorithm::RS256),
        (Algorithm::ES256, Algorithm::ES256),
        (Algorithm::ES384, Algorithm::ES384),
        (Algorithm::Ed25519, Algorithm::EdDSA),
    ] {
        let key = SigningKey::generate(algorithm).unwrap();
        let der = data_encoding::BASE64.encode(&key.to_pkcs8_der().unwrap());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n");
        assert_eq!(parse_key(None, &pem).unwrap().algorithm(), usual);
    }
    assert!(ClientKeys::parse("").is_err());
    assert!(ClientKeys::parse("{}").is_err());
}
