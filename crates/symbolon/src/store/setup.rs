//! The code by which the first user is made.
//!
//! Invariant: there is one code at the most, it makes one user, and it makes nobody once there is an
//! administrator. Whoever redeems locks its row first, so of two at once one finds it gone; a name that is
//! taken leaves it as it was.

use symbolon_rules::{permission::Role, setup::SetupCodeHash};
use symbolon_token::Timestamp;

use super::{
    Access, NewUser, Operation, StoreError, Tx,
    sql::{Arg, statements},
    users::insert_user,
};

statements! {
    /// A new code takes the place of an old one.
    BEGIN_SETUP = "INSERT INTO setup_links (one, code_hash, expires_at) SELECT 1, $1, $2 \
        WHERE NOT EXISTS (SELECT 1 FROM user_roles JOIN users ON users.id = user_roles.user_id \
            WHERE user_roles.role = $3 AND users.state = 'enabled') \
        ON CONFLICT (one) DO UPDATE SET code_hash = excluded.code_hash, expires_at = excluded.expires_at";
    FIND_SETUP = "SELECT 1 FROM setup_links WHERE code_hash = $1 AND expires_at > $2 \
        AND NOT EXISTS (SELECT 1 FROM user_roles JOIN users ON users.id = user_roles.user_id \
            WHERE user_roles.role = $3 AND users.state = 'enabled')";
    /// Changes nothing but who has the row.
    LOCK_SETUP = "UPDATE setup_links SET expires_at = expires_at WHERE code_hash = $1 AND expires_at > $2 \
        AND NOT EXISTS (SELECT 1 FROM user_roles JOIN users ON users.id = user_roles.user_id \
            WHERE user_roles.role = $3 AND users.state = 'enabled')";
    END_SETUP = "DELETE FROM setup_links WHERE code_hash = $1";
}

/// Keeps the hash of a new code, unless there is an administrator.
pub(crate) struct BeginSetup {
    pub(crate) code: SetupCodeHash,
    pub(crate) expires_at: Timestamp,
}

impl Operation for BeginSetup {
    /// Whether the code is good.
    type Out = bool;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let administrator = Role::administrator();
        let args = [
            Arg::Bytes(self.code.as_bytes()),
            Arg::Int(self.expires_at.as_millis()),
            Arg::Text(administrator.as_str()),
        ];
        Ok(tx.execute(&BEGIN_SETUP, &args).await? == 1)
    }
}

/// Whether a code would be redeemed now.
pub(crate) struct FindSetup {
    pub(crate) code: SetupCodeHash,
    pub(crate) now: Timestamp,
}

impl Operation for FindSetup {
    type Out = bool;
    const ACCESS: Access = Access::Read;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let administrator = Role::administrator();
        let args = arguments(&self.code, self.now, &administrator);
        let found = tx.query_opt(&FIND_SETUP, &args, |_| Ok(())).await?;
        Ok(found.is_some())
    }
}

/// Makes the first user by a code, and ends the code with it.
pub(crate) struct RedeemSetup {
    pub(crate) code: SetupCodeHash,
    pub(crate) user: NewUser,
    pub(crate) now: Timestamp,
}

/// What became of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Redeemed {
    /// The user is there, and the code is gone.
    Done,
    /// It is none, was redeemed, has expired, or there is an administrator. Nothing was changed.
    Refused,
    /// Somebody has that name; the code is as good as it was.
    NameTaken,
}

impl Operation for RedeemSetup {
    type Out = Redeemed;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let administrator = Role::administrator();
        let args = arguments(&self.code, self.now, &administrator);
        if tx.execute(&LOCK_SETUP, &args).await? == 0 {
            return Ok(Redeemed::Refused);
        }
        if !insert_user(tx, &self.user).await? {
            return Ok(Redeemed::NameTaken);
        }
        tx.execute(&END_SETUP, &args[..1]).await?;
        Ok(Redeemed::Done)
    }
}

fn arguments<'a>(code: &'a SetupCodeHash, now: Timestamp, administrator: &'a Role) -> [Arg<'a>; 3] {
    [
        Arg::Bytes(code.as_bytes()),
        Arg::Int(now.as_millis()),
        Arg::Text(administrator.as_str()),
    ]
}
