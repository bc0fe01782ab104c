//! Password hashes of other schemes than the current one: counted, so that unknown names cost the
//! same, and replaced at the first login.

use std::sync::Arc;

use symbolon_rules::{
    id::UserId,
    password::{PasswordHash, PlainPassword},
};

use super::{App, AppError};
use crate::{
    passwords::{self, Scheme},
    store::{CountSchemes, RenewPassword, StoreError},
};

impl App {
    /// Counts the store's users by what their hashes cost.
    pub(crate) async fn count_schemes(&self) -> Result<(), StoreError> {
        let counts = self.store.run(CountSchemes).await?;
        let others = (Scheme::CURRENT, counts.others.unsigned_abs());
        let imported = counts
            .imported
            .into_iter()
            .filter_map(|(label, count)| Some((Scheme::from_label(&label)?, count.unsigned_abs())));
        self.decoys.set(imported.chain([others]));
        Ok(())
    }

    /// Hashes a password that was just found right as new ones are, if it isn't.
    ///
    /// Nobody was promised it: a login goes on where this fails, and the next one tries again.
    pub(super) async fn renew_hash(
        &self,
        user: UserId,
        password: Arc<PlainPassword>,
        old: PasswordHash,
    ) {
        if !passwords::is_outdated(&old) {
            return;
        }
        match self.replace_hash(user, password, old).await {
            Ok(true) => tracing::info!(%user, "password hash renewed"),
            // Another login did it, or there is a new password.
            Ok(false) => {}
            Err(error) => tracing::warn!(%user, %error, "password hash not renewed"),
        }
    }

    async fn replace_hash(
        &self,
        user: UserId,
        password: Arc<PlainPassword>,
        old: PasswordHash,
    ) -> Result<bool, AppError> {
        let new = self.passwords.hash(password).await?;
        Ok(self.store.run(RenewPassword { user, old, new }).await?)
    }
}
