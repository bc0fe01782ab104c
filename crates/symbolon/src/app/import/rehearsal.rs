//! An import that writes nothing: what would become of each row.

use std::collections::{HashMap, HashSet};

use symbolon_rules::user::Username;

use super::{Imported, OldUser, Reason, Row, judge_rows};
use crate::{
    DatabaseUrl, OpenError, Randomness, StoreOptions, app::AppError, config::Maker,
    passwords::PasswordHasher, store::Store,
};

/// Imports into a store that is only read, and remembers what it would have added.
#[derive(Debug)]
pub(crate) struct Rehearsal {
    /// `None`: there is no store yet, and nobody in it.
    store: Option<Store>,
    passwords: PasswordHasher,
    /// Names and the old ids that came with them.
    names: HashMap<Username, Option<String>>,
    ids: HashSet<String>,
}

impl Rehearsal {
    /// Opens what there is, without making or changing anything.
    pub(crate) async fn open(database: &DatabaseUrl) -> Result<Self, OpenError> {
        let options = StoreOptions::default();
        Ok(Self {
            store: Store::open_read_only(database, options, Maker::Engine).await?,
            passwords: PasswordHasher::new(Randomness::system()),
            names: HashMap::new(),
            ids: HashSet::new(),
        })
    }

    /// Tells what would become of some users.
    pub(crate) async fn import(&mut self, users: Vec<OldUser>) -> Result<Vec<Imported>, AppError> {
        let mut rows: Vec<_> = users.into_iter().map(Row::check).collect();
        if let Some(store) = &self.store {
            judge_rows(store, &self.passwords, &mut rows).await?;
        }
        Ok(rows.into_iter().map(|row| self.add(row)).collect())
    }

    fn add(&mut self, row: Row) -> Imported {
        let candidate = match row {
            Row::New(candidate) => candidate,
            Row::Done(imported) => return imported,
        };
        let id = &candidate.external_id;
        match self.names.get(&candidate.username) {
            Some(before) if before == id && id.is_some() => return Imported::There,
            Some(_) => return Imported::Bad(Reason::NameTaken),
            None => {}
        }
        if let Some(id) = id
            && !self.ids.insert(id.clone())
        {
            return Imported::Bad(Reason::IdTaken);
        }
        let kind = candidate.kind();
        self.names.insert(candidate.username, candidate.external_id);
        Imported::Added(kind)
    }

    /// Closes the store.
    pub(crate) async fn close(&self) {
        if let Some(store) = &self.store {
            store.close().await;
        }
    }
}
