//! The guard: where a token is taken from, what it opens, and how refusals are worded.
//!
//! Callers know the words from the Python program, so they are kept; see `README.md` for what differs.
//! Tokens that program made are taken too where it shares its secret, if they have exactly its claims.

use std::time::Duration;

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, Response, StatusCode, header, request::Parts},
    response::IntoResponse,
};
use serde::Deserialize;
use serde_json::json;
use symbolon::{
    Engine, Signing,
    guard::{
        Absent, Guard, Identified, Invalid, Malformed, Profile, Reason, Rejection, Scheme,
        SharedSecret, Sources,
        token::{Error, ErrorKind, Typ},
    },
};

use crate::{api::Api, user::User};

/// How far the clock of the Python program may be off.
const LEEWAY: Duration = Duration::from_secs(10);

/// Finds out whom the token of a request names.
#[derive(Clone)]
pub(crate) struct Jwt {
    guard: Guard,
}

impl Jwt {
    pub(crate) fn new(engine: &Engine, signing: &Signing) -> Result<Self, Error> {
        let mut guard = engine.guard();
        // A secret that was made here is known to nobody who could have made such a token.
        if let Signing::Shared(secret) = signing {
            guard = guard.or(&original(engine, secret)?);
        }
        let guard = guard
            .with_sources(Sources::scheme(Scheme::JWT))
            .with_answers(answer);
        Ok(Self { guard })
    }
}

/// For tokens that the Python program made.
fn original(engine: &Engine, secret: &SharedSecret) -> Result<Guard, Error> {
    // It names neither issuer nor audience: the secret is this program's alone, and the claims below are
    // its own.
    let verifier = secret
        .verifier(engine.issuer(), engine.issuer(), Typ::JWT)?
        .dangerous_any_issuer()
        .dangerous_any_audience()
        .leeway(LEEWAY)?;
    Ok(
        Guard::new(verifier).with_profile(Profile::own(|claims: OriginalClaims| {
            Some(Identified::new(claims.identity.into_subject()))
        })),
    )
}

/// All claims of a token that the Python program made. One with others was made for something else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OriginalClaims {
    identity: Id,
    #[serde(rename = "exp")]
    _exp: i64,
    #[serde(rename = "iat")]
    _iat: i64,
    #[serde(rename = "nbf")]
    _nbf: i64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Number(i64),
    Text(String),
}

impl Id {
    fn into_subject(self) -> String {
        match self {
            Self::Number(id) => id.to_string(),
            Self::Text(id) => id,
        }
    }
}

/// The user whom the token names, as the table has them now; an argument of the views.
pub(crate) struct CurrentIdentity(pub(crate) User);

impl FromRequestParts<Api> for CurrentIdentity {
    type Rejection = axum::response::Response;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Self::Rejection> {
        let caller = api.jwt.guard.require(&parts.headers).await;
        let caller = caller.map_err(IntoResponse::into_response)?;
        match api.users.find(caller.subject()) {
            Ok(Some(user)) => Ok(Self(user)),
            Ok(None) => {
                let gone = Rejection::signed_out().answered_by(&api.jwt.guard);
                Err(gone.into_response())
            }
            Err(_) => Err(unavailable().into_response()),
        }
    }
}

/// The words for a refusal.
fn answer(rejection: &Rejection) -> Response<String> {
    let (error, description) = match rejection.reason() {
        Reason::Absent(Absent::NoHeader) => {
            let description = "Request does not contain an access token";
            let error = "Authorization Required";
            let mut answer = shaped(StatusCode::UNAUTHORIZED, error, description);
            let realm = HeaderValue::from_static(r#"JWT realm="Login Required""#);
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, realm);
            return answer;
        }
        Reason::Invalid(Invalid::Request(Malformed::NoToken)) => {
            ("Invalid JWT header", "Token missing")
        }
        Reason::Invalid(Invalid::Request(Malformed::ExtraWords)) => {
            ("Invalid JWT header", "Token contains spaces")
        }
        Reason::Absent(_) | Reason::Invalid(Invalid::Request(_)) => {
            ("Invalid JWT header", "Unsupported authorization type")
        }
        Reason::Invalid(Invalid::Token(error)) => ("Invalid token", description(error)),
        Reason::SignedOut => ("Invalid JWT", "User does not exist"),
        _ => return rejection.problem(),
    };
    shaped(StatusCode::UNAUTHORIZED, error, description)
}

fn description(error: &Error) -> &'static str {
    match (error.kind(), error.claim()) {
        (ErrorKind::BadSignature, _) => "Signature verification failed",
        (ErrorKind::Expired, _) => "Signature has expired",
        (ErrorKind::NotYetValid, _) => "The token is not yet valid (nbf)",
        (ErrorKind::MissingClaim, Some("exp")) => "Token is missing the \"exp\" claim",
        _ => error.reason(),
    }
}

/// The database can't be asked: neither a yes nor a no.
pub(crate) fn unavailable() -> Response<String> {
    let description = "Try again in a moment";
    shaped(
        StatusCode::SERVICE_UNAVAILABLE,
        "Service Unavailable",
        description,
    )
}

/// The one shape of everything that isn't a success.
pub(crate) fn shaped(status: StatusCode, error: &str, description: &str) -> Response<String> {
    let body = json!({
        "status_code": status.as_u16(),
        "error": error,
        "description": description,
    });
    let mut answer = Response::new(body.to_string());
    *answer.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}
