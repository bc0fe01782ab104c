//! Who is let in: the token stands in `Authorization` without a scheme, and its member is still one.
//!
//! Tokens that the Python program made are taken too where it shares its secret, if they have exactly
//! its claims and an expiry.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Response, StatusCode, request::Parts},
    response::IntoResponse,
};
use serde::Deserialize;
use symbolon::{
    Engine, Signing,
    guard::{
        Guard, Identified, Profile, Reason, Rejection, Sources,
        token::{Error, Typ},
    },
};

use crate::{
    api::Api,
    member::Role,
    message::{Language, Message},
};

/// The guard, and how it refuses.
#[derive(Clone)]
pub(crate) struct Guards {
    guard: Guard,
}

impl Guards {
    pub(crate) fn new(engine: &Engine, signing: &Signing) -> Result<Self, Error> {
        let mut guard = engine.guard();
        // A secret that was made here is known to nobody who could have made such a token.
        if let Signing::Shared(secret) = signing {
            // It names neither issuer nor audience: the secret is this program's alone, and the claims
            // below are its own.
            let verifier = secret
                .verifier(engine.issuer(), engine.issuer(), Typ::JWT)?
                .dangerous_any_issuer()
                .dangerous_any_audience();
            let profile = Profile::own(|claims: OriginalClaims| {
                Some(Identified::new(claims.user_id.into_text()))
            });
            guard = guard.or(&Guard::new(verifier).with_profile(profile));
        }
        Ok(Self {
            guard: guard.with_sources(Sources::raw_token()),
        })
    }

    async fn user_id(&self, headers: &HeaderMap) -> Result<String, Rejection> {
        let caller = self.guard.require(headers).await?;
        Ok(caller.subject().to_owned())
    }

    /// The refusal in the caller's language.
    fn answer(&self, refused: Rejection, language: Language) -> axum::response::Response {
        let speaking = move |rejection: &Rejection| answer(rejection, language);
        let guard = self.guard.with_answers(speaking);
        refused.answered_by(&guard).into_response()
    }
}

/// All claims of a token that the Python program made, once it expires. One with others was made for
/// something else; one without these is a refusal, not a failure.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OriginalClaims {
    user_id: Id,
    /// Not what counts: see `member.rs`.
    #[serde(rename = "role")]
    _role: String,
    #[serde(rename = "exp")]
    _exp: i64,
    #[serde(rename = "iat")]
    _iat: Option<i64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Number(i64),
    Text(String),
}

impl Id {
    fn into_text(self) -> String {
        match self {
            Self::Number(id) => id.to_string(),
            Self::Text(id) => id,
        }
    }
}

/// The member whom the token names, with the role that they have now.
pub(crate) struct Caller {
    pub(crate) user_id: String,
    pub(crate) role: Role,
    pub(crate) language: Language,
}

impl FromRequestParts<Api> for Caller {
    type Rejection = axum::response::Response;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Self::Rejection> {
        let language = Language::of(&parts.headers);
        let found = api
            .guards
            .user_id(&parts.headers)
            .await
            .and_then(|user_id| {
                let role = api.members.role_of(&user_id);
                let role = role.ok_or_else(Rejection::signed_out)?;
                Ok(Self {
                    user_id,
                    role,
                    language,
                })
            });
        found.map_err(|refused| api.guards.answer(refused, language))
    }
}

/// A caller who is an admin: a check of one's own is a type that only its checker makes.
pub(crate) struct Admin(pub(crate) Caller);

impl FromRequestParts<Api> for Admin {
    type Rejection = axum::response::Response;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Self::Rejection> {
        let caller = Caller::from_request_parts(parts, api).await?;
        match caller.role {
            Role::Admin => Ok(Self(caller)),
            Role::User => {
                let refused = Rejection::missing_role(Role::Admin.as_str());
                Err(api.guards.answer(refused, caller.language))
            }
        }
    }
}

/// The words for a refusal.
fn answer(rejection: &Rejection, language: Language) -> Response<String> {
    let (status, message) = match rejection.reason() {
        Reason::Absent(_) => (StatusCode::UNAUTHORIZED, Message::NoToken),
        Reason::Invalid(_) | Reason::SignedOut => (StatusCode::UNAUTHORIZED, Message::BadToken),
        Reason::MissingRole(_) => (StatusCode::FORBIDDEN, Message::AdminsOnly),
        _ => return rejection.problem(),
    };
    message.answer(status, language)
}
