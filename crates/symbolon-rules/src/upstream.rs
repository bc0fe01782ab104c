//! Logging in with others: what a provider is asked, and what is believed of its answers.
//!
//! Symbolon is the client here (RFC 6749 §1.1, OpenID Connect Core §1.2). A *provider* is somebody
//! else's authorization server, an *answer* the request that a browser brings back from it.
//!
//! Invariant: a login is bound to the browser that began it, to one provider, and to one use; an
//! identity is `(issuer, subject)` and nothing else. An e-mail address is something to show, never
//! something to find a user by (row U2).

mod answer;
mod id_token;
mod next;
mod pending;
mod profile;
mod refusal;
mod request;
mod token_error;
mod username;

use std::time::Duration;

pub use self::{
    answer::{Answer, Outcome},
    id_token::{Expected, IdToken},
    next::Next,
    pending::{NONCE_BYTES, Pending},
    profile::{ClaimNames, PointerError, Profile},
    refusal::{Refusal, Turn, Why},
    request::{AuthorizationRequest, RESERVED_PARAMETERS},
    token_error::refused_by_token_endpoint,
    username::suggestions,
};
use crate::secret::{Kind, Secret, SecretHash};

/// How long a login may take, from the first redirect to the answer.
pub const LOGIN_LIFETIME: Duration = Duration::from_mins(10);

/// How far a provider's clock may differ from ours.
pub const LEEWAY: Duration = Duration::from_mins(1);

/// What a [`LoginState`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {}

impl Kind for State {
    const PREFIX: &'static str = "sym_st_";
}

/// The `state` of an authorization request (RFC 6749 §4.1.1): names one login under way.
pub type LoginState = Secret<State>;
/// Where that login is kept.
pub type LoginKey = SecretHash<State>;

/// What a [`BrowserSecret`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Browser {}

impl Kind for Browser {
    const PREFIX: &'static str = "sym_br_";
}

/// What a browser holds of a login that it began, in a cookie of that login's own.
pub type BrowserSecret = Secret<Browser>;
/// What the store holds of it.
pub type BrowserKey = SecretHash<Browser>;
