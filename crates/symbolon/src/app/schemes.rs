//! Password hashes of other schemes than the current one: counted, so that unknown names cost the
//! same, and replaced at the first login.

use std::sync::Arc;

use symbolon_rules::{
    id::UserId,
    password::{PasswordHash, PlainPassword},
};

use super::{App, AppError};
use crate::{
    passwords::Scheme,
    store::{CountSchemes, RenewPassword, StoreError},
};

impl App {
    /// Counts the store's users by what their hashes cost. Gives the number of those whose hashes this
    /// build can't compute: no unknown name costs that, and none of them can sign in.
    pub(crate) async fn count_schemes(&self) -> Result<u64, StoreError> {
        let counts = self.store.run(CountSchemes).await?;
        // Beside a hash of the default scheme the store keeps no text, whatever new ones are hashed with.
        let others = (Scheme::DEFAULT, counts.others.unsigned_abs());
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
        if !self.passwords.is_outdated(&old) {
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
        store::{FindLogin, ImportUsers, NewImport, NewUser},
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
        assert_eq!(drawn(), Scheme::DEFAULT);

        import(&engine, "alice", SCRYPT).await;
        assert_eq!(engine.app.count_schemes().await.unwrap(), 0);
        let scrypt = Scheme::from_label(SCRYPT).unwrap();
        assert_eq!(drawn(), scrypt);

        // What can't be computed is left out, and told.
        import(&engine, "bob", "from the future").await;
        assert_eq!(engine.app.count_schemes().await.unwrap(), 1);
        assert_eq!(drawn(), scrypt);
    }

    async fn stored_hash(engine: &Engine, username: &str) -> String {
        let username = Username::parse(username).unwrap();
        let facts = engine.app.store.run(FindLogin { username }).await.unwrap();
        facts.unwrap().password_hash.unwrap().as_phc().to_owned()
    }

    async fn opened(folder: &std::path::Path, mebibytes: u64) -> Engine {
        let mut config = Config::in_folder("http://127.0.0.1", folder).unwrap();
        config.passwords.memory = mebibytes << 20;
        Engine::open(config).await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn w3_raised_parameters_renew_a_hash_at_the_next_login_and_lowered_ones_do_not() {
        const PASSWORD: &str = "correct horse battery";
        let folder = tempfile::tempdir().unwrap();
        let dearer = {
            let engine = opened(folder.path(), 24).await;
            let scheme = engine.app.passwords.current().clone();
            engine.shutdown().await;
            scheme
        };
        let drawn = |engine: &Engine| engine.app.decoys.draw(&Username::parse("nobody").unwrap());

        let engine = opened(folder.path(), 19).await;
        engine.create_user("alice", PASSWORD, &[]).await.unwrap();
        assert!(
            stored_hash(&engine, "alice")
                .await
                .contains("$m=19456,t=2,p=1$")
        );
        engine.shutdown().await;

        // Raised: what she has costs the old way until she logs in, and so does nobody (W4).
        let engine = opened(folder.path(), 24).await;
        assert_eq!(drawn(&engine), Scheme::DEFAULT);
        assert!(engine.login("alice", "a wrong password").await.is_err());
        assert!(stored_hash(&engine, "alice").await.contains("$m=19456,"));
        engine.login("alice", PASSWORD).await.unwrap();
        assert!(
            stored_hash(&engine, "alice")
                .await
                .contains("$m=24576,t=2,p=1$")
        );
        engine.app.count_schemes().await.unwrap();
        assert_eq!(drawn(&engine), dearer);
        engine.login("alice", PASSWORD).await.unwrap();
        engine.shutdown().await;

        // Lowered: her hash stays, nobody costs what it does, and new passwords are cheaper.
        let engine = opened(folder.path(), 19).await;
        engine.login("alice", PASSWORD).await.unwrap();
        assert!(stored_hash(&engine, "alice").await.contains("$m=24576,"));
        assert_eq!(drawn(&engine), dearer);
        engine.set_password("alice", PASSWORD).await.unwrap();
        engine.app.count_schemes().await.unwrap();
        assert_eq!(drawn(&engine), Scheme::DEFAULT);
        engine.shutdown().await;

        // The first user of another store: nobody costs what is configured before there is anybody.
        let folder = tempfile::tempdir().unwrap();
        let engine = opened(folder.path(), 24).await;
        assert_eq!(drawn(&engine), dearer);
        engine.create_user("bob", PASSWORD, &[]).await.unwrap();
        engine.app.count_schemes().await.unwrap();
        assert_eq!(drawn(&engine), dearer);
        engine.shutdown().await;
    }
}
