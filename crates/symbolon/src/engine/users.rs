//! The engine's users: made, given new passwords, disabled and enabled.

use symbolon_rules::{
    id::UserId,
    password::PlainPassword,
    user::{UserState, Username},
};

use super::Engine;
use crate::{
    app::{AppError, UserError, UserInput},
    password,
};

impl Engine {
    /// Makes a user who may sign in at once, and gives the `sub` of their tokens.
    ///
    /// The name is put into its canonical form, the password must have at least 15 characters, and
    /// the roles are the program's own: names that begin with `symbolon:` are refused.
    pub async fn create_user(
        &self,
        username: &str,
        password: &str,
        roles: &[&str],
    ) -> Result<UserId, UserError> {
        let input = UserInput {
            username,
            password,
            roles,
        };
        let user = self.app.prepare_user(input).await?;
        self.app.create_user(user).await
    }

    /// Makes a user as [`Engine::create_user`] does, unless somebody has that name already; then nothing
    /// changes, their password and roles least of all. For the first user of a program, at each start.
    pub async fn ensure_user(
        &self,
        username: &str,
        password: &str,
        roles: &[&str],
    ) -> Result<UserId, UserError> {
        let name = Username::parse(username).map_err(UserError::Username)?;
        if let Some(user) = self.app.find_user(name).await? {
            return Ok(user);
        }
        self.create_user(username, password, roles).await
    }

    /// Gives a user a new password. Their sessions end; tokens that other APIs hold run out.
    pub async fn set_password(&self, username: &str, password: &str) -> Result<(), UserError> {
        let username = Username::parse(username).map_err(UserError::Username)?;
        let password = PlainPassword::parse_new(password).map_err(UserError::Password)?;
        let hash = self.app.passwords.hash(password).await;
        let hash = hash.map_err(AppError::from)?;
        self.app.set_password(username, hash).await
    }

    /// Keeps a user from signing in. Their sessions end and stay ended.
    pub async fn disable_user(&self, username: &str) -> Result<(), UserError> {
        let username = Username::parse(username).map_err(UserError::Username)?;
        self.app.set_user_state(username, UserState::Disabled).await
    }

    /// Lets a disabled user sign in again.
    pub async fn enable_user(&self, username: &str) -> Result<(), UserError> {
        let username = Username::parse(username).map_err(UserError::Username)?;
        self.app.set_user_state(username, UserState::Enabled).await
    }

    /// [`password::hash`](crate::password::hash) in the engine's bounded pool.
    pub async fn hash_password(&self, password: &str) -> Result<String, password::Error> {
        password::Pool::of(&self.app.passwords).hash(password).await
    }

    /// [`password::verify`](crate::password::verify) in the engine's bounded pool.
    pub async fn verify_password(
        &self,
        password: &str,
        stored: Option<&str>,
    ) -> Result<bool, password::Error> {
        let pool = password::Pool::of(&self.app.passwords);
        pool.verify(password, stored).await
    }
}
