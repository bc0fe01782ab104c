//! The answers that the seed programs' callers know, row by row, made by shapes of a program's own.
//!
//! Each shape is what a program would write. Where it differs from the original, it is because the
//! guard adds what HTTP asks for: a challenge on every refusal.

use axum::{Router, routing::get};
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE},
};
use serde_json::{Value, json};
use symbolon_guard::{
    Absent, Caller, Guard, Invalid, Malformed, Reason, Rejection, Scheme, Sources, token::ErrorKind,
};

use crate::support::{Mint, NOW, call, text};

fn shape(status: StatusCode, body: &Value) -> Response<String> {
    let mut response = Response::new(body.to_string());
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

fn flask_jwt(rejection: &Rejection) -> Response<String> {
    let (error, description) = match rejection.reason() {
        Reason::Absent(Absent::NoHeader) => (
            "Authorization Required",
            "Request does not contain an access token",
        ),
        Reason::Invalid(Invalid::Request(Malformed::NoToken)) => {
            ("Invalid JWT header", "Token missing")
        }
        Reason::Invalid(Invalid::Request(Malformed::ExtraWords)) => {
            ("Invalid JWT header", "Token contains spaces")
        }
        Reason::Absent(_) | Reason::Invalid(Invalid::Request(_)) => {
            ("Invalid JWT header", "Unsupported authorization type")
        }
        Reason::Invalid(Invalid::Token(error)) => (
            "Invalid token",
            match error.kind() {
                ErrorKind::BadSignature => "Signature verification failed",
                ErrorKind::Expired => "Signature has expired",
                _ => error.reason(),
            },
        ),
        _ => return rejection.problem(),
    };
    let body = json!({ "status_code": 401, "error": error, "description": description });
    let mut response = shape(StatusCode::UNAUTHORIZED, &body);
    if matches!(rejection.reason(), Reason::Absent(Absent::NoHeader)) {
        let challenge = HeaderValue::from_static(r#"JWT realm="Login Required""#);
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

fn korean_messages(rejection: &Rejection) -> Response<String> {
    let message = match rejection.reason() {
        Reason::Absent(_) => "인증되지 않았습니다.",
        Reason::Invalid(_) => "유효하지 않은 토큰입니다.",
        _ => return rejection.problem(),
    };
    shape(StatusCode::UNAUTHORIZED, &json!({ "message": message }))
}

fn flask_jwt_extended(rejection: &Rejection) -> Response<String> {
    let (status, msg) = match rejection.reason() {
        Reason::Absent(Absent::NoHeader) => (401, "Missing Authorization Header"),
        Reason::Absent(_) => (
            401,
            "Missing 'Bearer' type in 'Authorization' header. \
             Expected 'Authorization: Bearer <JWT>'",
        ),
        Reason::Invalid(Invalid::Request(_)) => (
            422,
            "Bad Authorization header. Expected 'Authorization: Bearer <JWT>'",
        ),
        Reason::Invalid(Invalid::Token(error)) => match error.kind() {
            ErrorKind::Expired => (401, "Token has expired"),
            ErrorKind::BadSignature => (422, "Signature verification failed"),
            ErrorKind::WrongTyp => (422, "Only non-refresh tokens are allowed"),
            _ => (422, "Not enough segments"),
        },
        _ => return rejection.problem(),
    };
    let status = StatusCode::from_u16(status).unwrap();
    shape(status, &json!({ "msg": msg }))
}

/// Status, challenge and body for this `Authorization`.
async fn answer(guard: &Guard, authorization: Option<&str>) -> (u16, Option<String>, Value) {
    let routes = Router::new()
        .route("/protected", get(async |_: Caller| "\"let in\""))
        .with_state(guard.clone());
    let headers = authorization
        .map(|value| (AUTHORIZATION, HeaderValue::from_str(value).unwrap()))
        .into_iter()
        .collect::<HeaderMap>();
    let answer = call(&routes, "/protected", headers).await;
    let status = answer.status().as_u16();
    let challenge = answer.headers().get(WWW_AUTHENTICATE);
    let challenge = challenge.map(|value| value.to_str().unwrap().to_owned());
    let body = serde_json::from_str(&text(answer).await).unwrap();
    (status, challenge, body)
}

fn tampered(token: &str) -> String {
    let (input, signature) = token.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { "B" } else { "A" };
    format!("{input}.{first}{}", &signature[1..])
}

#[tokio::test]
async fn p0_06_to_p0_10_as_flask_jwt_answers() {
    let mint = Mint::new();
    let guard = mint
        .guard()
        .0
        .with_sources(Sources::scheme(Scheme::JWT))
        .with_answers(flask_jwt);
    let token = mint.token();
    for scheme in ["JWT", "jwt", "Jwt"] {
        let good = answer(&guard, Some(&format!("{scheme} {token}"))).await;
        assert_eq!((good.0, good.2), (200, json!("let in")), "{scheme}");
    }

    let expired = mint.token_at(symbolon_guard::token::Timestamp::from_secs(
        NOW.as_secs() - 600,
    ));
    let unsupported = ("Invalid JWT header", "Unsupported authorization type");
    for (authorization, (error, description)) in [
        (
            None,
            (
                "Authorization Required",
                "Request does not contain an access token",
            ),
        ),
        (Some(format!("Bearer {token}")), unsupported),
        (Some(token.clone()), unsupported),
        (Some(String::new()), unsupported),
        (Some("JWT".into()), ("Invalid JWT header", "Token missing")),
        (
            Some(format!("JWT {token} x")),
            ("Invalid JWT header", "Token contains spaces"),
        ),
        (
            Some(format!("JWT {}", tampered(&token))),
            ("Invalid token", "Signature verification failed"),
        ),
        (
            Some(format!("JWT {expired}")),
            ("Invalid token", "Signature has expired"),
        ),
    ] {
        let (status, challenge, body) = answer(&guard, authorization.as_deref()).await;
        let expected = json!({ "status_code": 401, "error": error, "description": description });
        assert_eq!((status, body), (401, expected), "{authorization:?}");
        let challenge = challenge.unwrap();
        match authorization {
            None => assert_eq!(challenge, r#"JWT realm="Login Required""#),
            Some(_) => assert!(challenge.starts_with("JWT "), "{challenge}"),
        }
    }
}

#[tokio::test]
async fn p1_03_to_p1_05_a_raw_token_and_korean_messages() {
    let mint = Mint::new();
    let guard = mint
        .guard()
        .0
        .with_sources(Sources::raw_token())
        .with_answers(korean_messages);
    let token = mint.token();
    assert_eq!(answer(&guard, Some(&token)).await.0, 200);

    let expired = mint.token_at(symbolon_guard::token::Timestamp::from_secs(
        NOW.as_secs() - 600,
    ));
    let mut elsewhere = mint.claims(NOW);
    elsewhere.aud = "https://other.example".into();
    let (absent, invalid) = ("인증되지 않았습니다.", "유효하지 않은 토큰입니다.");
    for (authorization, message) in [
        (None, absent),
        (Some(format!("Bearer {token}")), invalid),
        (Some("Bearer".into()), invalid),
        (Some("garbage".into()), invalid),
        (Some(tampered(&token)), invalid),
        (Some(expired), invalid),
        (Some(mint.sign(&elsewhere)), invalid),
    ] {
        let (status, challenge, body) = answer(&guard, authorization.as_deref()).await;
        let expected = json!({ "message": message });
        assert_eq!((status, body), (401, expected), "{authorization:?}");
        assert!(challenge.unwrap().starts_with("Raw "));
    }
}

#[tokio::test]
async fn p2_05_to_p2_08_as_flask_jwt_extended_answers() {
    let mint = Mint::new();
    let guard = mint.guard().0.with_answers(flask_jwt_extended);
    let token = mint.token();
    assert_eq!(
        answer(&guard, Some(&format!("Bearer {token}"))).await.0,
        200
    );

    let expired = mint.token_at(symbolon_guard::token::Timestamp::from_secs(
        NOW.as_secs() - 600,
    ));
    let refresh = symbolon_guard::token::sign(
        &mint.key,
        symbolon_guard::token::Typ::new("refresh+jwt").unwrap(),
        &mint.claims(NOW),
    );
    let scheme = "Missing 'Bearer' type in 'Authorization' header. \
                  Expected 'Authorization: Bearer <JWT>'";
    let header = "Bad Authorization header. Expected 'Authorization: Bearer <JWT>'";
    for (authorization, status, msg) in [
        (None, 401, "Missing Authorization Header"),
        (Some(format!("JWT {token}")), 401, scheme),
        (Some(token.clone()), 401, scheme),
        (Some("Bearer".into()), 422, header),
        (Some(format!("Bearer {token} x")), 422, header),
        (Some("Bearer garbage".into()), 422, "Not enough segments"),
        (
            Some(format!("Bearer {}", tampered(&token))),
            422,
            "Signature verification failed",
        ),
        (
            Some(format!("Bearer {}", refresh.unwrap())),
            422,
            "Only non-refresh tokens are allowed",
        ),
        (Some(format!("Bearer {expired}")), 401, "Token has expired"),
    ] {
        let (got, challenge, body) = answer(&guard, authorization.as_deref()).await;
        let expected = json!({ "msg": msg });
        assert_eq!((got, body), (status, expected), "{authorization:?}");
        assert!(challenge.unwrap().starts_with("Bearer "));
    }
}
