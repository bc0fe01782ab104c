//! Who may use the posts API: a browser that is signed in, or a program with an access token.
//!
//! A request with an `Authorization` header is judged by it alone; a bad token isn't made good by a
//! cookie beside it.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use posts_api::Visitor;
use symbolon::{
    Engine,
    client::{Client, ClientError, Introspected, SignedIn},
};
use symbolon_guard::{Caller, Guard, Rejection, StartError};

use crate::{App, PROVIDER};

/// How the provider's access tokens are checked.
#[derive(Clone)]
pub(crate) enum Tokens {
    /// By its published keys, here.
    BySignature(Guard),
    /// By asking it each time.
    ByAsking { client: Client, audience: String },
}

impl Tokens {
    pub(crate) fn new(
        engine: &Engine,
        issuer: &str,
        audience: String,
        asking: bool,
    ) -> Result<Self, StartError> {
        Ok(match engine.client(PROVIDER) {
            Some(client) if asking => Self::ByAsking { client, audience },
            _ => Self::BySignature(Guard::remote(issuer).audience(audience).start()?),
        })
    }

    async fn judge(&self, parts: &Parts) -> Result<Reader, Response> {
        match self {
            Self::BySignature(guard) => {
                let caller = guard.require(&parts.headers).await;
                caller
                    .map(Reader::Caller)
                    .map_err(IntoResponse::into_response)
            }
            Self::ByAsking { client, audience } => {
                let token = bearer(parts).ok_or(Rejection::missing_token().into_response())?;
                match client.introspect(token, audience).await {
                    Ok(Some(good)) => Ok(Reader::Introspected(good)),
                    Ok(None) => Err(Rejection::signed_out().into_response()),
                    Err(error) => Err(cannot_tell(&error)),
                }
            }
        }
    }
}

/// Neither a yes nor a no: the token may be good.
fn cannot_tell(error: &ClientError) -> Response {
    let code = error.code();
    let body = format!(
        r#"{{"title":"The provider can't be asked","status":503,"detail":"Try again in a moment.","code":"{code}"}}"#
    );
    let headers = [
        (header::CONTENT_TYPE, "application/problem+json"),
        (header::RETRY_AFTER, "1"),
    ];
    (StatusCode::SERVICE_UNAVAILABLE, headers, body).into_response()
}

/// RFC 6750 §2.1.
fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim_start();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Somebody who may use the API, and by what.
pub(crate) enum Reader {
    Caller(Caller),
    Introspected(Introspected),
    /// Boxed: it is ten times as large as the others.
    Browser(Box<SignedIn>),
}

impl Visitor for Reader {
    /// The provider's subject, whichever way they came: one person's posts are one person's.
    fn subject(&self) -> &str {
        match self {
            Self::Caller(caller) => caller.subject(),
            Self::Introspected(token) => token.subject(),
            Self::Browser(person) => &person.profile().subject,
        }
    }

    fn has_scope(&self, scope: &str) -> bool {
        match self {
            Self::Caller(caller) => caller.has_scope(scope),
            Self::Introspected(token) => token.has_scope(scope),
            // Scopes bound programs; this is the person, on this site's own page.
            Self::Browser(_) => true,
        }
    }

    fn edits_all(&self) -> bool {
        match self {
            Self::Caller(caller) => caller.has_role("admin"),
            Self::Introspected(token) => token.has_role("admin"),
            Self::Browser(person) => person.has_role("admin"),
        }
    }
}

impl FromRequestParts<App> for Reader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        if !parts.headers.contains_key(header::AUTHORIZATION)
            && let Some(person) =
                <SignedIn as OptionalFromRequestParts<App>>::from_request_parts(parts, app).await?
        {
            return Ok(Self::Browser(Box::new(person)));
        }
        app.tokens.judge(parts).await
    }
}
