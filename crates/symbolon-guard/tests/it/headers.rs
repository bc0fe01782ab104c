//! Spellings of the `Authorization` header: one is right, the rest get one of two answers.

use axum::{Router, routing::get};
use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};
use symbolon_guard::{Absent, Caller, Guard, Invalid, Malformed, Outcome};

use crate::support::{Mint, NOW, bearer, call, refused, text};

fn routes(guard: Guard) -> Router {
    Router::new()
        .route(
            "/me",
            get(async |caller: Caller| caller.subject().to_owned()),
        )
        .route("/maybe", get(async |_: Option<Caller>| "let in"))
        .with_state(guard)
}

fn field(value: impl AsRef<[u8]>) -> HeaderMap {
    let value = HeaderValue::from_bytes(value.as_ref()).unwrap();
    HeaderMap::from_iter([(AUTHORIZATION, value)])
}

#[tokio::test]
async fn the_scheme_is_case_insensitive() {
    let mint = Mint::new();
    let routes = routes(mint.guard().0);
    for scheme in ["Bearer", "bearer", "BEARER", "bEARER"] {
        let answer = call(&routes, "/me", field(format!("{scheme} {}", mint.token()))).await;
        assert_eq!(text(answer).await, "ada", "{scheme}");
    }
}

#[tokio::test]
async fn a_doubled_header_is_invalid_request() {
    let mint = Mint::new();
    let routes = routes(mint.guard().0);
    let good = format!("Bearer {}", mint.token());
    for (first, second) in [
        (good.as_str(), good.as_str()),
        (&good, "Bearer x"),
        ("Basic dTpw", &good),
        (&good, "Basic dTpw"),
        ("Basic dTpw", "Basic dTpw"),
        ("", &good),
    ] {
        let mut headers = field(first);
        headers.append(AUTHORIZATION, HeaderValue::from_str(second).unwrap());
        for path in ["/me", "/maybe"] {
            let answer = call(&routes, path, headers.clone()).await;
            let challenge = refused(answer, 400, "invalid_request").await.unwrap();
            assert!(
                challenge.starts_with(r#"Bearer error="invalid_request""#),
                "{challenge}"
            );
        }
    }
}

#[tokio::test]
async fn a_mangled_bearer_is_invalid_request_and_never_anonymous() {
    let mint = Mint::new();
    let routes = routes(mint.guard().0);
    let token = mint.token();
    for value in [
        String::new(),
        " ".into(),
        "Bearer".into(),
        "Bearer ".into(),
        format!("Bearer  {token}"),
        format!("Bearer\t{token}"),
        format!("Bearer:{token}"),
        format!("Bearer: {token}"),
        format!("Bearer,{token}"),
        format!(" Bearer {token}"),
        format!("Bearer {token} "),
        format!("Bearer {token},"),
        format!("Bearer {token}, Bearer {token}"),
        format!("Bearer {token};x=1"),
        format!("Bearer \"{token}\""),
        format!("Bearer Bearer {token}"),
        format!("Bearer token={token}"),
        format!("\"Bearer\" {token}"),
        format!("Bearer\u{a0}{token}"),
        format!("Bearer {token}\u{e9}"),
    ] {
        for path in ["/me", "/maybe"] {
            let answer = call(&routes, path, field(&value)).await;
            refused(answer, 400, "invalid_request").await;
        }
    }
}

/// RFC 6750 §3.1: an unsupported method counts as no authentication information.
#[tokio::test]
async fn another_scheme_is_as_good_as_none() {
    let mint = Mint::new();
    let routes = routes(mint.guard().0);
    let token = mint.token();
    for value in [
        "Basic YWRhOnB3".to_owned(),
        format!("JWT {token}"),
        format!("Token {token}"),
        format!("DPoP {token}"),
        format!("BearerBearer {token}"),
        format!("Bear {token}"),
        token.clone(),
    ] {
        let answer = call(&routes, "/me", field(&value)).await;
        let challenge = refused(answer, 401, "missing_token").await.unwrap();
        assert!(!challenge.contains("error"), "{challenge}");
        assert_eq!(
            text(call(&routes, "/maybe", field(&value)).await).await,
            "let in"
        );
    }
}

#[tokio::test]
async fn a_header_of_another_name_is_not_looked_at() {
    let mint = Mint::new();
    let routes = routes(mint.guard().0);
    for name in [
        "x-authorization",
        "proxy-authorization",
        "authorization_",
        "x-forwarded-authorization",
        "x-access-token",
        "cookie",
    ] {
        let name = HeaderName::from_static(name);
        let value = HeaderValue::try_from(format!("Bearer {}", mint.token())).unwrap();
        let answer = call(&routes, "/me", HeaderMap::from_iter([(name, value)])).await;
        refused(answer, 401, "missing_token").await;
    }
}

#[test]
fn the_check_says_what_was_wrong() {
    let mint = Mint::new();
    let (guard, _) = mint.guard();
    assert!(matches!(
        guard.check(&HeaderMap::new(), NOW),
        Outcome::Absent(Absent::NoHeader)
    ));
    assert!(matches!(
        guard.check(&field("Bearer"), NOW),
        Outcome::Invalid(Invalid::Request(Malformed::NoToken))
    ));
    let Outcome::Invalid(Invalid::Token(error)) = guard.check(&bearer("a.b.c"), NOW) else {
        panic!("a.b.c is no token");
    };
    assert_eq!(error.code(), "malformed");
    assert!(matches!(
        guard.check(&bearer(&mint.token()), NOW),
        Outcome::Valid(_)
    ));
}

/// A refusal repeats nothing of what was sent, and its description holds only what RFC 6750 §3 lets it.
#[tokio::test]
async fn no_refusal_repeats_the_token() {
    let mint = Mint::new();
    let routes = routes(mint.guard().0);
    let token = mint.token();
    for value in [
        "Bearer canary.canary.canary".to_owned(),
        "Bearer canary canary".to_owned(),
        "Bearer canary\"\\".to_owned(),
        format!("Bearer {token}canary"),
    ] {
        let answer = call(&routes, "/me", field(&value)).await;
        let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
        let description = challenge
            .split_once("error_description=\"")
            .and_then(|(_, rest)| rest.strip_suffix('"'))
            .unwrap();
        assert!(
            description
                .bytes()
                .all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)),
            "{description}"
        );
        let everything = format!("{:?}{}", answer.headers().clone(), text(answer).await);
        assert!(!everything.contains("canary"), "{everything}");
        assert!(!everything.contains(&token[..20]), "{everything}");
    }
}
