//! Users: made, given new passwords, disabled and enabled.

use symbolon_rules::{
    id::UserId,
    password::{PasswordError, PasswordHash, PlainPassword},
    permission::{Role, RoleError},
    user::{UserState, Username, UsernameError},
};

use super::{App, AppError};
use crate::store::{self, CreateUser, Created, FindLogin, SetPassword, SetUserState, StoreError};

/// A user to make, as somebody typed it.
#[derive(Debug)]
pub(crate) struct UserInput<'a> {
    pub(crate) username: &'a str,
    pub(crate) password: &'a str,
    pub(crate) roles: &'a [&'a str],
}

/// A user to make, checked.
#[derive(Debug)]
pub(crate) struct NewUser {
    pub(crate) username: Username,
    pub(crate) password_hash: PasswordHash,
    pub(crate) roles: Vec<Role>,
}

/// Why a user wasn't made or changed.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum UserError {
    /// The name is none.
    #[error("this can't be a username: {0}")]
    Username(UsernameError),
    /// The password is none, or too weak.
    #[error("this can't be a password: {0}")]
    Password(PasswordError),
    /// A role is none, or one of Symbolon's own.
    #[error("this can't be a role: {0}")]
    Role(RoleError),
    /// Somebody has that name.
    #[error("the username is taken")]
    NameTaken,
    /// Nobody has that name.
    #[error("there is no such user")]
    Unknown,
    /// Nothing was decided; try again.
    #[error(transparent)]
    App(#[from] AppError),
}

crate::reads_as_text!(UserError);

impl App {
    /// Checks what somebody typed and hashes the password: a user, ready to be made.
    pub(crate) async fn prepare_user(&self, input: UserInput<'_>) -> Result<NewUser, UserError> {
        let username = Username::parse(input.username).map_err(UserError::Username)?;
        let password = PlainPassword::parse_new(input.password).map_err(UserError::Password)?;
        let roles = input.roles.iter().map(|name| Role::parse(name));
        let roles = roles.collect::<Result<_, _>>().map_err(UserError::Role)?;
        let hash = self.passwords.hash(password).await;
        Ok(NewUser {
            username,
            password_hash: hash.map_err(AppError::from)?,
            roles,
        })
    }

    /// The user with a name.
    pub(crate) async fn find_user(&self, username: Username) -> Result<Option<UserId>, AppError> {
        let facts = self.store.run(FindLogin { username }).await?;
        Ok(facts.map(|facts| facts.user))
    }

    /// Makes a user who may sign in at once.
    pub(crate) async fn create_user(&self, user: NewUser) -> Result<UserId, UserError> {
        let now = self.clock.now();
        let id = UserId::generate(now, &mut self.randomness.clone());
        let create = CreateUser {
            user: store::NewUser {
                id,
                username: user.username,
                password_hash: Some(user.password_hash),
                roles: user.roles,
                created_at: now,
            },
        };
        match self.store.run(create).await.map_err(AppError::from)? {
            Created::Done => Ok(id),
            Created::NameTaken => Err(UserError::NameTaken),
        }
    }

    /// Gives a user a new password, which ends their sessions.
    pub(crate) async fn set_password(
        &self,
        username: Username,
        password_hash: PasswordHash,
    ) -> Result<(), UserError> {
        let set = SetPassword {
            username,
            password_hash,
        };
        known(self.store.run(set).await)
    }

    /// Lets a user sign in, or no longer, which ends their sessions.
    pub(crate) async fn set_user_state(
        &self,
        username: Username,
        state: UserState,
    ) -> Result<(), UserError> {
        known(self.store.run(SetUserState { username, state }).await)
    }
}

/// Whether the user was there, as an act says it.
fn known(found: Result<bool, StoreError>) -> Result<(), UserError> {
    if found.map_err(AppError::from)? {
        Ok(())
    } else {
        Err(UserError::Unknown)
    }
}
