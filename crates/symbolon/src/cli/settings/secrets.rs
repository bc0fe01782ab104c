//! Secrets that are none: those of manuals and examples, and those that others can read.

use super::{file::File, problem::Problem};
use crate::DatabaseUrl;

/// Passwords that stand in manuals, this project's included. Compared without regard to case.
#[cfg(feature = "postgres")]
const SAMPLES: &[&str] = &[
    "password",
    "passwd",
    "pass",
    "secret",
    "changeme",
    "change-me",
    "change_me",
    "example",
    "admin",
    "root",
    "test",
    "default",
    "postgres",
    "postgresql",
    "symbolon",
    "user",
    "demo",
    "123456",
    "12345678",
    "mysecretpassword",
    "your-password",
    "yourpassword",
    "xxx",
    "xxxx",
    "xxxxxxxx",
];

/// Refuses a database's password that anybody would guess.
#[cfg(feature = "postgres")]
pub(super) fn check_password(url: &DatabaseUrl) -> Result<(), String> {
    let Some(password) = url.password() else {
        return Ok(());
    };
    let guessed = SAMPLES
        .iter()
        .any(|sample| sample.as_bytes().eq_ignore_ascii_case(password));
    if guessed {
        return Err(
            "the database's password stands in every manual; give it one of its own, as \
             `openssl rand -hex 16` prints it"
                .to_owned(),
        );
    }
    Ok(())
}

#[cfg(not(feature = "postgres"))]
#[expect(clippy::unnecessary_wraps, reason = "a file has no password to refuse")]
pub(super) fn check_password(_url: &DatabaseUrl) -> Result<(), String> {
    Ok(())
}

/// A file with a password in it that everybody on this machine can read.
#[cfg(all(unix, feature = "postgres"))]
pub(super) fn exposed(file: &File, database: Option<&DatabaseUrl>) -> Option<Problem> {
    use std::os::unix::fs::PermissionsExt;
    database?.password()?;
    let path = file.path();
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    (mode & 0o007 != 0).then(|| {
        let reason = format!(
            "it holds the database's password and everybody can read it; run: chmod 600 {}",
            path.display()
        );
        Problem::with_file(path, None, reason)
    })
}

#[cfg(not(all(unix, feature = "postgres")))]
pub(super) fn exposed(_file: &File, _database: Option<&DatabaseUrl>) -> Option<Problem> {
    None
}
