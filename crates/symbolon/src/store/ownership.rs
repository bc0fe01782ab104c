//! Whose database this is, judged before anything is written into it.
//!
//! A mistyped URL must not put tables into another program's database, and a store that was made for
//! trying things out must not become a real one.

use super::OpenError;
use crate::config::Maker;

/// The table whose presence makes a database Symbolon's.
const MARKER_TABLE: &str = "symbolon_store";
/// Where the migrations that ran are listed.
#[cfg(feature = "cli")]
pub(super) const MIGRATIONS_TABLE: &str = "symbolon_migrations";
/// Who made the store.
pub(super) const FIND_MAKER: &str = "SELECT maker FROM symbolon_store WHERE one = 1";

/// What was found.
pub(super) struct Found {
    /// Every table.
    pub(super) tables: Vec<String>,
    /// The maker that the marker row names, where there is one.
    pub(super) maker: Option<String>,
}

/// Whether these are the tables of a store.
pub(super) fn is_ours(tables: &[String]) -> bool {
    tables.iter().any(|table| table == MARKER_TABLE)
}

impl Found {
    /// Refuses what isn't empty and isn't this maker's.
    pub(super) fn check(
        &self,
        maker: Maker,
        database: impl Fn() -> String,
    ) -> Result<(), OpenError> {
        if let Some(found) = &self.maker
            && found != maker.as_str()
        {
            return Err(OpenError::OtherMaker {
                database: database(),
                maker: Maker::described(found),
            });
        }
        // Tables named so are left by a start that was cut off before its first migration.
        let foreign =
            |table: &String| !table.starts_with("symbolon_") && !table.starts_with("sqlite_");
        if !is_ours(&self.tables) && self.tables.iter().any(foreign) {
            return Err(OpenError::Foreign(database()));
        }
        Ok(())
    }
}
