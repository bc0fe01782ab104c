//! Importing users from another program's table.
//!
//! Invariant: an import changes nobody who is there, so it may be cut off anywhere and begun again
//! from the start: what was added is found, and the rest is added.

mod rehearsal;

use std::sync::Arc;

use symbolon_rules::{
    id::UserId,
    import::{EXTERNAL_ID_MAX_BYTES, Namesake, Verdict, judge},
    login::PasswordOutcome,
    password::PasswordHash,
    permission::Role,
    user::{UserState, Username, UsernameError},
};
use zeroize::Zeroizing;

pub(crate) use self::rehearsal::Rehearsal;
use super::{App, AppError};
use crate::{
    passwords::{Against, PasswordHasher, Recognised, Scheme, Unrecognised, recognise},
    store::{FindNamesakes, ImportUsers, NewImport, NewUser, Store},
};

/// A user as another program's table has them.
pub(crate) struct OldUser {
    pub(crate) username: String,
    /// A hash or a password in clear.
    pub(crate) password: Option<Zeroizing<String>>,
    pub(crate) state: UserState,
    pub(crate) external_id: Option<String>,
    pub(crate) roles: Vec<Role>,
}

/// What became of a row.
#[derive(Debug)]
pub(crate) enum Imported {
    /// The user was added.
    Added(Kind),
    /// They had been added before.
    There,
    /// The row was left out.
    Bad(Reason),
}

/// What an added user signs in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The password whose hash the table held.
    Hash,
    /// The password that the table held in clear.
    Plain,
    /// No password.
    Unset,
}

/// Why a row is left out. Says nothing of what stood in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Reason {
    #[error("this can't be a username: {0}")]
    Username(UsernameError),
    #[error("{0}")]
    Password(Unrecognised),
    #[error("the id is longer than 255 bytes")]
    IdTooLong,
    #[error("another user has this name, perhaps in another spelling")]
    NameTaken,
    #[error("another user has this id")]
    IdTaken,
}

/// A row that can be imported, if nobody stands in its way.
struct Candidate {
    username: Username,
    password: Recognised,
    state: UserState,
    external_id: Option<String>,
    roles: Vec<Role>,
}

impl TryFrom<OldUser> for Candidate {
    type Error = Reason;

    fn try_from(old: OldUser) -> Result<Self, Reason> {
        let external_id = old.external_id.filter(|id| !id.is_empty());
        if external_id
            .as_ref()
            .is_some_and(|id| id.len() > EXTERNAL_ID_MAX_BYTES)
        {
            return Err(Reason::IdTooLong);
        }
        let password = old.password.as_ref().map_or("", |password| password);
        Ok(Self {
            username: Username::parse(&old.username).map_err(Reason::Username)?,
            password: recognise(password).map_err(Reason::Password)?,
            state: old.state,
            external_id,
            roles: old.roles,
        })
    }
}

impl Candidate {
    fn kind(&self) -> Kind {
        match self.password {
            Recognised::Hash(..) => Kind::Hash,
            Recognised::Plain(_) => Kind::Plain,
            Recognised::Unset => Kind::Unset,
        }
    }
}

impl App {
    /// Adds some users, all at once, and tells what became of each.
    pub(crate) async fn import(&self, users: Vec<OldUser>) -> Result<Vec<Imported>, AppError> {
        let mut rows: Vec<_> = users.into_iter().map(Row::check).collect();
        // Before anything is hashed: beginning again costs no hash for those who are there.
        judge_rows(&self.store, &self.passwords, &mut rows).await?;

        let now = self.clock.now();
        let mut imports = Vec::new();
        let new: Vec<_> = (0..rows.len()).filter(|at| rows[*at].is_new()).collect();
        for at in &new {
            let Row::New(candidate) = &rows[*at] else {
                continue;
            };
            let (password_hash, imported_scheme) = self.hash_of(&candidate.password).await?;
            imports.push(NewImport {
                user: NewUser {
                    id: UserId::generate(now, &mut self.randomness.clone()),
                    username: candidate.username.clone(),
                    password_hash,
                    roles: candidate.roles.clone(),
                    created_at: now,
                },
                state: candidate.state,
                external_id: candidate.external_id.clone(),
                imported_scheme,
            });
        }
        let added = self.store.run(ImportUsers { users: imports }).await?;
        for (at, added) in new.into_iter().zip(added) {
            if added && let Row::New(candidate) = &rows[at] {
                rows[at] = Row::Done(Imported::Added(candidate.kind()));
            }
        }
        // Who was in the way of the rest came since, from this very batch or from elsewhere.
        judge_rows(&self.store, &self.passwords, &mut rows).await?;
        Ok(rows.into_iter().map(Row::done).collect())
    }

    async fn hash_of(
        &self,
        password: &Recognised,
    ) -> Result<(Option<PasswordHash>, Option<String>), AppError> {
        Ok(match password {
            Recognised::Unset => (None, None),
            Recognised::Hash(hash, scheme) => {
                let label = scheme.as_ref().map(Scheme::label).transpose()?;
                (Some(hash.clone()), label)
            }
            Recognised::Plain(plain) => {
                let hash = self.passwords.hash(Arc::clone(plain)).await?;
                let label = hash.scheme().map(str::to_owned);
                (Some(hash), label)
            }
        })
    }
}

/// A row on its way.
enum Row {
    New(Candidate),
    Done(Imported),
}

impl Row {
    fn check(old: OldUser) -> Self {
        match Candidate::try_from(old) {
            Ok(candidate) => Self::New(candidate),
            Err(reason) => Self::Done(Imported::Bad(reason)),
        }
    }

    fn is_new(&self) -> bool {
        matches!(self, Self::New(_))
    }

    fn done(self) -> Imported {
        match self {
            Self::Done(imported) => imported,
            // Somebody was in its way and has gone since; the next run adds it.
            Self::New(_) => Imported::Bad(Reason::NameTaken),
        }
    }
}

/// Asks the store who stands in the way of new rows, and settles those where somebody does.
async fn judge_rows(
    store: &Store,
    passwords: &PasswordHasher,
    rows: &mut [Row],
) -> Result<(), AppError> {
    let keys = rows.iter().filter_map(|row| match row {
        Row::New(candidate) => Some((candidate.username.clone(), candidate.external_id.clone())),
        Row::Done(_) => None,
    });
    let find = FindNamesakes {
        rows: keys.collect(),
    };
    if find.rows.is_empty() {
        return Ok(());
    }
    let found = store.run(find).await?;
    let new = rows.iter_mut().filter(|row| row.is_new());
    for (row, found) in new.zip(found) {
        let Row::New(candidate) = row else { continue };
        let verdict = judge(
            &candidate.username,
            candidate.external_id.as_deref(),
            &found,
        );
        let imported = match verdict {
            Verdict::New => continue,
            Verdict::There => Imported::There,
            Verdict::Like(namesake) if has_password(passwords, candidate, namesake).await? => {
                Imported::There
            }
            Verdict::Like(_) | Verdict::NameTaken => Imported::Bad(Reason::NameTaken),
            Verdict::IdTaken => Imported::Bad(Reason::IdTaken),
        };
        *row = Row::Done(imported);
    }
    Ok(())
}

/// Whether a user without an old id has the row's password: then they came from it.
async fn has_password(
    passwords: &PasswordHasher,
    candidate: &Candidate,
    namesake: &Namesake,
) -> Result<bool, AppError> {
    Ok(match (&candidate.password, &namesake.password_hash) {
        (Recognised::Unset, None) => true,
        (Recognised::Hash(hash, _), Some(stored)) => hash == stored,
        (Recognised::Plain(plain), Some(stored)) => {
            let outcome = passwords.verify(plain, Against::Hash(stored.clone()));
            matches!(outcome.await?, PasswordOutcome::Matched(_))
        }
        _ => false,
    })
}
