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
use symbolon::{
    HookError, Identity, Users,
    password::{self, Pool},
};

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
    passwords: Pool,
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
            passwords: Pool::new(),
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
        let stored = user.as_ref().map(|user| user.password_hash.as_str());
        let right = self.passwords.verify(password, stored).await?;
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
mod tests;
