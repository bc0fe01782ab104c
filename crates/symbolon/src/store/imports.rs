//! Users who come from another program, and their hashes until the first login replaces them.

use symbolon_rules::{
    id::UserId,
    import::Namesake,
    password::PasswordHash,
    user::{UserState, Username},
};

use super::{
    Access, NewUser, Operation, StoreError, Tx,
    sql::{Arg, Row, statements},
    users::{grant_roles, state_word},
};

statements! {
    /// Two rows at the most: the name and the id may belong to two users.
    FIND_NAMESAKES = "SELECT username, external_id, password_hash FROM users \
        WHERE username = $1 OR external_id = $2";
    /// A user who is there is left alone, whether it is the name or the id that is theirs.
    IMPORT_USER = "INSERT INTO users \
        (id, username, password_hash, state, credential_epoch, created_at, external_id, imported_scheme) \
        VALUES ($1, $2, $3, $4, 0, $5, $6, $7) ON CONFLICT DO NOTHING";
    /// The epoch stays: the password is the same, and so are the sessions it began. Another one that
    /// was set meanwhile is not undone.
    RENEW_PASSWORD = "UPDATE users SET password_hash = $3, imported_scheme = NULL \
        WHERE id = $1 AND password_hash = $2";
    COUNT_IMPORTED = "SELECT imported_scheme, COUNT(*) FROM users \
        WHERE imported_scheme IS NOT NULL GROUP BY imported_scheme";
    COUNT_USERS = "SELECT COUNT(*) FROM users";
}

/// A user to import.
#[derive(Clone)]
pub(crate) struct NewImport {
    pub(crate) user: NewUser,
    pub(crate) state: UserState,
    pub(crate) external_id: Option<String>,
    /// What their hash costs, where that isn't what a new one does.
    pub(crate) imported_scheme: Option<String>,
}

/// Who has the names and old ids of some rows.
pub(crate) struct FindNamesakes {
    pub(crate) rows: Vec<(Username, Option<String>)>,
}

impl Operation for FindNamesakes {
    /// For each row, in their order.
    type Out = Vec<Vec<Namesake>>;
    const ACCESS: Access = Access::Read;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let mut found = Vec::with_capacity(self.rows.len());
        for (username, external_id) in &self.rows {
            let args = [
                Arg::Text(username.as_str()),
                Arg::MaybeText(external_id.as_deref()),
            ];
            found.push(tx.query(&FIND_NAMESAKES, &args, namesake).await?);
        }
        Ok(found)
    }
}

fn namesake(row: &Row<'_>) -> Result<Namesake, StoreError> {
    Ok(Namesake {
        username: Username::from_stored(row.text(0)?),
        external_id: row.maybe_text(1)?,
        password_hash: row.maybe_text(2)?.map(PasswordHash::from_phc),
    })
}

/// Adds users, all in one transaction, but for those whose name or id somebody has.
pub(crate) struct ImportUsers {
    pub(crate) users: Vec<NewImport>,
}

impl Operation for ImportUsers {
    /// Whether each was added, in their order.
    type Out = Vec<bool>;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let mut added = Vec::with_capacity(self.users.len());
        for import in &self.users {
            let user = &import.user;
            let hash = user.password_hash.as_ref().map(PasswordHash::as_phc);
            let args = [
                Arg::Id(user.id.as_uuid()),
                Arg::Text(user.username.as_str()),
                Arg::MaybeText(hash),
                Arg::Text(state_word(import.state)),
                Arg::Int(user.created_at.as_millis()),
                Arg::MaybeText(import.external_id.as_deref()),
                Arg::MaybeText(import.imported_scheme.as_deref()),
            ];
            let is_new = tx.execute(&IMPORT_USER, &args).await? == 1;
            if is_new {
                grant_roles(tx, user.id, &user.roles).await?;
            }
            added.push(is_new);
        }
        Ok(added)
    }
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
        ];
        Ok(tx.execute(&RENEW_PASSWORD, &args).await? == 1)
    }
}

/// Counts users by what their hashes cost.
pub(crate) struct CountSchemes;

/// How many users have hashes of which scheme.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SchemeCounts {
    /// Those whose hash is as imported, by scheme.
    pub(crate) imported: Vec<(String, i64)>,
    /// All others. Not counted where nobody has an imported hash: that would read an index from end
    /// to end for nothing.
    pub(crate) others: i64,
}

impl Operation for CountSchemes {
    type Out = SchemeCounts;
    const ACCESS: Access = Access::Read;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let count = |row: &Row<'_>| Ok((row.text(0)?, row.int(1)?));
        let imported = tx.query(&COUNT_IMPORTED, &[], count).await?;
        if imported.is_empty() {
            return Ok(SchemeCounts::default());
        }
        let all = tx.query_opt(&COUNT_USERS, &[], |row| row.int(0)).await?;
        let known: i64 = imported.iter().map(|(_, count)| count).sum();
        Ok(SchemeCounts {
            others: all.unwrap_or(0) - known,
            imported,
        })
    }
}
