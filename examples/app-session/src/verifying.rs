//! Whom a token names: one of this program, or one that the Python program made.
//!
//! The latter are taken where that program shares its secret, if they have exactly its claims and an
//! end.

use axum::http::HeaderMap;
use serde::Deserialize;
use symbolon::{
    Engine, Signing,
    guard::{
        Answers, Guard, Identified, Profile, Rejection,
        token::{Error, Typ},
    },
};

use crate::user::{User, Users};

/// What tokens are verified by.
#[derive(Clone)]
pub(crate) struct Verifying {
    guard: Guard,
}

impl Verifying {
    /// Refusals are worded by these answers.
    pub(crate) fn new(
        engine: &Engine,
        signing: &Signing,
        answers: impl Answers,
    ) -> Result<Self, Error> {
        let mut guard = engine.guard();
        // A secret that was made here is known to nobody who could have made such a token.
        if let Signing::Shared(secret) = signing {
            // It names neither issuer nor audience: the secret is this program's alone, and the claims
            // below are its own.
            let verifier = secret
                .verifier(engine.issuer(), engine.issuer(), Typ::JWT)?
                .dangerous_any_issuer()
                .dangerous_any_audience();
            let profile =
                Profile::own(|claims: OriginalClaims| Some(Identified::new(claims.subject())));
            guard = guard.or(&Guard::new(verifier).with_profile(profile));
        }
        Ok(Self {
            guard: guard.with_answers(answers),
        })
    }

    /// Whom the token of a request names, if they are still there.
    pub(crate) async fn user_of(
        &self,
        users: &Users,
        headers: &HeaderMap,
    ) -> Result<User, Rejection> {
        let caller = self.guard.require(headers).await?;
        let gone = || Rejection::signed_out().answered_by(&self.guard);
        users.get(caller.subject()).ok_or_else(gone)
    }

    /// Whom a token names that came in no request.
    pub(crate) async fn subject(&self, token: &str) -> Result<String, Rejection> {
        let caller = self.guard.require_token(token).await?;
        Ok(caller.subject().to_owned())
    }
}

/// All claims of a token that the Python program's model made, once it carries an end. One with others
/// was made for something else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OriginalClaims {
    id: Id,
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

impl OriginalClaims {
    fn subject(self) -> String {
        match self.id {
            Id::Number(id) => id.to_string(),
            Id::Text(id) => id,
        }
    }
}
