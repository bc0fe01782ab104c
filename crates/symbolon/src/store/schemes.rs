//! Password hashes of other schemes than the current one: counted, and replaced.

use symbolon_rules::{id::UserId, password::PasswordHash};

use super::{
    Access, Operation, StoreError, Tx,
    sql::{Arg, Row, statements},
};

statements! {
    /// The epoch stays: the password is the same, and so are the sessions it began. Another one that
    /// was set meanwhile is not undone.
    RENEW_PASSWORD = "UPDATE users SET password_hash = $3, imported_scheme = $4 \
        WHERE id = $1 AND password_hash = $2";
    COUNT_IMPORTED = "SELECT imported_scheme, COUNT(*) FROM users \
        WHERE imported_scheme IS NOT NULL GROUP BY imported_scheme";
    COUNT_USERS = "SELECT COUNT(*) FROM users";
    IS_ANYBODY_THERE = "SELECT 1 FROM users LIMIT 1";
}

/// Replaces a hash by a better one of the same password.
pub(crate) struct RenewPassword {
    pub(crate) user: UserId,
    pub(crate) old: PasswordHash,
    pub(crate) new: PasswordHash,
}

impl Operation for RenewPassword {
    /// Whether the old one was still there.
    type Out = bool;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [
            Arg::Id(self.user.as_uuid()),
            Arg::Text(self.old.as_phc()),
            Arg::Text(self.new.as_phc()),
            Arg::MaybeText(self.new.scheme()),
        ];
        Ok(tx.execute(&RENEW_PASSWORD, &args).await? == 1)
    }
}

/// Counts users by what their hashes cost.
pub(crate) struct CountSchemes;

/// How many users have hashes of which scheme.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SchemeCounts {
    /// Those whose hash is of another scheme than the default one, as imported or made, by scheme.
    pub(crate) imported: Vec<(String, i64)>,
    /// All others. Where there are no schemes but theirs it only tells whether there is anybody: to count
    /// would be to read an index from end to end for nothing.
    pub(crate) others: i64,
}

impl Operation for CountSchemes {
    type Out = SchemeCounts;
    const ACCESS: Access = Access::Read;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let count = |row: &Row<'_>| Ok((row.text(0)?, row.int(1)?));
        let imported = tx.query(&COUNT_IMPORTED, &[], count).await?;
        if imported.is_empty() {
            let anybody = tx.query_opt(&IS_ANYBODY_THERE, &[], |_| Ok(())).await?;
            return Ok(SchemeCounts {
                others: i64::from(anybody.is_some()),
                imported,
            });
        }
        let all = tx.query_opt(&COUNT_USERS, &[], |row| row.int(0)).await?;
        let known: i64 = imported.iter().map(|(_, count)| count).sum();
        Ok(SchemeCounts {
            others: all.unwrap_or(0) - known,
            imported,
        })
    }
}
