//! What can be asked of the signing keys, and the shapes of the answers that `--json` prints.
//!
//! Invariant: no private key is ever in one.

use serde::{Deserialize, Serialize};
use symbolon_token::Algorithm;

use super::{Answer, Failure};
use crate::{
    Engine, KeyError, KeyListed, Pace, PlannedChange, Revoked, Rotated, app::AppError,
    cli::time::rfc3339,
};

/// An act on the keys, as somebody typed it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::cli) enum KeyRequest {
    List,
    Plan,
    Rotate {
        algorithm: Option<String>,
        when: When,
    },
    Revoke {
        kid: String,
    },
    Export,
}

/// When the next key shall sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum When {
    Announced,
    AtOnce,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum KeyAnswer {
    Listed(Vec<KeyView>),
    Planned(Vec<PlanView>),
    Rotated(RotatedView),
    Revoked(RevokedView),
    Exported { jwks: String, keys: Vec<PemView> },
}

/// A signing key.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::cli) struct KeyView {
    pub(in crate::cli) kid: String,
    pub(in crate::cli) algorithm: String,
    pub(in crate::cli) state: String,
    pub(in crate::cli) signs_access_tokens: bool,
    pub(in crate::cli) published: bool,
    pub(in crate::cli) created_at: String,
    pub(in crate::cli) activates_at: Option<String>,
    pub(in crate::cli) retires_at: Option<String>,
    pub(in crate::cli) revoked_at: Option<String>,
}

/// A change to come.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::cli) struct PlanView {
    pub(in crate::cli) at: String,
    pub(in crate::cli) change: String,
    /// `None` for a key that isn't made yet.
    pub(in crate::cli) kid: Option<String>,
    pub(in crate::cli) algorithm: String,
}

/// A key whose time was fixed.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::cli) struct RotatedView {
    pub(in crate::cli) kid: String,
    pub(in crate::cli) algorithm: String,
    pub(in crate::cli) activates_at: String,
    pub(in crate::cli) previous: Option<String>,
}

/// A key that is out of service.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::cli) struct RevokedView {
    pub(in crate::cli) kid: String,
    pub(in crate::cli) successor: Option<String>,
    /// Seconds for which verifiers elsewhere may still accept its tokens.
    pub(in crate::cli) accepted_elsewhere_for: u64,
    /// Seconds for which they may not know the successor.
    pub(in crate::cli) successor_unknown_for: u64,
}

/// A public key for verifiers that take no JWKS.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::cli) struct PemView {
    pub(in crate::cli) kid: String,
    pub(in crate::cli) algorithm: String,
    pub(in crate::cli) pem: String,
}

/// Does it, and says what came of it.
pub(super) async fn perform(engine: &Engine, request: KeyRequest) -> Answer {
    match attempt(engine, request).await {
        Ok(answer) => Answer::Key(answer),
        Err(error) => Failure::answer(code(&error), error.to_string()),
    }
}

async fn attempt(engine: &Engine, request: KeyRequest) -> Result<KeyAnswer, KeyError> {
    Ok(match request {
        KeyRequest::List => {
            let keys = engine.keys().await?;
            KeyAnswer::Listed(keys.into_iter().map(KeyView::from).collect())
        }
        KeyRequest::Plan => {
            let plan = engine.plan_keys().await?;
            KeyAnswer::Planned(plan.into_iter().map(PlanView::from).collect())
        }
        KeyRequest::Rotate { algorithm, when } => {
            let named = algorithm.map(|name| {
                let known = Algorithm::from_name(&name);
                known.ok_or(KeyError::Unknown(name))
            });
            let pace = match when {
                When::Announced => Pace::Announced,
                When::AtOnce => Pace::AtOnce,
            };
            let rotated = engine.rotate_key(named.transpose()?, pace).await?;
            KeyAnswer::Rotated(rotated.into())
        }
        KeyRequest::Revoke { kid } => KeyAnswer::Revoked(engine.revoke_key(&kid).await?.into()),
        KeyRequest::Export => {
            // A shared secret has nothing to publish, and says so.
            engine.keys().await?;
            let keys = engine.public_keys().into_iter().map(|key| PemView {
                kid: key.kid,
                algorithm: key.algorithm,
                pem: key.pem,
            });
            KeyAnswer::Exported {
                jwks: engine.jwks(),
                keys: keys.collect(),
            }
        }
    })
}

fn code(error: &KeyError) -> &'static str {
    match error {
        KeyError::SharedSecret => "no_signing_keys",
        KeyError::Unknown(_) => "unknown_key",
        KeyError::AlreadyRevoked(_) => "already_revoked",
        KeyError::UnderWay { .. } => "under_way",
        KeyError::OtherAlgorithm(_) => "other_algorithm",
        KeyError::Contended => "contended",
        KeyError::App(AppError::Fault(_)) => "fault",
        KeyError::App(_) => "unavailable",
    }
}

/// A state's or a change's name, as it is written.
fn word(of: &impl Serialize) -> String {
    let written = serde_json::to_value(of).unwrap_or_default();
    written.as_str().unwrap_or_default().to_owned()
}

impl From<KeyListed> for KeyView {
    fn from(key: KeyListed) -> Self {
        Self {
            kid: key.kid,
            algorithm: key.algorithm.name().to_owned(),
            state: word(&key.state),
            signs_access_tokens: key.signs_access_tokens,
            published: key.published,
            created_at: rfc3339(key.created_at),
            activates_at: key.activates_at.map(rfc3339),
            retires_at: key.retires_at.map(rfc3339),
            revoked_at: key.revoked_at.map(rfc3339),
        }
    }
}

impl From<PlannedChange> for PlanView {
    fn from(planned: PlannedChange) -> Self {
        Self {
            at: rfc3339(planned.at),
            change: word(&planned.change),
            kid: planned.kid,
            algorithm: planned.algorithm.name().to_owned(),
        }
    }
}

impl From<Rotated> for RotatedView {
    fn from(rotated: Rotated) -> Self {
        Self {
            kid: rotated.kid,
            algorithm: rotated.algorithm.name().to_owned(),
            activates_at: rfc3339(rotated.activates_at),
            previous: rotated.previous,
        }
    }
}

impl From<Revoked> for RevokedView {
    fn from(revoked: Revoked) -> Self {
        Self {
            kid: revoked.kid,
            successor: revoked.successor,
            accepted_elsewhere_for: Revoked::ACCEPTED_ELSEWHERE.as_secs(),
            successor_unknown_for: revoked.unknown_for.as_secs(),
        }
    }
}
