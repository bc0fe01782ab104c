//! Whom a token names: one of this program, or one that the Python program made.
//!
//! The latter are taken where that program shares its secret, if they have exactly its claims and an
//! end.

use axum::http::HeaderMap;
use serde::Deserialize;
use symbolon::{
    Engine, Signing,
    guard::{
        Answers, Caller, Guard, Rejection,
        token::{Error, ErrorKind, Typ},
    },
};

use crate::user::{User, Users};

/// What tokens are verified by.
#[derive(Clone)]
pub(crate) struct Verifying {
    guard: Guard,
    /// For tokens that the Python program made, where it shares its secret.
    original: Option<Guard>,
}

impl Verifying {
    /// Refusals are worded by these answers.
    pub(crate) fn new(
        engine: &Engine,
        signing: &Signing,
        answers: impl Answers + Copy,
    ) -> Result<Self, Error> {
        let original = match signing {
            Signing::Shared(secret) => {
                // It names neither issuer nor audience: the secret is this program's alone, and the
                // claims below are its own.
                let verifier = secret
                    .verifier(engine.issuer(), engine.issuer(), Typ::JWT)?
                    .dangerous_any_issuer()
                    .dangerous_any_audience();
                Some(Guard::new(verifier).with_answers(answers))
            }
            // A secret that was made here is known to nobody who could have made such a token.
            _ => None,
        };
        Ok(Self {
            guard: engine.guard().with_answers(answers),
            original,
        })
    }

    /// Whom the token of a request names, if they are still there.
    pub(crate) async fn user_of(
        &self,
        users: &Users,
        headers: &HeaderMap,
    ) -> Result<User, Rejection> {
        let ours = self.guard.require(headers).await;
        let subject = match self.original_for(&ours) {
            Some(original) => original
                .require_as::<OriginalClaims>(headers)
                .await?
                .into_claims()
                .subject(),
            None => ours?.subject().to_owned(),
        };
        let gone = || Rejection::signed_out().answered_by(&self.guard);
        users.get(&subject).ok_or_else(gone)
    }

    /// Whom a token names that came in no request.
    pub(crate) async fn subject(&self, token: &str) -> Result<String, Rejection> {
        let ours = self.guard.require_token(token).await;
        Ok(match self.original_for(&ours) {
            Some(original) => {
                let token = original.require_token_as::<OriginalClaims>(token).await?;
                token.into_claims().subject()
            }
            None => ours?.subject().to_owned(),
        })
    }

    /// Who judges a token that by its kind is none of ours.
    fn original_for(&self, ours: &Result<Caller, Rejection>) -> Option<&Guard> {
        let error = ours.as_ref().err()?.token_error()?;
        let original = self.original.as_ref();
        original.filter(|_| error.kind() == ErrorKind::WrongTyp)
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
