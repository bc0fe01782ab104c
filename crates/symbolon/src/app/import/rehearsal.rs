//! An import that writes nothing: what would become of each row.

use std::collections::{HashMap, HashSet};

use symbolon_rules::{login::PasswordOutcome, user::Username};

use super::{Candidate, Imported, OldUser, Reason, Row, judge_rows};
use crate::{
    DatabaseUrl, OpenError, StoreOptions,
    app::AppError,
    config::Maker,
    passwords::{Against, PasswordHasher, Recognised},
    store::Store,
};

/// Imports into a store that is only read, and remembers what it would have added.
pub(crate) struct Rehearsal {
    /// `None`: there is no store yet, and nobody in it.
    store: Option<Store>,
    passwords: PasswordHasher,
    added: HashMap<Username, Candidate>,
    ids: HashSet<String>,
}

impl Rehearsal {
    /// Opens what there is, without making or changing anything.
    pub(crate) async fn open(database: &DatabaseUrl) -> Result<Self, OpenError> {
        let options = StoreOptions::default();
        Ok(Self {
            store: Store::open_read_only(database, options, Maker::Engine).await?,
            passwords: PasswordHasher::standard(),
            added: HashMap::new(),
            ids: HashSet::new(),
        })
    }

    /// Tells what would become of some users.
    pub(crate) async fn import(&mut self, users: Vec<OldUser>) -> Result<Vec<Imported>, AppError> {
        let mut rows: Vec<_> = users.into_iter().map(Row::check).collect();
        if let Some(store) = &self.store {
            judge_rows(store, &self.passwords, &mut rows).await?;
        }
        let mut imported = Vec::with_capacity(rows.len());
        for row in rows {
            imported.push(match row {
                Row::New(candidate) => self.add(candidate).await?,
                Row::Done(imported) => imported,
            });
        }
        Ok(imported)
    }

    async fn add(&mut self, candidate: Candidate) -> Result<Imported, AppError> {
        let id = &candidate.external_id;
        if let Some(before) = self.added.get(&candidate.username) {
            let is_there = match id {
                Some(_) => before.external_id == *id,
                None => self.is_same(&candidate.password, &before.password).await?,
            };
            return Ok(if is_there {
                Imported::There
            } else {
                Imported::Bad(Reason::NameTaken)
            });
        }
        if let Some(id) = id
            && !self.ids.insert(id.clone())
        {
            return Ok(Imported::Bad(Reason::IdTaken));
        }
        let kind = candidate.kind();
        self.added.insert(candidate.username.clone(), candidate);
        Ok(Imported::Added(kind))
    }

    /// What [`has_password`](super::has_password) would find once the former were stored.
    async fn is_same(&self, row: &Recognised, before: &Recognised) -> Result<bool, AppError> {
        Ok(match (row, before) {
            (Recognised::Unset, Recognised::Unset) => true,
            (Recognised::Hash(row, _), Recognised::Hash(before, _)) => row == before,
            (Recognised::Plain(row), Recognised::Plain(before)) => {
                row.as_bytes() == before.as_bytes()
            }
            (Recognised::Plain(row), Recognised::Hash(before, _)) => {
                let outcome = self.passwords.verify(row, Against::Hash(before.clone()));
                matches!(outcome.await?, PasswordOutcome::Matched(_))
            }
            _ => false,
        })
    }

    /// Closes the store.
    pub(crate) async fn close(&self) {
        if let Some(store) = &self.store {
            store.close().await;
        }
    }
}
