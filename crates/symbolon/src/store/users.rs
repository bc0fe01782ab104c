//! Users and their roles.

mod changes;
mod listing;

use symbolon_rules::{
    id::UserId,
    login::LoginFacts,
    password::PasswordHash,
    permission::Role,
    user::{UserState, Username},
};
use symbolon_token::Timestamp;

use super::{
    Access, Operation, StoreError, Tx,
    sql::{Arg, Row, statements},
};

pub(crate) use self::changes::{
    ChangeRole, RemoveUser, RenameUser, Renamed, RoleChange, RoleChanged,
};
pub(crate) use self::listing::{
    FindUser, ListFrom, ListUsers, PasswordRecord, UserFacts, UserRecord,
};

#[cfg(test)]
pub(crate) const MORE_STATEMENTS: [&[&super::sql::Statement]; 2] =
    [changes::STATEMENTS, listing::STATEMENTS];

statements! {
    FIND_LOGIN = "SELECT id, credential_epoch, state, password_hash, external_id FROM users \
        WHERE username = $1";
    LIST_ROLES = "SELECT role FROM user_roles WHERE user_id = $1 ORDER BY role";
    CREATE_USER = "INSERT INTO users (id, username, password_hash, state, credential_epoch, created_at, imported_scheme) \
        VALUES ($1, $2, $3, 'enabled', 0, $4, $5) ON CONFLICT DO NOTHING";
    GRANT_ROLE = "INSERT INTO user_roles (user_id, role) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    /// Disabling ends sessions as a new password does; enabling again doesn't bring them back.
    SET_STATE = "UPDATE users SET state = $2, credential_epoch = credential_epoch + 1 \
        WHERE username = $1 AND state <> $2";
    EXISTS = "SELECT 1 FROM users WHERE username = $1";
    SET_PASSWORD = "UPDATE users SET password_hash = $2, imported_scheme = $3, \
        credential_epoch = credential_epoch + 1 \
        WHERE username = $1";
}

/// What a login needs to know of the user with a name.
pub(crate) struct FindLogin {
    pub(crate) username: Username,
}

impl Operation for FindLogin {
    type Out = Option<LoginFacts>;
    const ACCESS: Access = Access::Read;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [Arg::Text(self.username.as_str())];
        let Some(mut facts) = tx.query_opt(&FIND_LOGIN, &args, login_facts).await? else {
            return Ok(None);
        };
        facts.roles = list_roles(tx, facts.user).await?;
        Ok(Some(facts))
    }
}

fn login_facts(row: &Row<'_>) -> Result<LoginFacts, StoreError> {
    Ok(LoginFacts {
        user: UserId::from_uuid(row.uuid(0)?),
        credential_epoch: row.int(1)?,
        state: user_state(&row.text(2)?)?,
        password_hash: row.maybe_text(3)?.map(PasswordHash::from_phc),
        roles: Vec::new(),
        external_id: row.maybe_text(4)?,
    })
}

pub(super) const fn state_word(state: UserState) -> &'static str {
    match state {
        UserState::Enabled => "enabled",
        UserState::Disabled => "disabled",
    }
}

pub(super) fn user_state(word: &str) -> Result<UserState, StoreError> {
    match word {
        "enabled" => Ok(UserState::Enabled),
        "disabled" => Ok(UserState::Disabled),
        _ => Err(StoreError::Corrupt("users.state")),
    }
}

pub(super) async fn list_roles(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<Role>, StoreError> {
    tx.query(&LIST_ROLES, &[Arg::Id(user.as_uuid())], |row| {
        row.text(0).map(Role::from_stored)
    })
    .await
}

/// A user to make.
#[derive(Clone)]
pub(crate) struct NewUser {
    pub(crate) id: UserId,
    pub(crate) username: Username,
    pub(crate) password_hash: Option<PasswordHash>,
    pub(crate) roles: Vec<Role>,
    pub(crate) created_at: Timestamp,
}

/// Makes a user, unless the name is taken.
pub(crate) struct CreateUser {
    pub(crate) user: NewUser,
}

/// What became of a user to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Created {
    /// They are there.
    Done,
    /// Somebody has that name; nothing was changed.
    NameTaken,
}

impl Operation for CreateUser {
    type Out = Created;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        if !insert_user(tx, &self.user).await? {
            return Ok(Created::NameTaken);
        }
        Ok(Created::Done)
    }
}

/// Whether the user is there now; otherwise somebody has that name.
pub(super) async fn insert_user(tx: &mut Tx<'_>, user: &NewUser) -> Result<bool, StoreError> {
    let hash = user.password_hash.as_ref().map(PasswordHash::as_phc);
    let args = [
        Arg::Id(user.id.as_uuid()),
        Arg::Text(user.username.as_str()),
        Arg::MaybeText(hash),
        Arg::Int(user.created_at.as_millis()),
        Arg::MaybeText(user.password_hash.as_ref().and_then(PasswordHash::scheme)),
    ];
    if tx.execute(&CREATE_USER, &args).await? == 0 {
        return Ok(false);
    }
    grant_roles(tx, user.id, &user.roles).await?;
    Ok(true)
}

pub(super) async fn grant_roles(
    tx: &mut Tx<'_>,
    user: UserId,
    roles: &[Role],
) -> Result<(), StoreError> {
    for role in roles {
        let args = [Arg::Id(user.as_uuid()), Arg::Text(role.as_str())];
        tx.execute(&GRANT_ROLE, &args).await?;
    }
    Ok(())
}

/// Gives a user a new password; their sessions end with the old one.
pub(crate) struct SetPassword {
    pub(crate) username: Username,
    pub(crate) password_hash: PasswordHash,
}

impl Operation for SetPassword {
    /// Whether there is such a user.
    type Out = bool;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [
            Arg::Text(self.username.as_str()),
            Arg::Text(self.password_hash.as_phc()),
            Arg::MaybeText(self.password_hash.scheme()),
        ];
        Ok(tx.execute(&SET_PASSWORD, &args).await? == 1)
    }
}

/// Lets a user sign in, or no longer; their sessions end.
pub(crate) struct SetUserState {
    pub(crate) username: Username,
    pub(crate) state: UserState,
}

impl Operation for SetUserState {
    /// Whether there is such a user.
    type Out = bool;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [
            Arg::Text(self.username.as_str()),
            Arg::Text(state_word(self.state)),
        ];
        if tx.execute(&SET_STATE, &args).await? == 1 {
            return Ok(true);
        }
        let found = tx.query_opt(&EXISTS, &args[..1], |_| Ok(())).await?;
        Ok(found.is_some())
    }
}
