//! A program whose own table is kept with sqlx, beside Symbolon's database: both link one SQLite, and
//! whoever embeds the engine must be free to.

use sqlx::{SqlitePool, sqlite::SqliteConnectOptions};
use symbolon::{Config, Engine};

/// Opens both databases in one folder.
pub async fn open(
    folder: &std::path::Path,
) -> Result<(Engine, SqlitePool), Box<dyn std::error::Error>> {
    let engine = Engine::open(Config::in_folder("http://127.0.0.1:3000", folder)?).await?;
    let options = SqliteConnectOptions::new()
        .filename(folder.join("notes.db"))
        .create_if_missing(true);
    let notes = SqlitePool::connect_with(options).await?;
    sqlx::query(
        "CREATE TABLE IF NOT EXISTS notes (author TEXT NOT NULL, text TEXT NOT NULL) STRICT",
    )
    .execute(&notes)
    .await?;
    Ok((engine, notes))
}

#[cfg(test)]
mod tests {
    use super::open;

    const PASSWORD: &str = "correct horse battery staple";

    #[tokio::test(flavor = "multi_thread")]
    async fn a_program_keeps_its_data_with_sqlx_and_its_users_with_symbolon() {
        let folder = tempfile::tempdir().unwrap();
        let (engine, notes) = open(folder.path()).await.unwrap();
        let user = engine.create_user("alice", PASSWORD, &[]).await.unwrap();
        let login = engine.login("alice", PASSWORD).await.unwrap();
        assert_eq!(login.subject, user.to_string());

        sqlx::query("INSERT INTO notes (author, text) VALUES (?, 'hello')")
            .bind(&login.subject)
            .execute(&notes)
            .await
            .unwrap();
        let author: String = sqlx::query_scalar("SELECT author FROM notes")
            .fetch_one(&notes)
            .await
            .unwrap();
        assert_eq!(author, login.subject);
        engine.shutdown().await;
    }
}
