//! App sessions: what programs keep for their visitors, under the hash of a cookie.
//!
//! Invariant: a save changes a row that is still there and still counts, or nothing. Its first
//! statement locks the row and says so in its condition: two saves take turns, each working on what
//! the other left, and one that comes after the end finds no row and brings none back.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use symbolon_rules::{
    app_session::{AppSessionKey, Changes, Entries, Stored},
    id::SessionId,
};
use symbolon_token::Timestamp;

use super::{
    Access, Operation, StoreError, Tx,
    sql::{Arg, Row, statements},
};

statements! {
    BEGIN_APP_SESSION = "INSERT INTO app_sessions (id, origin, entries, sid, created_at, touched_at, expires_at) \
        VALUES ($1, $1, $2, $3, $4, $4, $5)";
    FIND_APP_SESSION = "SELECT entries, origin, created_at, touched_at FROM app_sessions \
        WHERE id = $1 AND expires_at > $2 AND (sid IS NULL OR EXISTS \
        (SELECT 1 FROM sessions JOIN users ON users.id = sessions.user_id \
        AND users.credential_epoch = sessions.credential_epoch \
        WHERE sessions.id = app_sessions.sid AND sessions.expires_at > $2 AND users.state = 'enabled'))";
    TOUCH_APP_SESSION = "UPDATE app_sessions SET touched_at = $2, expires_at = $3 \
        WHERE id = $1 AND expires_at > $2 RETURNING entries";
    SAVE_APP_SESSION = "UPDATE app_sessions SET entries = $2 WHERE id = $1";
    /// The row stays, so that whoever ends it meanwhile ends it under the new id. A sign-in that it
    /// hung on stays too, unless there is a newer one.
    RENEW_APP_SESSION = "UPDATE app_sessions SET id = $2, entries = $3, sid = COALESCE($4, sid) WHERE id = $1";
    DROP_EMPTIED = "DELETE FROM app_sessions WHERE id = $1";
    END_APP_SESSION = "DELETE FROM app_sessions WHERE origin = $1";
    SWEEP_APP_SESSIONS = "DELETE FROM app_sessions WHERE id IN \
        (SELECT id FROM app_sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
}

/// Where a session begins or goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewKey {
    pub(crate) key: AppSessionKey,
    /// The sign-in without which it doesn't count.
    pub(crate) sign_in: Option<SessionId>,
}

/// Begins an app session, in place of another where one is named.
pub(crate) struct BeginAppSession {
    pub(crate) new: NewKey,
    pub(crate) entries: Entries,
    pub(crate) now: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// The origin of that other.
    pub(crate) ends: Option<AppSessionKey>,
}

impl Operation for BeginAppSession {
    type Out = ();
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        if let Some(ends) = &self.ends {
            let args = [Arg::Bytes(ends.as_bytes())];
            tx.execute(&END_APP_SESSION, &args).await?;
        }
        let args = [
            Arg::Bytes(self.new.key.as_bytes()),
            Arg::Text(&to_json(&self.entries)?),
            Arg::MaybeId(self.new.sign_in.as_ref().map(SessionId::as_uuid)),
            Arg::Int(self.now.as_millis()),
            Arg::Int(self.expires_at.as_millis()),
        ];
        tx.execute(&BEGIN_APP_SESSION, &args).await?;
        Ok(())
    }
}

/// An app session that still counts.
pub(crate) struct FindAppSession {
    pub(crate) key: AppSessionKey,
    pub(crate) now: Timestamp,
}

impl Operation for FindAppSession {
    type Out = Option<Stored>;
    const ACCESS: Access = Access::Read;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [
            Arg::Bytes(self.key.as_bytes()),
            Arg::Int(self.now.as_millis()),
        ];
        let found = tx.query_opt(&FIND_APP_SESSION, &args, |row| {
            let origin = AppSessionKey::from_stored(&row.bytes(1)?);
            Ok((entries(row)?, origin, row.int(2)?, row.int(3)?))
        });
        let Some((entries, origin, created_at, touched_at)) = found.await? else {
            return Ok(None);
        };
        Ok(Some(Stored {
            key: self.key,
            origin: origin.ok_or(StoreError::Corrupt("app_sessions.origin"))?,
            entries,
            created_at: Timestamp::from_millis(created_at),
            touched_at: Timestamp::from_millis(touched_at),
        }))
    }
}

/// Makes changes to an app session, and moves it to a new key where one is named.
pub(crate) struct SaveAppSession {
    pub(crate) key: AppSessionKey,
    pub(crate) changes: Changes,
    pub(crate) now: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) renewal: Option<NewKey>,
}

/// What became of an app session to save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Saved {
    /// It holds the changes.
    Done,
    /// They took its last value, and it with that.
    Emptied,
    /// It had ended before.
    Gone,
    /// Others have filled it; nothing was changed.
    Full,
}

impl Operation for SaveAppSession {
    type Out = Saved;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let key = Arg::Bytes(self.key.as_bytes());
        let Some(mut entries) = touch(tx, self.key, self.now, self.expires_at).await? else {
            return Ok(Saved::Gone);
        };
        if entries.apply(&self.changes).is_err() {
            return Ok(Saved::Full);
        }
        if entries.is_empty() {
            tx.execute(&DROP_EMPTIED, &[key]).await?;
            return Ok(Saved::Emptied);
        }
        let json = to_json(&entries)?;
        let Some(new) = &self.renewal else {
            let args = [key, Arg::Text(&json)];
            tx.execute(&SAVE_APP_SESSION, &args).await?;
            return Ok(Saved::Done);
        };
        let args = [
            key,
            Arg::Bytes(new.key.as_bytes()),
            Arg::Text(&json),
            Arg::MaybeId(new.sign_in.as_ref().map(SessionId::as_uuid)),
        ];
        tx.execute(&RENEW_APP_SESSION, &args).await?;
        Ok(Saved::Done)
    }
}

/// Notes that an app session was used, if it still counts.
pub(crate) struct TouchAppSession {
    pub(crate) key: AppSessionKey,
    pub(crate) now: Timestamp,
    pub(crate) expires_at: Timestamp,
}

impl Operation for TouchAppSession {
    /// Whether it does.
    type Out = bool;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let touched = touch(tx, self.key, self.now, self.expires_at).await?;
        Ok(touched.is_some())
    }
}

async fn touch(
    tx: &mut Tx<'_>,
    key: AppSessionKey,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<Option<Entries>, StoreError> {
    let args = [
        Arg::Bytes(key.as_bytes()),
        Arg::Int(now.as_millis()),
        Arg::Int(expires_at.as_millis()),
    ];
    tx.query_opt(&TOUCH_APP_SESSION, &args, entries).await
}

/// Ends an app session under whatever id; one that isn't there has ended.
pub(crate) struct EndAppSession {
    pub(crate) origin: AppSessionKey,
}

impl Operation for EndAppSession {
    type Out = ();
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [Arg::Bytes(self.origin.as_bytes())];
        tx.execute(&END_APP_SESSION, &args).await?;
        Ok(())
    }
}

/// Removes some app sessions that are over, and tells how many.
pub(crate) struct SweepAppSessions {
    pub(crate) now: Timestamp,
    /// How many at the most.
    pub(crate) limit: i64,
}

impl Operation for SweepAppSessions {
    type Out = u64;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [Arg::Int(self.now.as_millis()), Arg::Int(self.limit)];
        tx.execute(&SWEEP_APP_SESSIONS, &args).await
    }
}

/// One object, the values as they were written: read into numbers of ours and written again they
/// could come out different.
fn to_json(entries: &Entries) -> Result<String, StoreError> {
    let no_json = |error: serde_json::Error| StoreError::Fault(error.to_string());
    let mut values = BTreeMap::new();
    for (key, json) in entries.iter() {
        values.insert(
            key,
            serde_json::from_str::<&RawValue>(json).map_err(no_json)?,
        );
    }
    serde_json::to_string(&values).map_err(no_json)
}

fn entries(row: &Row<'_>) -> Result<Entries, StoreError> {
    let json = row.text(0)?;
    let values: BTreeMap<String, &RawValue> =
        serde_json::from_str(&json).map_err(|_| StoreError::Corrupt("app_sessions.entries"))?;
    let values = values
        .into_iter()
        .map(|(key, value)| (key, value.get().to_owned()));
    Ok(Entries::from_stored(values.collect()))
}
