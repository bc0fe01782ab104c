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
    /// Counts the store's users by what their hashes cost. Gives the number of those whose hashes this
    /// build can't compute: no unknown name costs that, and none of them can sign in.
    pub(crate) async fn count_schemes(&self) -> Result<u64, StoreError> {
        let counts = self.store.run(CountSchemes).await?;
        let others = (Scheme::CURRENT, counts.others.unsigned_abs());
        let mut unusable = 0;
        let mut usable = vec![others];
        for (label, count) in counts.imported {
            match Scheme::from_label(&label) {
                Some(scheme) => usable.push((scheme, count.unsigned_abs())),
                None => unusable += count.unsigned_abs(),
            }
        }
        self.decoys.set(usable);
        Ok(unusable)
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

#[cfg(test)]
#[cfg(all(feature = "sqlite", feature = "imported-hashes"))]
mod tests {
    use symbolon_rules::user::{UserState, Username};

    use crate::{
        Config, Engine,
        passwords::Scheme,
        store::{ImportUsers, NewImport, NewUser},
    };

    const SCRYPT: &str = r#"{"scrypt":{"log_n":15,"r":8,"p":1},"length":64}"#;

    async fn import(engine: &Engine, username: &str, label: &str) {
        let app = &engine.app;
        let now = app.clock.now();
        let import = NewImport {
            user: NewUser {
                id: symbolon_rules::id::Id::generate(now, &mut app.randomness.clone()),
                username: Username::parse(username).unwrap(),
                password_hash: None,
                roles: vec![],
                created_at: now,
            },
            state: UserState::Enabled,
            external_id: None,
            imported_scheme: Some(label.to_owned()),
        };
        let users = vec![import];
        app.store.run(ImportUsers { users }).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn w4_an_unknown_name_costs_what_the_users_of_the_store_do() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::in_folder("http://127.0.0.1", folder.path()).unwrap();
        let engine = Engine::open(config).await.unwrap();
        let drawn = || engine.app.decoys.draw(&Username::parse("nobody").unwrap());
        assert_eq!(drawn(), Scheme::CURRENT);

        import(&engine, "alice", SCRYPT).await;
        assert_eq!(engine.app.count_schemes().await.unwrap(), 0);
        let scrypt = Scheme::from_label(SCRYPT).unwrap();
        assert_eq!(drawn(), scrypt);

        // What can't be computed is left out, and told.
        import(&engine, "bob", "from the future").await;
        assert_eq!(engine.app.count_schemes().await.unwrap(), 1);
        assert_eq!(drawn(), scrypt);
    }
}
