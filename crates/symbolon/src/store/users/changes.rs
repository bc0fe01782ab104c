//! Changes that an administrator makes to users: their name, their roles, and that they are there.
//!
//! Invariant: each says whom it means in the statement that changes them, and its row count is the
//! truth. Whoever removes a user may name the id that they saw: a name can have gone to somebody else.

use symbolon_rules::{id::UserId, permission::Role, user::Username};

use super::{
    super::{
        Access, Operation, StoreError, Tx,
        sql::{Arg, statements},
    },
    EXISTS,
};

statements! {
    /// Two who take one name at once: the second finds it taken, here on SQLite, and on PostgreSQL after
    /// the unique index has sent them back to the start.
    RENAME_USER = "UPDATE users SET username = $2 WHERE username = $1 AND NOT EXISTS \
        (SELECT 1 FROM users AS other WHERE other.username = $2 AND other.username <> $1)";
    GRANT_ROLE_TO = "INSERT INTO user_roles (user_id, role) SELECT id, $2 FROM users WHERE username = $1 \
        ON CONFLICT DO NOTHING";
    REVOKE_ROLE_FROM = "DELETE FROM user_roles WHERE role = $2 AND user_id IN \
        (SELECT id FROM users WHERE username = $1)";
    /// Sessions that begin from here on are stale, whatever their login has read.
    BEGIN_REMOVAL = "UPDATE users SET credential_epoch = credential_epoch + 1 \
        WHERE username = $1 AND id = $2";
    REMOVE_APP_SESSIONS = "DELETE FROM app_sessions WHERE sid IN (SELECT id FROM sessions WHERE user_id = $1)";
    /// Roles, sessions and what hangs on those go with them.
    REMOVE_USER = "DELETE FROM users WHERE id = $1";
}

/// Gives a user another name. Their sessions stay: those name the id.
pub(crate) struct RenameUser {
    pub(crate) from: Username,
    pub(crate) to: Username,
}

/// What became of a name to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Renamed {
    /// It is theirs.
    Done,
    /// Another user has it; nothing was changed.
    NameTaken,
    /// There is no such user.
    Unknown,
}

impl Operation for RenameUser {
    type Out = Renamed;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [Arg::Text(self.from.as_str()), Arg::Text(self.to.as_str())];
        if tx.execute(&RENAME_USER, &args).await? == 1 {
            return Ok(Renamed::Done);
        }
        Ok(match tx.query_opt(&EXISTS, &args[..1], |_| Ok(())).await? {
            Some(()) => Renamed::NameTaken,
            None => Renamed::Unknown,
        })
    }
}

/// Whether a user has a role from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RoleChange {
    /// They have.
    Grant,
    /// They haven't.
    Revoke,
}

/// Gives a user a role, or takes it away. Their sessions stay; the next token has the new roles.
pub(crate) struct ChangeRole {
    pub(crate) username: Username,
    pub(crate) role: Role,
    pub(crate) change: RoleChange,
}

/// What became of a role to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RoleChanged {
    /// It was.
    Done,
    /// It was so already.
    Already,
    /// There is no such user.
    Unknown,
}

impl Operation for ChangeRole {
    type Out = RoleChanged;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [
            Arg::Text(self.username.as_str()),
            Arg::Text(self.role.as_str()),
        ];
        let statement = match self.change {
            RoleChange::Grant => &GRANT_ROLE_TO,
            RoleChange::Revoke => &REVOKE_ROLE_FROM,
        };
        if tx.execute(statement, &args).await? == 1 {
            return Ok(RoleChanged::Done);
        }
        Ok(match tx.query_opt(&EXISTS, &args[..1], |_| Ok(())).await? {
            Some(()) => RoleChanged::Already,
            None => RoleChanged::Unknown,
        })
    }
}

/// Removes a user and all that is theirs: roles, sign-ins, the app sessions and a provider's tokens
/// that hang on those, and links to providers.
pub(crate) struct RemoveUser {
    pub(crate) username: Username,
    /// Whom the name means.
    pub(crate) id: UserId,
}

impl Operation for RemoveUser {
    /// Whether that user was there.
    type Out = bool;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let id = Arg::Id(self.id.as_uuid());
        let args = [Arg::Text(self.username.as_str()), id];
        if tx.execute(&BEGIN_REMOVAL, &args).await? == 0 {
            return Ok(false);
        }
        tx.execute(&REMOVE_APP_SESSIONS, &[id]).await?;
        tx.execute(&REMOVE_USER, &[id]).await?;
        Ok(true)
    }
}
