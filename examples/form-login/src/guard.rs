//! Who is signed in, and how whoever isn't is told, in the words of Flask-JWT-Extended.
//!
//! Tokens that the Python program made are taken too where it shares its secret, if they have exactly
//! its claims and are access tokens. They count until they expire, as they did there: no session
//! stands behind them.

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, Response, StatusCode, header, request::Parts},
    response::IntoResponse,
};
use serde::Deserialize;
use serde_json::json;
use symbolon::{
    CurrentUser, Engine, Signing,
    guard::{
        Absent, Caller, Guard, Identified, Invalid, Profile, Reason, Rejection,
        token::{Error, ErrorKind, Typ},
    },
};

use crate::api::Api;

/// The id of whoever is signed in; an argument of the views.
pub(crate) struct SignedIn(pub(crate) String);

impl FromRequestParts<Api> for SignedIn {
    type Rejection = axum::response::Response;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Self::Rejection> {
        let caller = Caller::from_request_parts(parts, api).await;
        let caller = caller.map_err(IntoResponse::into_response)?;
        if caller.issuer() != api.engine.issuer() {
            return Ok(Self(caller.subject().to_owned()));
        }
        let user = CurrentUser::from_request_parts(parts, api).await?;
        Ok(Self(user.subject().to_owned()))
    }
}

/// The engine's guard, which takes tokens that the Python program made too, if it shares its secret.
pub(crate) fn guard(engine: &Engine, signing: &Signing) -> Result<Guard, Error> {
    let mut guard = engine.guard();
    // A secret that was made here is known to nobody who could have made such a token.
    if let Signing::Shared(secret) = signing {
        // It names neither issuer nor audience: the secret is this program's alone, and the claims below
        // are its own.
        let verifier = secret
            .verifier(engine.issuer(), engine.issuer(), Typ::JWT)?
            .dangerous_any_issuer()
            .dangerous_any_audience();
        let profile = Profile::own(|claims: OriginalClaims| Some(Identified::new(claims.sub)));
        guard = guard.or(&Guard::new(verifier).with_profile(profile));
    }
    Ok(guard.with_answers(as_before))
}

/// All claims of an access token that the Python program made. One with others is something else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OriginalClaims {
    sub: String,
    #[serde(rename = "type")]
    _kind: Kind,
    #[serde(rename = "fresh")]
    _fresh: bool,
    #[serde(rename = "iat")]
    _iat: i64,
    #[serde(rename = "nbf")]
    _nbf: i64,
    #[serde(rename = "exp")]
    _exp: i64,
    #[serde(rename = "jti")]
    _jti: String,
    #[serde(rename = "csrf")]
    _csrf: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Access,
}

const NO_BEARER: &str =
    "Missing 'Bearer' type in 'Authorization' header. Expected 'Authorization: Bearer <JWT>'";
const BAD_HEADER: &str = "Bad Authorization header. Expected 'Authorization: Bearer <JWT>'";
const NOT_ACCESS: &str = "Only non-refresh tokens are allowed";

/// The words for a refusal.
pub(crate) fn as_before(rejection: &Rejection) -> Response<String> {
    let (status, msg) = match rejection.reason() {
        Reason::Absent(Absent::NoHeader) => {
            (StatusCode::UNAUTHORIZED, "Missing Authorization Header")
        }
        Reason::Absent(_) => (StatusCode::UNAUTHORIZED, NO_BEARER),
        Reason::SignedOut => (StatusCode::UNAUTHORIZED, "Token has been revoked"),
        Reason::Invalid(Invalid::Request(_)) => (StatusCode::UNPROCESSABLE_ENTITY, BAD_HEADER),
        Reason::Invalid(Invalid::Token(error)) if error.kind() == ErrorKind::Expired => {
            (StatusCode::UNAUTHORIZED, "Token has expired")
        }
        Reason::Invalid(Invalid::Token(error)) => {
            (StatusCode::UNPROCESSABLE_ENTITY, description(error))
        }
        _ => return rejection.problem(),
    };
    shaped(status, msg)
}

fn description(error: &Error) -> &'static str {
    match (error.kind(), error.claim()) {
        (ErrorKind::Malformed, _) => "Not enough segments",
        (ErrorKind::BadSignature, _) => "Signature verification failed",
        (ErrorKind::WrongTyp | ErrorKind::UnreadableClaims, _) => NOT_ACCESS,
        (ErrorKind::InvalidClaim, Some("sub")) => "Subject must be a string",
        _ => error.reason(),
    }
}

fn shaped(status: StatusCode, msg: &str) -> Response<String> {
    let mut answer = Response::new(json!({ "msg": msg }).to_string());
    *answer.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}
