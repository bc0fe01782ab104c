//! Users as an administrator sees and changes them: listed, shown, renamed, given roles, removed.
//!
//! Invariant: a right over Symbolon (`symbolon:…`) is given by somebody at the machine and by nobody else;
//! whoever calls says which of the two they are by the `Role` that they pass.

use symbolon_rules::{
    id::UserId,
    permission::Role,
    user::{UserState, Username},
};
use symbolon_token::Timestamp;

use super::{App, AppError, UserError};
use crate::store::{
    ChangeRole, FindUser, ListFrom, ListUsers, PasswordRecord, RemoveUser, RenameUser, Renamed,
    RoleChange, RoleChanged, UserFacts, UserRecord,
};

/// Users on a page unless fewer are asked for.
pub(crate) const PAGE: u16 = 500;

/// A user of an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// The `sub` of their tokens; stays when they are renamed.
    pub id: UserId,
    /// What they sign in with, in its canonical form.
    pub username: String,
    /// Whether they may sign in.
    pub state: UserState,
    /// Their roles, in order.
    pub roles: Vec<String>,
    /// When they were made.
    pub created_at: Timestamp,
    /// Their id in the program that they were imported from.
    pub external_id: Option<String>,
    /// What is kept of their password.
    pub password: KeptPassword,
}

/// What is kept of a password.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeptPassword {
    /// They have none, and sign in some other way or not at all.
    None,
    /// A hash of Symbolon's.
    Own,
    /// The hash of another program, until their next login replaces it; this is what it costs.
    Imported(String),
}

/// A user, and what hangs on them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserDetails {
    /// The user.
    pub user: User,
    /// How many of their sign-ins count now.
    pub sessions: u64,
    /// Their last sign-in, as far back as sign-ins are kept: about a day.
    pub last_login_at: Option<Timestamp>,
    /// The subjects by which providers name them, as issuer and subject.
    pub links: Vec<(String, String)>,
}

/// Which users, in which order, and behind whom.
///
/// ```
/// # async fn all(engine: &symbolon::Engine) -> Result<(), symbolon::UserError> {
/// use symbolon::UserQuery;
///
/// let mut query = UserQuery::by_name();
/// loop {
///     let page = engine.list_users(query.clone()).await?;
///     for user in &page {
///         println!("{} {}", user.id, user.username);
///     }
///     let Some(last) = page.last() else { break };
///     query = query.after(last);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct UserQuery {
    from: ListFrom,
    prefix: Option<String>,
    state: Option<UserState>,
    limit: u16,
}

impl UserQuery {
    /// By name, from the first on.
    pub fn by_name() -> Self {
        Self::from(ListFrom::Name(None))
    }

    /// By when they were made, from the newest on.
    pub fn newest() -> Self {
        Self::from(ListFrom::Newest(None))
    }

    fn from(from: ListFrom) -> Self {
        Self {
            from,
            prefix: None,
            state: None,
            limit: PAGE,
        }
    }

    /// Only those whose name begins so, once it is in its canonical form.
    pub fn beginning_with(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// Only those in this state.
    pub fn in_state(mut self, state: UserState) -> Self {
        self.state = Some(state);
        self
    }

    /// So many at once at the most, 1 to 500.
    pub fn at_most(mut self, limit: u16) -> Self {
        self.limit = limit.clamp(1, PAGE);
        self
    }

    /// Those who come behind this one: the next page.
    pub fn after(self, last: &User) -> Self {
        self.behind(Username::from_stored(last.username.clone()), last.id)
    }

    pub(crate) fn behind(mut self, username: Username, id: UserId) -> Self {
        self.from = match self.from {
            ListFrom::Name(_) => ListFrom::Name(Some(username)),
            ListFrom::Newest(_) => ListFrom::Newest(Some(id)),
        };
        self
    }
}

impl App {
    /// One page of users.
    pub(crate) async fn list_users(&self, query: UserQuery) -> Result<Vec<User>, UserError> {
        let prefix = query.prefix.as_deref().map(Username::parse).transpose();
        let list = ListUsers {
            from: query.from,
            prefix: prefix.map_err(UserError::Username)?,
            state: query.state,
            limit: query.limit.into(),
        };
        let users = self.store.run(list).await.map_err(AppError::from)?;
        Ok(users.into_iter().map(User::from).collect())
    }

    /// The user with a name, and what hangs on them.
    pub(crate) async fn show_user(
        &self,
        username: Username,
    ) -> Result<Option<UserDetails>, AppError> {
        let now = self.clock.now();
        let found = self.store.run(FindUser { username, now }).await?;
        Ok(found.map(UserDetails::from))
    }

    /// Gives a user another name.
    pub(crate) async fn rename_user(&self, from: Username, to: Username) -> Result<(), UserError> {
        match self
            .store
            .run(RenameUser {
                from: from.clone(),
                to: to.clone(),
            })
            .await
            .map_err(AppError::from)?
        {
            Renamed::Done => {
                tracing::info!(%from, %to, "user renamed");
                Ok(())
            }
            Renamed::NameTaken => Err(UserError::NameTaken),
            Renamed::Unknown => Err(UserError::Unknown),
        }
    }

    /// Gives a user a role or takes it away; whether that changed anything.
    pub(crate) async fn change_role(
        &self,
        username: Username,
        role: Role,
        change: RoleChange,
    ) -> Result<bool, UserError> {
        let operation = ChangeRole {
            username: username.clone(),
            role: role.clone(),
            change,
        };
        match self.store.run(operation).await.map_err(AppError::from)? {
            RoleChanged::Done => {
                tracing::info!(%username, %role, ?change, "role changed");
                Ok(true)
            }
            RoleChanged::Already => Ok(false),
            RoleChanged::Unknown => Err(UserError::Unknown),
        }
    }

    /// Removes the user of this name and id, and all that is theirs.
    pub(crate) async fn remove_user(
        &self,
        username: Username,
        id: UserId,
    ) -> Result<(), UserError> {
        let remove = RemoveUser { username, id };
        if !self.store.run(remove).await.map_err(AppError::from)? {
            return Err(UserError::Unknown);
        }
        tracing::info!(user = %id, "user removed");
        Ok(())
    }
}

impl From<UserRecord> for User {
    fn from(record: UserRecord) -> Self {
        Self {
            id: record.id,
            username: record.username.as_str().to_owned(),
            state: record.state,
            roles: names_of(&record.roles),
            created_at: record.created_at,
            external_id: record.external_id,
            password: match record.password {
                PasswordRecord::None => KeptPassword::None,
                PasswordRecord::Own => KeptPassword::Own,
                PasswordRecord::Imported(scheme) => KeptPassword::Imported(scheme),
            },
        }
    }
}

impl From<UserFacts> for UserDetails {
    fn from(facts: UserFacts) -> Self {
        Self {
            user: facts.user.into(),
            sessions: facts.sessions.unsigned_abs(),
            last_login_at: facts.last_login_at,
            links: facts.links,
        }
    }
}

fn names_of(roles: &[Role]) -> Vec<String> {
    roles.iter().map(|role| role.as_str().to_owned()).collect()
}
