//! Users as an administrator sees them: many in pages, or one with what hangs on them.
//!
//! A page begins behind the last user of the one before, by name or by id, so that it costs the same
//! wherever it is, and nobody is left out or told twice because of others who come and go meanwhile.

use symbolon_rules::{
    id::UserId,
    permission::Role,
    user::{UserState, Username},
};
use symbolon_token::Timestamp;
use uuid::Uuid;

use super::{
    super::{
        Access, Operation, StoreError, Tx,
        sql::{Arg, Row, statements},
    },
    list_roles, state_word, user_state,
};

statements! {
    LIST_BY_NAME = "SELECT page.id, page.username, page.state, page.created_at, page.external_id, \
        page.imported_scheme, page.has_password, user_roles.role FROM \
        (SELECT id, username, state, created_at, external_id, imported_scheme, \
        CAST(CASE WHEN password_hash IS NULL THEN 0 ELSE 1 END AS BIGINT) AS has_password FROM users \
        WHERE username > $1 AND substr(username, 1, length($2)) = $2 AND ($3 = '' OR state = $3) \
        ORDER BY username LIMIT $4) AS page \
        LEFT JOIN user_roles ON user_roles.user_id = page.id ORDER BY page.username, user_roles.role";
    LIST_NEWEST = "SELECT page.id, page.username, page.state, page.created_at, page.external_id, \
        page.imported_scheme, page.has_password, user_roles.role FROM \
        (SELECT id, username, state, created_at, external_id, imported_scheme, \
        CAST(CASE WHEN password_hash IS NULL THEN 0 ELSE 1 END AS BIGINT) AS has_password FROM users \
        WHERE id < $1 AND substr(username, 1, length($2)) = $2 AND ($3 = '' OR state = $3) \
        ORDER BY id DESC LIMIT $4) AS page \
        LEFT JOIN user_roles ON user_roles.user_id = page.id ORDER BY page.id DESC, user_roles.role";
    FIND_USER = "SELECT id, username, state, created_at, external_id, imported_scheme, \
        CAST(CASE WHEN password_hash IS NULL THEN 0 ELSE 1 END AS BIGINT), \
        (SELECT COUNT(*) FROM sessions WHERE sessions.user_id = users.id \
        AND sessions.credential_epoch = users.credential_epoch AND sessions.expires_at > $2), \
        (SELECT MAX(authenticated_at) FROM sessions WHERE sessions.user_id = users.id) \
        FROM users WHERE username = $1";
    LIST_LINKS = "SELECT issuer, subject FROM upstream_links WHERE user_id = $1 ORDER BY issuer, subject";
}

/// A user as they are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserRecord {
    pub(crate) id: UserId,
    pub(crate) username: Username,
    pub(crate) state: UserState,
    pub(crate) created_at: Timestamp,
    pub(crate) external_id: Option<String>,
    pub(crate) password: PasswordRecord,
    pub(crate) roles: Vec<Role>,
}

/// What a user's password is kept as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PasswordRecord {
    /// They have none.
    None,
    /// A hash of ours.
    Own,
    /// The hash of another program, with what it costs.
    Imported(String),
}

/// Some users, in an order.
#[derive(Clone, Debug)]
pub(crate) struct ListUsers {
    pub(crate) from: ListFrom,
    /// What their names begin with.
    pub(crate) prefix: Option<Username>,
    pub(crate) state: Option<UserState>,
    /// How many at the most.
    pub(crate) limit: i64,
}

/// The order, and behind whom a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListFrom {
    /// By name.
    Name(Option<Username>),
    /// The newest first.
    Newest(Option<UserId>),
}

impl Operation for ListUsers {
    type Out = Vec<UserRecord>;
    const ACCESS: Access = Access::Read;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let rest = [
            Arg::Text(self.prefix.as_ref().map_or("", Username::as_str)),
            Arg::Text(self.state.map_or("", state_word)),
            Arg::Int(self.limit),
        ];
        let rows = match &self.from {
            ListFrom::Name(after) => {
                let after = Arg::Text(after.as_ref().map_or("", Username::as_str));
                let args = [&[after], &rest[..]].concat();
                tx.query(&LIST_BY_NAME, &args, row_of_page).await?
            }
            ListFrom::Newest(before) => {
                let before = before
                    .as_ref()
                    .map_or(&Uuid::max(), UserId::as_uuid)
                    .to_owned();
                let args = [&[Arg::Id(&before)], &rest[..]].concat();
                tx.query(&LIST_NEWEST, &args, row_of_page).await?
            }
        };
        let mut users: Vec<UserRecord> = Vec::new();
        for (user, role) in rows {
            match users.last_mut() {
                Some(last) if last.id == user.id => last.roles.extend(role),
                _ => users.push(UserRecord {
                    roles: role.into_iter().collect(),
                    ..user
                }),
            }
        }
        Ok(users)
    }
}

fn row_of_page(row: &Row<'_>) -> Result<(UserRecord, Option<Role>), StoreError> {
    Ok((user_record(row)?, row.maybe_text(7)?.map(Role::from_stored)))
}

fn user_record(row: &Row<'_>) -> Result<UserRecord, StoreError> {
    let password = match (row.int(6)?, row.maybe_text(5)?) {
        (0, _) => PasswordRecord::None,
        (_, None) => PasswordRecord::Own,
        (_, Some(scheme)) => PasswordRecord::Imported(scheme),
    };
    Ok(UserRecord {
        id: UserId::from_uuid(row.uuid(0)?),
        username: Username::from_stored(row.text(1)?),
        state: user_state(&row.text(2)?)?,
        created_at: Timestamp::from_millis(row.int(3)?),
        external_id: row.maybe_text(4)?,
        password,
        roles: Vec::new(),
    })
}

/// The user with a name, and what hangs on them.
pub(crate) struct FindUser {
    pub(crate) username: Username,
    pub(crate) now: Timestamp,
}

/// A user, and what hangs on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserFacts {
    pub(crate) user: UserRecord,
    /// How many of their sign-ins count.
    pub(crate) sessions: i64,
    /// Their last sign-in, as far back as sessions are kept.
    pub(crate) last_login_at: Option<Timestamp>,
    /// Issuer and subject of those by whom they log in from elsewhere.
    pub(crate) links: Vec<(String, String)>,
}

impl Operation for FindUser {
    type Out = Option<UserFacts>;
    const ACCESS: Access = Access::Read;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [
            Arg::Text(self.username.as_str()),
            Arg::Int(self.now.as_millis()),
        ];
        let Some(mut facts) = tx.query_opt(&FIND_USER, &args, user_facts).await? else {
            return Ok(None);
        };
        facts.user.roles = list_roles(tx, facts.user.id).await?;
        let id = [Arg::Id(facts.user.id.as_uuid())];
        let link = |row: &Row<'_>| Ok((row.text(0)?, row.text(1)?));
        facts.links = tx.query(&LIST_LINKS, &id, link).await?;
        Ok(Some(facts))
    }
}

fn user_facts(row: &Row<'_>) -> Result<UserFacts, StoreError> {
    Ok(UserFacts {
        user: user_record(row)?,
        sessions: row.int(7)?,
        last_login_at: row.maybe_int(8)?.map(Timestamp::from_millis),
        links: Vec::new(),
    })
}
