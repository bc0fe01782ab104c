//! The engine's users: made, listed, changed and removed.

use symbolon_rules::{
    id::UserId,
    password::PlainPassword,
    permission::Role,
    user::{UserState, Username},
};

use super::Engine;
use crate::{
    app::{AppError, User, UserDetails, UserError, UserInput, UserQuery},
    password,
    store::RoleChange,
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

    /// Some users, in the order of the query; an empty page is behind the last.
    pub async fn list_users(&self, query: UserQuery) -> Result<Vec<User>, UserError> {
        self.app.list_users(query).await
    }

    /// The user with a name, and what hangs on them.
    pub async fn find_user(&self, username: &str) -> Result<Option<UserDetails>, UserError> {
        let username = Username::parse(username).map_err(UserError::Username)?;
        Ok(self.app.show_user(username).await?)
    }

    /// Gives a user another name. They stay signed in, and their tokens stay good: those name the id.
    pub async fn rename_user(&self, username: &str, new: &str) -> Result<(), UserError> {
        let from = Username::parse(username).map_err(UserError::Username)?;
        let to = Username::parse(new).map_err(UserError::Username)?;
        self.app.rename_user(from, to).await
    }

    /// Gives a user a role of the program's own, and tells whether they hadn't had it. Tokens that are out
    /// there don't change; the next one has it.
    pub async fn grant_role(&self, username: &str, role: &str) -> Result<bool, UserError> {
        self.change_role(username, role, RoleChange::Grant).await
    }

    /// Takes a role from a user, and tells whether they had it. [`CurrentUser`](crate::CurrentUser) and
    /// `/api/me` know at once; a token that is out there goes on saying it until it expires.
    pub async fn revoke_role(&self, username: &str, role: &str) -> Result<bool, UserError> {
        self.change_role(username, role, RoleChange::Revoke).await
    }

    async fn change_role(
        &self,
        username: &str,
        role: &str,
        change: RoleChange,
    ) -> Result<bool, UserError> {
        let username = Username::parse(username).map_err(UserError::Username)?;
        let role = Role::parse(role).map_err(UserError::Role)?;
        self.app.change_role(username, role, change).await
    }

    /// Removes a user and all that is theirs: roles, sessions, the app sessions that hang on those, links
    /// to providers. The name is free afterwards, and whoever takes it is somebody else.
    pub async fn remove_user(&self, username: &str) -> Result<(), UserError> {
        let username = Username::parse(username).map_err(UserError::Username)?;
        let found = self.app.find_user(username.clone()).await?;
        let id = found.ok_or(UserError::Unknown)?;
        self.app.remove_user(username, id).await
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
