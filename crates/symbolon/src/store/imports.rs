//! Users who come from another program: who stands in their way, and the rest added.

use symbolon_rules::{
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
