//! The user table of the program, and how Symbolon asks it who somebody is.
//!
//! Invariant: a password is kept as its hash only, and nothing prints even that.
//! Invariant: an id is given once. A token names its user by it, and must never come to mean somebody
//! else.

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Connection, OptionalExtension, Result, Row, params};
use symbolon::{HookError, Identity, Users, password};
use tokio::{sync::Semaphore, task::spawn_blocking};

/// How many passwords are compared at once: each takes a core and 19 MiB for a moment.
const COMPARED_AT_ONCE: usize = 2;

/// Somebody who isn't in the table yet.
pub(crate) struct NewUser {
    username: String,
    password_hash: String,
}

impl NewUser {
    /// Hashes the password, which has at least 15 characters.
    pub(crate) fn new(username: &str, password: &str) -> Result<Self, password::Error> {
        Ok(Self {
            username: username.to_owned(),
            password_hash: password::hash(password)?,
        })
    }
}

/// A row of the table.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) username: String,
    password_hash: String,
}

impl User {
    fn identity(&self) -> Identity {
        Identity::new(self.id.to_string(), &self.username)
    }
}

impl fmt::Display for User {
    /// As many stars for everybody: the length of a password is nobody's business either.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, username, .. } = self;
        write!(
            f,
            "User(id={id}, username={username:?}, password=\"********\")"
        )
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The table. Clones share it.
#[derive(Clone)]
pub(crate) struct UserTable {
    connection: Arc<Mutex<Connection>>,
    comparing: Arc<Semaphore>,
}

impl UserTable {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let connection = Connection::open(path)?;
        // No limit on the hash: its text grows with the work that it stands for.
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS user (
                 id INTEGER PRIMARY KEY AUTOINCREMENT,
                 username TEXT UNIQUE NOT NULL CHECK (length(username) BETWEEN 1 AND 50),
                 password TEXT NOT NULL
             ) STRICT",
        )?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            comparing: Arc::new(Semaphore::new(COMPARED_AT_ONCE)),
        })
    }

    pub(crate) fn add(&self, user: &NewUser) -> Result<User> {
        let add = "INSERT INTO user (username, password) VALUES (?1, ?2) \
                   RETURNING id, username, password";
        let values = params![user.username, user.password_hash];
        self.lock().query_row(add, values, read)
    }

    /// The user whom tokens call so.
    pub(crate) fn find(&self, subject: &str) -> Result<Option<User>> {
        let find = "SELECT id, username, password FROM user WHERE id = ?1";
        let Ok(id) = subject.parse::<i64>() else {
            return Ok(None);
        };
        self.lock().query_row(find, [id], read).optional()
    }

    #[cfg(test)]
    pub(crate) fn remove(&self, id: i64) -> Result<()> {
        self.lock()
            .execute("DELETE FROM user WHERE id = ?1", [id])?;
        Ok(())
    }

    fn find_named(&self, username: &str) -> Result<Option<User>> {
        let find = "SELECT id, username, password FROM user WHERE username = ?1";
        self.lock().query_row(find, [username], read).optional()
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Users for UserTable {
    async fn authenticate(
        &self,
        username: &str,
        password: &str,
    ) -> Result<Option<Identity>, HookError> {
        let user = self.find_named(username)?;
        // Nobody's password takes as long to compare as somebody's.
        let stored = user.as_ref().map(|user| user.password_hash.clone());
        let typed = password.to_owned();
        let turn = Arc::clone(&self.comparing).acquire_owned().await?;
        let compared = spawn_blocking(move || {
            let _turn = turn;
            password::verify(&typed, stored.as_deref())
        });
        let right = compared.await??;
        Ok(user.filter(|_| right).map(|user| user.identity()))
    }

    async fn find(&self, subject: &str) -> Result<Option<Identity>, HookError> {
        Ok(Self::find(self, subject)?.map(|user| user.identity()))
    }
}

fn read(row: &Row<'_>) -> Result<User> {
    Ok(User {
        id: row.get(0)?,
        username: row.get(1)?,
        password_hash: row.get(2)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "correct horse battery staple";

    fn table() -> UserTable {
        UserTable::open(Path::new(":memory:")).unwrap()
    }

    fn named(username: &str) -> NewUser {
        NewUser {
            username: username.to_owned(),
            password_hash: "a hash".to_owned(),
        }
    }

    #[test]
    fn p0_13_ids_begin_at_one_and_are_given_once() {
        let table = table();
        let first = table.add(&named("admin")).unwrap();
        // The original's first user has the id 0, which its library takes for none.
        assert_eq!(first.id, 1);
        table.remove(first.id).unwrap();
        assert_eq!(table.add(&named("admin")).unwrap().id, 2);
        assert!(table.find("1").unwrap().is_none());
    }

    #[test]
    fn p0_13_names_are_unique_and_have_50_characters_at_most() {
        let table = table();
        table.add(&named(&"가".repeat(50))).unwrap();
        for refused in ["가".repeat(50), "x".repeat(51), String::new()] {
            assert!(table.add(&named(&refused)).is_err(), "{refused}");
        }
    }

    #[tokio::test]
    async fn p0_13_the_constructor_keeps_a_hash_and_the_hook_knows_the_password() {
        let table = table();
        let user = table
            .add(&NewUser::new("admin", PASSWORD).unwrap())
            .unwrap();
        assert!(user.password_hash.starts_with("$argon2id$"));
        for (username, password, known) in [
            ("admin", PASSWORD, true),
            ("admin", "something else entirely", false),
            ("admin", &*user.password_hash, false),
            ("nobody", PASSWORD, false),
        ] {
            let identity = table.authenticate(username, password).await.unwrap();
            assert_eq!(identity.is_some(), known, "{username}");
        }
        assert!(NewUser::new("admin", "admin").is_err());
    }

    #[test]
    fn p0_14_a_printed_user_hides_the_password() {
        let user = table()
            .add(&NewUser::new("admin", PASSWORD).unwrap())
            .unwrap();
        let shown = r#"User(id=1, username="admin", password="********")"#;
        assert_eq!(user.to_string(), shown);
        assert_eq!(format!("{user:?}"), shown);
    }
}
