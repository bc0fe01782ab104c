//! Who may log in, and with which role.
//!
//! Invariant: the role that counts is the one that stands here now. The one in a token is for whoever
//! reads the token elsewhere.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use serde_json::json;
use symbolon::{
    HookError, Identity, Users,
    password::{self, Pool},
};

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    User,
    Admin,
}

impl Role {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }
}

#[derive(Clone)]
struct Member {
    password_hash: String,
    role: Role,
}

/// Everybody who may log in, by their id. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Members {
    by_id: Arc<RwLock<BTreeMap<String, Member>>>,
    passwords: Pool,
}

impl Members {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) async fn add(
        &self,
        user_id: &str,
        password: &str,
        role: Role,
    ) -> Result<(), password::Error> {
        let member = Member {
            password_hash: self.passwords.hash(password).await?,
            role,
        };
        self.write().insert(user_id.to_owned(), member);
        Ok(())
    }

    /// Their role at this moment, if they are still there.
    pub(crate) fn role_of(&self, user_id: &str) -> Option<Role> {
        self.find_member(user_id).map(|member| member.role)
    }

    fn find_member(&self, user_id: &str) -> Option<Member> {
        self.read().get(user_id).cloned()
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, Member>> {
        self.by_id.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Member>> {
        self.by_id.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl Members {
    pub(crate) fn give(&self, user_id: &str, role: Role) {
        self.write().get_mut(user_id).unwrap().role = role;
    }

    pub(crate) fn remove(&self, user_id: &str) {
        self.write().remove(user_id);
    }
}

impl Users for Members {
    async fn authenticate(
        &self,
        user_id: &str,
        password: &str,
    ) -> Result<Option<Identity>, HookError> {
        let member = self.find_member(user_id);
        // Nobody's password takes as long to compare as somebody's.
        let stored = member.as_ref().map(|member| member.password_hash.as_str());
        let right = self.passwords.verify(password, stored).await?;
        let member = member.filter(|_| right);
        member
            .map(|member| identity(user_id, member.role))
            .transpose()
    }

    async fn find(&self, user_id: &str) -> Result<Option<Identity>, HookError> {
        let role = self.role_of(user_id);
        role.map(|role| identity(user_id, role)).transpose()
    }
}

/// What stands in their token: `roles` as RFC 9068 has them, and the row's own two claims beside it.
fn identity(user_id: &str, role: Role) -> Result<Identity, HookError> {
    let role = role.as_str();
    let claims = json!({ "user_id": user_id, "role": role });
    Ok(Identity::new(user_id, user_id)
        .with_roles([role])?
        .with_claims(claims)?)
}
