//! One key-encryption key takes the place of another: every row is sealed anew in small steps, and then
//! the store is the new key's.
//!
//! Invariant: stopped at any step, the store opens with both keys; and it opens with the new one alone only
//! when it says that it is that one's. Steps may be repeated, and several nodes may take them at once.

use super::ring::{Opening, RingError};
use crate::store::{
    FindStale, FindStore, Instance, KeepCheck, MoveKek, Reseal, SealedKind, StoreError,
};

/// Rows a step: none waits long behind it.
const STEP: i64 = 100;

/// How far a turnover has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resealed {
    /// Rows that were sealed anew.
    pub(crate) rows: u64,
    /// Rows that neither key opens. Logins and tokens go away within a day.
    pub(crate) unreadable: u64,
    /// Whether the store is the first key's.
    pub(crate) is_done: bool,
}

/// Seals with the first key whatever another one has sealed, and makes the store its own.
pub(crate) async fn reseal(opening: &Opening<'_>) -> Result<Resealed, RingError> {
    let mut resealed = Resealed {
        rows: 0,
        unreadable: 0,
        is_done: false,
    };
    for kind in [SealedKind::Keys, SealedKind::Logins, SealedKind::Tokens] {
        reseal_rows(opening, kind, &mut resealed).await?;
    }
    resealed.is_done = take_over(opening).await?;
    Ok(resealed)
}

async fn reseal_rows(
    opening: &Opening<'_>,
    kind: SealedKind,
    resealed: &mut Resealed,
) -> Result<(), RingError> {
    let mut after = None;
    loop {
        let find = FindStale {
            kind,
            kek: opening.vault.first().id(),
            after,
            now: opening.now,
            limit: STEP,
        };
        let stale = opening.store.run(find).await?;
        let Some(last) = stale.last() else {
            return Ok(());
        };
        after = Some(last.name.clone());
        let found = stale.len();
        let rows: Vec<_> = stale
            .into_iter()
            .filter_map(|row| {
                let entropy = &mut opening.randomness.clone();
                let sealed = opening.vault.reseal(&row.name, &row.sealed, entropy);
                sealed.ok().map(|sealed| (row, sealed))
            })
            .collect();
        resealed.unreadable += u64::try_from(found - rows.len()).unwrap_or(u64::MAX);
        resealed.rows += opening.store.run(Reseal { rows }).await?;
    }
}

/// Whether the store is the first key's now.
async fn take_over(opening: &Opening<'_>) -> Result<bool, RingError> {
    let to = opening.vault.first().id();
    let check = opening.vault.check_value();
    let from = find(opening).await?.kek_id;
    if from == to {
        let keep = KeepCheck { kek: to, check };
        opening.store.run(keep).await?;
        return Ok(true);
    }
    let take = MoveKek {
        from,
        to: to.clone(),
        check,
        now: opening.now,
    };
    // Another node may have done it, or have sealed a row with the old key meanwhile.
    opening.store.run(take).await?;
    Ok(find(opening).await?.kek_id == to)
}

async fn find(opening: &Opening<'_>) -> Result<Instance, RingError> {
    let instance = opening.store.run(FindStore).await?;
    Ok(instance.ok_or(StoreError::Corrupt("symbolon_store"))?)
}

#[cfg(test)]
#[cfg(feature = "sqlite")]
mod tests;
