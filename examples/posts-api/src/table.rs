//! The posts: a table of the program's own, nothing of Symbolon's.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Connection, OptionalExtension, Result, params};
use serde::Serialize;

/// A post. Who wrote it is the `sub` of their tokens.
#[derive(Debug, Serialize)]
pub struct Post {
    /// Its number.
    pub id: i64,
    /// What it says.
    pub title: String,
    #[serde(skip)]
    /// Who wrote it.
    pub author: String,
}

/// The table.
#[derive(Debug)]
pub struct Posts(Mutex<Connection>);

impl Posts {
    /// Opens the table in this file, or makes it.
    pub fn open(path: &Path) -> Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS posts (
                 id INTEGER PRIMARY KEY AUTOINCREMENT,
                 title TEXT NOT NULL,
                 author TEXT NOT NULL
             ) STRICT",
        )?;
        Ok(Self(Mutex::new(connection)))
    }

    /// All of them, the oldest first.
    pub fn list(&self) -> Result<Vec<Post>> {
        let connection = self.lock();
        let mut statement =
            connection.prepare("SELECT id, title, author FROM posts ORDER BY id")?;
        statement.query_map([], post)?.collect()
    }

    /// The one of this number.
    pub fn find(&self, id: i64) -> Result<Option<Post>> {
        let find = "SELECT id, title, author FROM posts WHERE id = ?1";
        self.lock().query_row(find, [id], post).optional()
    }

    /// Adds one.
    pub fn add(&self, author: &str, title: &str) -> Result<Post> {
        let add = "INSERT INTO posts (title, author) VALUES (?1, ?2) RETURNING id, title, author";
        self.lock().query_row(add, params![title, author], post)
    }

    /// Gives one another title; `None` where there is no such post any more.
    pub fn rename(&self, id: i64, title: &str) -> Result<Option<Post>> {
        let rename = "UPDATE posts SET title = ?2 WHERE id = ?1 RETURNING id, title, author";
        let connection = self.lock();
        connection
            .query_row(rename, params![id, title], post)
            .optional()
    }

    /// Takes one away; one that isn't there is away.
    pub fn remove(&self, id: i64) -> Result<()> {
        self.lock()
            .execute("DELETE FROM posts WHERE id = ?1", [id])?;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn post(row: &rusqlite::Row<'_>) -> Result<Post> {
    Ok(Post {
        id: row.get(0)?,
        title: row.get(1)?,
        author: row.get(2)?,
    })
}
