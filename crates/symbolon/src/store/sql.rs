//! One text for two dialects, and the values that go in and come out.
//!
//! Statements are written with `$1`, `$2`… as PostgreSQL wants them. SQLite would take `$2` as a
//! *name*, numbered by where it first stands, and bind arguments to the wrong places without a
//! word; [`statement!`](crate::store::sql::statement) makes the `?2` that it takes as a number, at
//! compile time.

use uuid::Uuid;

use super::StoreError;

/// A statement for both engines; make one with [`statement!`].
#[derive(Debug)]
pub(crate) struct Statement {
    #[cfg(feature = "sqlite")]
    pub(super) sqlite: &'static str,
    #[cfg(feature = "postgres")]
    pub(super) postgres: &'static str,
}

/// Defines the named statements of a file, and `STATEMENTS`, the list that the tests prepare.
macro_rules! statements {
    ($($(#[$doc:meta])* $vis:vis $name:ident = $text:literal;)*) => {
        $(
            $(#[$doc])*
            $vis const $name: $crate::store::sql::Statement = {
                #[cfg(feature = "sqlite")]
                const SQLITE: [u8; $text.len()] = $crate::store::sql::numbered($text);
                $crate::store::sql::Statement::new(
                    $text,
                    #[cfg(feature = "sqlite")]
                    match std::str::from_utf8(&SQLITE) {
                        Ok(text) => text,
                        Err(_) => panic!("Invariant: `$` becomes `?`, both ASCII"),
                    },
                )
            };
        )*
        /// Every statement of this file.
        #[cfg(test)]
        pub(crate) const STATEMENTS: &[&$crate::store::sql::Statement] = &[$(&$name),*];
    };
}
pub(crate) use statements;

impl Statement {
    pub(crate) const fn new(
        text: &'static str,
        #[cfg(feature = "sqlite")] sqlite: &'static str,
    ) -> Self {
        #[cfg(not(feature = "postgres"))]
        let _ = text;
        Self {
            #[cfg(feature = "sqlite")]
            sqlite,
            #[cfg(feature = "postgres")]
            postgres: text,
        }
    }
}

/// `$n` → `?n`. No statement holds a `$` that isn't a parameter: a test prepares them all.
#[cfg(feature = "sqlite")]
pub(crate) const fn numbered<const N: usize>(text: &str) -> [u8; N] {
    let bytes = text.as_bytes();
    let mut out = [0; N];
    let mut at = 0;
    while at < N {
        out[at] = if bytes[at] == b'$' { b'?' } else { bytes[at] };
        at += 1;
    }
    out
}

/// A value bound to a parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Arg<'a> {
    /// BIGINT.
    Int(i64),
    /// BIGINT or NULL.
    MaybeInt(Option<i64>),
    /// TEXT.
    Text(&'a str),
    /// TEXT or NULL.
    MaybeText(Option<&'a str>),
    /// BYTEA, BLOB.
    Bytes(&'a [u8]),
    /// BYTEA, BLOB, or NULL.
    MaybeBytes(Option<&'a [u8]>),
    /// UUID, a BLOB of 16 bytes in SQLite.
    Id(&'a Uuid),
    /// UUID or NULL.
    MaybeId(Option<&'a Uuid>),
}

/// A row that came back; columns are counted from 0.
pub(crate) enum Row<'r> {
    /// Of SQLite.
    #[cfg(feature = "sqlite")]
    Sqlite(&'r rusqlite::Row<'r>),
    /// Of PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres(&'r tokio_postgres::Row),
}

macro_rules! column {
    ($(#[$doc:meta])* $name:ident, $type:ty) => {
        $(#[$doc])*
        pub(crate) fn $name(&self, column: usize) -> Result<$type, StoreError> {
            match self {
                #[cfg(feature = "sqlite")]
                Self::Sqlite(row) => row.get(column).map_err(|error| super::sqlite::failure(&error)),
                #[cfg(feature = "postgres")]
                Self::Postgres(row) => row.try_get(column).map_err(|error| super::postgres::failure(&error)),
            }
        }
    };
}

impl Row<'_> {
    column!(/// A BIGINT.
        int, i64);
    column!(/// A BIGINT or NULL.
        maybe_int, Option<i64>);
    column!(/// A TEXT.
        text, String);
    column!(/// A TEXT or NULL.
        maybe_text, Option<String>);
    column!(/// A BYTEA.
        bytes, Vec<u8>);
    column!(/// A BYTEA or NULL.
        maybe_bytes, Option<Vec<u8>>);

    /// A UUID.
    pub(crate) fn uuid(&self, column: usize) -> Result<Uuid, StoreError> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(row) => {
                let bytes: [u8; 16] = row
                    .get(column)
                    .map_err(|error| super::sqlite::failure(&error))?;
                Ok(Uuid::from_bytes(bytes))
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(row) => row
                .try_get(column)
                .map_err(|error| super::postgres::failure(&error)),
        }
    }
}
