//! What is set up wrongly is told at the start.

use super::*;

fn discovered() -> Registration {
    Registration::discovered("https://a.example", "id")
}

fn plain() -> Registration {
    let endpoints = Endpoints {
        authorization: "https://a.example/authorize".to_owned(),
        token: "https://a.example/token".to_owned(),
        userinfo: Some("https://a.example/me".to_owned()),
        ..Endpoints::default()
    };
    Registration::with_endpoints("https://a.example", "id", endpoints)
}

#[test]
fn p4_11_what_can_be_right_is_taken() {
    assert_eq!(discovered().check(), Ok(()));
    assert_eq!(plain().check(), Ok(()));
    let here = Registration::discovered("http://127.0.0.1:3001", "id");
    assert_eq!(here.redirect_path("/authorize").check(), Ok(()));
}

#[test]
fn p4_11_what_cannot_be_right_is_refused_with_what_to_do() {
    let without_userinfo = |mut registration: Registration| {
        registration.endpoints.as_mut().unwrap().userinfo = None;
        registration
    };
    let insecure = |mut registration: Registration| {
        let endpoints = registration.endpoints.as_mut().unwrap();
        endpoints.token = "http://a.example/token".to_owned();
        registration
    };
    let issuer = |issuer: &str| Registration::discovered(issuer, "id");
    let subject = ClaimNames::default();
    let mut elsewhere = subject.clone();
    elsewhere.subject = "/id".to_owned();
    let mut nowhere = subject;
    nowhere.name = "name".to_owned();
    for (registration, word) in [
        (issuer("http://a.example"), "https"),
        (issuer("https://a.example?x"), "https"),
        (issuer("a.example"), "https"),
        (
            Registration::discovered("https://a.example", ""),
            "client_id",
        ),
        (
            Registration::discovered("https://a.example", " id"),
            "client_id",
        ),
        (insecure(plain()), "token_endpoint"),
        (without_userinfo(plain()), "userinfo_endpoint"),
        (plain().userinfo(Userinfo::Never), "userinfo_endpoint"),
        (plain().scopes(["openid"]), "jwks_uri"),
        (discovered().scopes(["openid email"]), "one by one"),
        (discovered().scopes([""]), "one by one"),
        (discovered().parameter("state", "x"), "state"),
        (
            discovered().parameter("code_challenge_method", "plain"),
            "itself",
        ),
        (discovered().claims(elsewhere), "`sub`"),
        (discovered().claims(nowhere), "JSON pointer"),
        (
            discovered().id_token_algorithm(Algorithm::HS256),
            "published",
        ),
        (discovered().redirect_path("https://b.example"), "path"),
        (discovered().redirect_path("//b.example"), "path"),
        (discovered().redirect_path("/a?b"), "path"),
        (discovered().after_login("//b.example"), "path"),
        (discovered().timeout(Duration::ZERO), "second"),
    ] {
        let error = registration.check().expect_err(word).to_string();
        assert!(error.contains(word), "{error}");
    }
}
