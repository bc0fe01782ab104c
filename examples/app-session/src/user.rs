//! The user model: makes a token for itself, and finds whose a token is.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde_json::json;
use symbolon::{
    Engine, HookError, Identity, IssueError,
    guard::{Reason, Rejection},
    password::Pool,
};

use crate::verifying::Verifying;

/// A user; the id is a string, as the `sub` of a token is.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) username: String,
    hash: String,
}

impl User {
    pub(crate) fn new(id: &str, username: &str, hash: String) -> Self {
        Self {
            id: id.to_owned(),
            username: username.to_owned(),
            hash,
        }
    }

    /// A token for this user, with the claim `id`.
    pub(crate) fn make_token(&self, engine: &Engine) -> Result<String, IssueError> {
        engine.issue(&self.id, json!({ "id": self.id }))
    }

    /// Whose token this is: `None` for one that is refused, and for a user who is gone. That the token
    /// can't be judged is an error, never a `None`.
    pub(crate) async fn verify_token(
        verifying: &Verifying,
        users: &Users,
        token: &str,
    ) -> Result<Option<Self>, Rejection> {
        match verifying.subject(token).await {
            Ok(subject) => Ok(users.get(&subject)),
            Err(refused) if matches!(refused.reason(), Reason::Invalid(_)) => Ok(None),
            Err(rejection) => Err(rejection),
        }
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "User({}, {}, ********)", self.id, self.username)
    }
}

/// All users, in memory: a demo's table.
#[derive(Clone)]
pub(crate) struct Users {
    passwords: Pool,
    by_id: Arc<BTreeMap<String, User>>,
}

impl Users {
    pub(crate) fn new(passwords: Pool, users: impl IntoIterator<Item = User>) -> Self {
        let by_id = users.into_iter().map(|user| (user.id.clone(), user));
        Self {
            passwords,
            by_id: Arc::new(by_id.collect()),
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<User> {
        self.by_id.get(id).cloned()
    }
}

impl symbolon::Users for Users {
    async fn authenticate(
        &self,
        username: &str,
        password: &str,
    ) -> Result<Option<Identity>, HookError> {
        let user = self.by_id.values().find(|user| user.username == username);
        // Nobody's password costs as much to check as somebody's.
        let hash = user.map(|user| user.hash.as_str());
        let right = self.passwords.verify(password, hash).await?;
        Ok(user
            .filter(|_| right)
            .map(|user| Identity::new(&user.id, &user.username)))
    }

    async fn find(&self, subject: &str) -> Result<Option<Identity>, HookError> {
        let user = self.get(subject);
        Ok(user.map(|user| Identity::new(&user.id, &user.username)))
    }
}

#[cfg(test)]
mod tests;
