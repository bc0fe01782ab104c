//! Logins under way.
//!
//! Invariant: a login is redeemed once, by the browser that began it, before it expires; one statement
//! says all three. An answer in another browser changes nothing, so nobody can use up a login that
//! isn't theirs.

use symbolon_rules::upstream::{BrowserKey, LoginKey};
use symbolon_token::Timestamp;

use super::super::{
    Access, Operation, Sealed, StoreError, Tx,
    sql::{Arg, statements},
};

statements! {
    BEGIN_LOGIN = "INSERT INTO upstream_logins (id, browser, sealed, expires_at, kek_id) \
        VALUES ($1, $2, $3, $4, $5)";
    REDEEM_LOGIN = "DELETE FROM upstream_logins WHERE id = $1 AND browser = $2 AND expires_at > $3 \
        RETURNING sealed, kek_id";
    SWEEP_LOGINS = "DELETE FROM upstream_logins WHERE id IN \
        (SELECT id FROM upstream_logins WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
}

/// Keeps a login until it is answered.
pub(crate) struct BeginUpstreamLogin {
    pub(crate) key: LoginKey,
    pub(crate) browser: BrowserKey,
    pub(crate) sealed: Sealed,
    pub(crate) expires_at: Timestamp,
}

impl Operation for BeginUpstreamLogin {
    type Out = ();
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [
            Arg::Bytes(self.key.as_bytes()),
            Arg::Bytes(self.browser.as_bytes()),
            Arg::Bytes(&self.sealed.bytes),
            Arg::Int(self.expires_at.as_millis()),
            Arg::MaybeText(self.sealed.kek.as_deref()),
        ];
        tx.execute(&BEGIN_LOGIN, &args).await?;
        Ok(())
    }
}

/// Takes a login out, if this browser began it and nobody has taken it out before.
pub(crate) struct RedeemUpstreamLogin {
    pub(crate) key: LoginKey,
    pub(crate) browser: BrowserKey,
    pub(crate) now: Timestamp,
}

impl Operation for RedeemUpstreamLogin {
    /// What was kept of it.
    type Out = Option<Sealed>;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [
            Arg::Bytes(self.key.as_bytes()),
            Arg::Bytes(self.browser.as_bytes()),
            Arg::Int(self.now.as_millis()),
        ];
        tx.query_opt(&REDEEM_LOGIN, &args, |row| {
            Ok(Sealed {
                bytes: row.bytes(0)?,
                kek: row.maybe_text(1)?,
            })
        })
        .await
    }
}

/// Removes some logins that nobody answered in time, and tells how many.
pub(crate) struct SweepUpstreamLogins {
    pub(crate) now: Timestamp,
    /// How many at the most.
    pub(crate) limit: i64,
}

impl Operation for SweepUpstreamLogins {
    type Out = u64;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [Arg::Int(self.now.as_millis()), Arg::Int(self.limit)];
        tx.execute(&SWEEP_LOGINS, &args).await
    }
}
