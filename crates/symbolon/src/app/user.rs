//! Users: made, and given new passwords.

use symbolon_rules::{
    id::UserId,
    password::{PasswordError, PlainPassword},
    permission::{Role, RoleError},
    user::{Username, UsernameError},
};

use super::{App, AppError};
use crate::store::{self, CreateUser, Created, SetPassword};

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
    pub(crate) password: PlainPassword,
    pub(crate) roles: Vec<Role>,
}

/// Why a user wasn't made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CreateUserError {
    /// The name is none.
    #[error("the username is not allowed: {0:?}")]
    Username(UsernameError),
    /// The password is none, or too weak.
    #[error("the password is not allowed: {0:?}")]
    Password(PasswordError),
    /// A role is none, or one of Symbolon's own.
    #[error("the role is not allowed: {0:?}")]
    Role(RoleError),
    /// Somebody has that name.
    #[error("the username is taken")]
    NameTaken,
    /// Nobody knows.
    #[error(transparent)]
    App(#[from] AppError),
}

impl TryFrom<UserInput<'_>> for NewUser {
    type Error = CreateUserError;

    fn try_from(input: UserInput<'_>) -> Result<Self, CreateUserError> {
        let roles = input.roles.iter().map(|name| Role::parse(name));
        Ok(Self {
            username: Username::parse(input.username).map_err(CreateUserError::Username)?,
            password: PlainPassword::parse_new(input.password)
                .map_err(CreateUserError::Password)?,
            roles: roles
                .collect::<Result<_, _>>()
                .map_err(CreateUserError::Role)?,
        })
    }
}

impl App {
    /// Makes a user who may sign in at once.
    pub(crate) async fn create_user(&self, user: NewUser) -> Result<UserId, CreateUserError> {
        let hash = self.passwords.hash(user.password).await;
        let now = self.clock.now();
        let id = UserId::generate(now, &mut self.randomness.clone());
        let create = CreateUser {
            user: store::NewUser {
                id,
                username: user.username,
                password_hash: Some(hash.map_err(AppError::from)?),
                roles: user.roles,
                created_at: now,
            },
        };
        match self.store.run(create).await.map_err(AppError::from)? {
            Created::Done => Ok(id),
            Created::NameTaken => Err(CreateUserError::NameTaken),
        }
    }

    /// Gives a user a new password, which ends their sessions. False where there is no such user.
    pub(crate) async fn set_password(
        &self,
        username: Username,
        password: PlainPassword,
    ) -> Result<bool, AppError> {
        let password_hash = self.passwords.hash(password).await?;
        let set = SetPassword {
            username,
            password_hash,
        };
        Ok(self.store.run(set).await?)
    }
}
