//! What is kept encrypted, and sealing it anew when the key-encryption key turns over.
//!
//! Invariant: a row is sealed anew only if it is what it was when it was read, so one that changed
//! meanwhile loses nothing; and the store belongs to the new key only when no row is another key's,
//! which one statement says.

use symbolon_token::Timestamp;
use uuid::Uuid;

use super::{
    Access, Operation, StoreError, Tx,
    sql::{Arg, Row, Statement, statements},
};

statements! {
    STALE_KEYS = "SELECT sealed, kek_id, kid, algorithm FROM signing_keys \
        WHERE revoked_at IS NULL AND COALESCE(kek_id, '') <> $1 AND kid > $2 ORDER BY kid LIMIT $3";
    STALE_LOGINS = "SELECT sealed, kek_id, id FROM upstream_logins \
        WHERE COALESCE(kek_id, '') <> $1 AND id > $2 AND expires_at > $4 ORDER BY id LIMIT $3";
    STALE_TOKENS = "SELECT sealed, kek_id, id FROM upstream_tokens \
        WHERE COALESCE(kek_id, '') <> $1 AND id > $2 AND expires_at > $4 ORDER BY id LIMIT $3";
    RESEAL_KEY = "UPDATE signing_keys SET sealed = $3, kek_id = $4 WHERE kid = $1 AND sealed = $2";
    RESEAL_LOGIN = "UPDATE upstream_logins SET sealed = $3, kek_id = $4 WHERE id = $1 AND sealed = $2";
    RESEAL_TOKENS = "UPDATE upstream_tokens SET sealed = $3, kek_id = $4 WHERE id = $1 AND sealed = $2";
    MOVE_KEK = "UPDATE symbolon_store SET kek_id = $2, kek_check = $3 WHERE one = 1 AND kek_id = $1 \
        AND NOT EXISTS (SELECT 1 FROM signing_keys \
            WHERE revoked_at IS NULL AND COALESCE(kek_id, '') <> $2) \
        AND NOT EXISTS (SELECT 1 FROM upstream_logins \
            WHERE expires_at > $4 AND COALESCE(kek_id, '') <> $2) \
        AND NOT EXISTS (SELECT 1 FROM upstream_tokens \
            WHERE expires_at > $4 AND COALESCE(kek_id, '') <> $2)";
    #[cfg(test)]
    PUT_LOGIN = "INSERT INTO upstream_logins (id, browser, sealed, kek_id, expires_at) \
        VALUES ($1, $1, $2, $3, $4)";
    KEEP_CHECK = "UPDATE symbolon_store SET kek_check = $2 \
        WHERE one = 1 AND kek_id = $1 AND kek_check IS NULL";
}

/// Something encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub(crate) bytes: Vec<u8>,
    /// The name of the key-encryption key that did it; unknown for rows of older versions.
    pub(crate) kek: Option<String>,
}

/// What kind of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SealedKind {
    /// Private keys and shared secrets.
    Keys,
    /// Logins with a provider, under way.
    Logins,
    /// A provider's tokens.
    Tokens,
}

/// A row's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SealedName {
    Key { kid: String, algorithm: String },
    Login(Vec<u8>),
    Tokens(Uuid),
}

/// A row that another key has sealed.
#[derive(Clone, Debug)]
pub(crate) struct StaleRow {
    pub(crate) name: SealedName,
    pub(crate) sealed: Sealed,
}

/// Some rows that aren't sealed by this key, in the order of their names.
pub(crate) struct FindStale {
    pub(crate) kind: SealedKind,
    pub(crate) kek: String,
    /// Only rows after this one.
    pub(crate) after: Option<SealedName>,
    pub(crate) now: Timestamp,
    /// How many at the most.
    pub(crate) limit: i64,
}

impl Operation for FindStale {
    type Out = Vec<StaleRow>;
    const ACCESS: Access = Access::Read;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let (kek, limit) = (Arg::Text(&self.kek), Arg::Int(self.limit));
        let now = Arg::Int(self.now.as_millis());
        match self.kind {
            SealedKind::Keys => {
                let after = match &self.after {
                    Some(SealedName::Key { kid, .. }) => kid.as_str(),
                    _ => "",
                };
                let args = [kek, Arg::Text(after), limit];
                tx.query(&STALE_KEYS, &args, stale_key).await
            }
            SealedKind::Logins => {
                let after = match &self.after {
                    Some(SealedName::Login(id)) => id.as_slice(),
                    _ => &[],
                };
                let args = [kek, Arg::Bytes(after), limit, now];
                tx.query(&STALE_LOGINS, &args, stale_login).await
            }
            SealedKind::Tokens => {
                let after = match &self.after {
                    Some(SealedName::Tokens(id)) => *id,
                    _ => Uuid::nil(),
                };
                let args = [kek, Arg::Id(&after), limit, now];
                tx.query(&STALE_TOKENS, &args, stale_tokens).await
            }
        }
    }
}

fn sealed(row: &Row<'_>) -> Result<Sealed, StoreError> {
    Ok(Sealed {
        bytes: row.bytes(0)?,
        kek: row.maybe_text(1)?,
    })
}

fn stale_key(row: &Row<'_>) -> Result<StaleRow, StoreError> {
    Ok(StaleRow {
        name: SealedName::Key {
            kid: row.text(2)?,
            algorithm: row.text(3)?,
        },
        sealed: sealed(row)?,
    })
}

fn stale_login(row: &Row<'_>) -> Result<StaleRow, StoreError> {
    Ok(StaleRow {
        name: SealedName::Login(row.bytes(2)?),
        sealed: sealed(row)?,
    })
}

fn stale_tokens(row: &Row<'_>) -> Result<StaleRow, StoreError> {
    Ok(StaleRow {
        name: SealedName::Tokens(row.uuid(2)?),
        sealed: sealed(row)?,
    })
}

/// Keeps a login under way that a test has sealed.
#[cfg(test)]
pub(crate) async fn put_login(
    tx: &mut Tx<'_>,
    id: &[u8],
    sealed: &Sealed,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let args = [
        Arg::Bytes(id),
        Arg::Bytes(&sealed.bytes),
        Arg::MaybeText(sealed.kek.as_deref()),
        Arg::Int(expires_at.as_millis()),
    ];
    tx.execute(&PUT_LOGIN, &args).await?;
    Ok(())
}

/// Puts what was sealed anew in place of what was read.
pub(crate) struct Reseal {
    /// What was read, and what it becomes.
    pub(crate) rows: Vec<(StaleRow, Sealed)>,
}

impl Operation for Reseal {
    /// How many were still what they were.
    type Out = u64;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let mut changed = 0;
        for (row, new) in &self.rows {
            let (statement, name): (&Statement, _) = match &row.name {
                SealedName::Key { kid, .. } => (&RESEAL_KEY, Arg::Text(kid)),
                SealedName::Login(id) => (&RESEAL_LOGIN, Arg::Bytes(id)),
                SealedName::Tokens(id) => (&RESEAL_TOKENS, Arg::Id(id)),
            };
            let args = [
                name,
                Arg::Bytes(&row.sealed.bytes),
                Arg::Bytes(&new.bytes),
                Arg::MaybeText(new.kek.as_deref()),
            ];
            changed += tx.execute(statement, &args).await?;
        }
        Ok(changed)
    }
}

/// Says that the store belongs to another key-encryption key, if every row does.
pub(crate) struct MoveKek {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) check: Vec<u8>,
    pub(crate) now: Timestamp,
}

impl Operation for MoveKek {
    type Out = bool;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [
            Arg::Text(&self.from),
            Arg::Text(&self.to),
            Arg::Bytes(&self.check),
            Arg::Int(self.now.as_millis()),
        ];
        Ok(tx.execute(&MOVE_KEK, &args).await? == 1)
    }
}

/// Keeps the check value of a store that an older version made.
pub(crate) struct KeepCheck {
    pub(crate) kek: String,
    pub(crate) check: Vec<u8>,
}

impl Operation for KeepCheck {
    type Out = ();
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [Arg::Text(&self.kek), Arg::Bytes(&self.check)];
        tx.execute(&KEEP_CHECK, &args).await?;
        Ok(())
    }
}
