//! Sessions: begun by a login, found by the `sid` of a token, swept when they are over.

use symbolon_rules::{
    id::{SessionId, UserId},
    permission::Role,
    session::NewSession,
    user::Username,
};
use symbolon_token::Timestamp;

use super::{
    Access, Operation, StoreError, Tx,
    sql::{Arg, statements},
    users::list_roles,
};

statements! {
    /// The condition is the login's: the user must still be the one that the password was compared
    /// with. A change of credentials in between has raised the epoch.
    BEGIN_SESSION = "INSERT INTO sessions (id, user_id, client_id, credential_epoch, authenticated_at, expires_at) \
        SELECT $1, id, $3, credential_epoch, $5, $6 FROM users \
        WHERE id = $2 AND credential_epoch = $4 AND state = 'enabled'";
    FIND_SIGNED_IN = "SELECT users.username FROM sessions \
        JOIN users ON users.id = sessions.user_id AND users.credential_epoch = sessions.credential_epoch \
        WHERE sessions.id = $1 AND users.id = $2 AND sessions.expires_at > $3 AND users.state = 'enabled'";
    #[cfg(any(feature = "client", test))]
    END_SESSION = "DELETE FROM sessions WHERE id = $1";
    SWEEP_SESSIONS = "DELETE FROM sessions WHERE id IN \
        (SELECT id FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
}

/// Begins a session, if its user's credentials are still those that were checked.
pub(crate) struct BeginSession {
    pub(crate) session: NewSession,
}

/// What became of a session to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    /// It has begun.
    Done,
    /// The user was changed, disabled or removed since the password was compared.
    Stale,
}

impl Operation for BeginSession {
    type Out = Begun;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let session = &self.session;
        let args = [
            Arg::Id(session.id.as_uuid()),
            Arg::Id(session.user.as_uuid()),
            Arg::Text(session.client.as_str()),
            Arg::Int(session.credential_epoch),
            Arg::Int(session.authenticated_at.as_millis()),
            Arg::Int(session.expires_at.as_millis()),
        ];
        Ok(match tx.execute(&BEGIN_SESSION, &args).await? {
            0 => Begun::Stale,
            _ => Begun::Done,
        })
    }
}

/// Who is signed in by a session, if it still counts.
pub(crate) struct FindSignedIn {
    pub(crate) session: SessionId,
    pub(crate) user: UserId,
    pub(crate) now: Timestamp,
}

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignedIn {
    pub(crate) username: Username,
    pub(crate) roles: Vec<Role>,
}

impl Operation for FindSignedIn {
    type Out = Option<SignedIn>;
    const ACCESS: Access = Access::Read;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [
            Arg::Id(self.session.as_uuid()),
            Arg::Id(self.user.as_uuid()),
            Arg::Int(self.now.as_millis()),
        ];
        let found = tx.query_opt(&FIND_SIGNED_IN, &args, |row| {
            row.text(0).map(Username::from_stored)
        });
        let Some(username) = found.await? else {
            return Ok(None);
        };
        let roles = list_roles(tx, self.user).await?;
        Ok(Some(SignedIn { username, roles }))
    }
}

/// Ends a session; one that isn't there has ended.
#[cfg(any(feature = "client", test))]
pub(crate) struct EndSession {
    pub(crate) id: SessionId,
}

#[cfg(any(feature = "client", test))]
impl Operation for EndSession {
    type Out = ();
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        tx.execute(&END_SESSION, &[Arg::Id(self.id.as_uuid())])
            .await?;
        Ok(())
    }
}

/// Removes some sessions that are over, and tells how many.
pub(crate) struct SweepSessions {
    pub(crate) now: Timestamp,
    /// How many at the most: small steps, so that nobody waits behind them.
    pub(crate) limit: i64,
}

impl Operation for SweepSessions {
    type Out = u64;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [Arg::Int(self.now.as_millis()), Arg::Int(self.limit)];
        tx.execute(&SWEEP_SESSIONS, &args).await
    }
}
