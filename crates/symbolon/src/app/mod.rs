//! The acts: what Symbolon does, whoever asks.
//!
//! Each act is three beats: read the facts, ask the rules for a decision, apply it with the
//! condition inside the statement. The login page, the API, the command line and an embedding
//! program call the same act. Nothing here knows a status code.

mod app_session;
mod directory;
mod error;
#[cfg(feature = "cli")]
mod import;
mod issue;
mod key;
mod login;
mod schemes;
mod session;
#[cfg(feature = "cli")]
mod setup;
mod throttle;
#[cfg(feature = "client")]
mod upstream;
mod user;

use std::{sync::Arc, time::Duration};

use symbolon_guard::{Clock, Guard};
use symbolon_rules::{oauth::discovery::Metadata, permission::Scope, tokens::ClaimName};

pub(crate) use app_session::Kept;
pub use directory::{KeptPassword, User, UserDetails, UserQuery};
pub use error::AppError;
#[cfg(feature = "cli")]
pub(crate) use import::{Imported, Kind, OldUser, Rehearsal};
pub use issue::{IssueError, TokenBuilder};
pub(crate) use key::Tending;
pub use key::{KeyError, KeyListed, PlannedChange, PublicKey, Revoked, Rotated};
pub use login::{Login, LoginError};
#[cfg(feature = "cli")]
pub(crate) use setup::{SetupError, SetupInput, SetupLink};
#[cfg(feature = "client")]
pub(crate) use upstream::{UpstreamError, Visitor};
#[cfg(feature = "cli")]
pub(crate) use user::NewUser;
pub use user::UserError;
pub(crate) use user::UserInput;

use crate::{
    Randomness,
    hooks::Hooks,
    keys::{Keys, NameKey, Published},
    passwords::{Decoys, PasswordHasher},
    store::{FindStore, Store},
    telemetry::Tally,
};

/// Everything an act needs; one for an engine, behind one `Arc`.
pub(crate) struct App {
    pub(crate) issuer: String,
    pub(crate) metadata: Metadata,
    pub(crate) store: Store,
    pub(crate) keys: Keys,
    pub(crate) guard: Guard,
    pub(crate) passwords: PasswordHasher,
    pub(crate) clock: Clock,
    pub(crate) randomness: Randomness,
    pub(crate) hooks: Hooks,
    /// What tokens of a login are good for.
    pub(crate) scopes: Vec<Scope>,
    /// How long tokens are good for.
    pub(crate) access_token_lifetime: Duration,
    /// What happened so far, in numbers.
    pub(crate) tally: Tally,
    /// What unknown names cost.
    pub(crate) decoys: Decoys,
    /// What tries at passwords are counted by.
    pub(crate) names: NameKey,
    /// The claim for the id that imported users had before.
    pub(crate) external_id_claim: Option<ClaimName>,
    /// This program's clients at other providers.
    #[cfg(feature = "client")]
    pub(crate) clients: crate::client::Registry,
    /// Reading the keys anew, one at a time.
    pub(crate) tending: Tending,
    /// What seals rows.
    pub(crate) vault: crate::keys::Vault,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

impl App {
    /// What is published of the keys.
    pub(crate) fn published_keys(&self) -> Arc<Published> {
        self.keys.published()
    }

    /// Whether requests can be served: the database answers.
    pub(crate) async fn check_ready(&self) -> Result<(), AppError> {
        self.store.run(FindStore).await?;
        Ok(())
    }
}
