//! Sessions: a sign-in, from the moment somebody proved who they are until it ends.
//!
//! Invariant: a session begins only while its user's `credential_epoch` is the one that was read
//! with the password hash, and counts only as long as it stays so. "Sign out everywhere" and a new
//! password are therefore one write: epoch + 1.

use std::time::Duration;

use symbolon_token::Timestamp;

use crate::{
    Entropy,
    client::ClientId,
    id::{SessionId, UserId},
};

/// How long a session lasts at most, used or not (NIST SP 800-63B-4 §2.2.3 recommends a day).
pub const SESSION_LIFETIME: Duration = Duration::from_hours(24);

/// A session to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSession {
    /// Its name, the `sid` of its tokens.
    pub id: SessionId,
    /// Who signed in.
    pub user: UserId,
    /// The client they signed in to.
    pub client: ClientId<'static>,
    /// The user's epoch as read with the facts; the store begins the session only if it still is.
    pub credential_epoch: i64,
    /// When they proved who they are.
    pub authenticated_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

impl NewSession {
    /// The session of somebody who proved at `now` who they are.
    pub fn begin(
        user: UserId,
        client: ClientId<'static>,
        credential_epoch: i64,
        now: Timestamp,
        entropy: &mut impl Entropy,
    ) -> Self {
        Self {
            id: SessionId::generate(now, entropy),
            user,
            client,
            credential_epoch,
            authenticated_at: now,
            expires_at: now + SESSION_LIFETIME,
        }
    }
}
