//! Which store this is, and whether the key-encryption keys at hand are its keys.
//!
//! Invariant: a key is made for an empty store only, and no store is opened by a key that isn't its own:
//! what would be sealed then, nobody could open again.

use symbolon_rules::{Entropy, id::StoreId};
use symbolon_token::Timestamp;

use super::StartError;
use crate::{
    Config, KeyEncryptionKey, OpenError,
    config::Maker,
    keys::{Opening, StoreContent, Vault, reseal},
    store::{FindStore, Instance, MakeStore, Store},
};

/// Finds out which store this is, or makes it one, and that a key at hand is its key.
///
/// Two nodes that start on an empty database both offer an identity; the row that is there first
/// holds, and the other node is told if its key is not the one.
pub(super) async fn identify(
    store: &Store,
    config: &Config,
    now: Timestamp,
    randomness: &mut impl Entropy,
) -> Result<Vault, StartError> {
    let content = match store.run(FindStore).await? {
        None => StoreContent::Empty,
        Some(_) => StoreContent::Keys,
    };
    let first = config.key_encryption_key.load(content, randomness)?;
    let previous = match &config.previous_key_encryption_key {
        Some(source) => Some(source.load_previous(randomness)?),
        None => None,
    };
    let id = StoreId::generate(now, randomness);
    let make = MakeStore {
        instance: Instance {
            id,
            maker: config.maker.as_str().to_owned(),
            kek_id: first.id(),
            kek_check: Some(first.check_value(id)),
        },
        now,
    };
    let instance = store.run(make).await?;
    if instance.maker != config.maker.as_str() {
        return Err(OpenError::OtherMaker {
            database: config.database.to_string(),
            maker: Maker::described(&instance.maker),
        }
        .into());
    }
    // A database that was lost begins like one that never was: whoever looks for their users sees this.
    if instance.id == id {
        tracing::info!(database = %config.database, "a new store was made");
    }
    let at_hand = [Some(&first), previous.as_ref()];
    if !at_hand
        .into_iter()
        .flatten()
        .any(|key| owns(key, &instance))
    {
        let held: Vec<_> = at_hand
            .into_iter()
            .flatten()
            .map(KeyEncryptionKey::id)
            .collect();
        return Err(StartError::KeyMismatch {
            held: held.join(" and "),
            wanted: instance.kek_id,
        });
    }
    Ok(Vault::new(first, previous, instance.id))
}

/// Whether a key is the one that the store is encrypted with.
fn owns(key: &KeyEncryptionKey, instance: &Instance) -> bool {
    let check = instance.kek_check.as_ref();
    key.id() == instance.kek_id && check.is_none_or(|check| *check == key.check_value(instance.id))
}

/// Where two keys are at hand, seals everything with the first one.
pub(super) async fn turn_over(opening: &Opening<'_>) -> Result<(), StartError> {
    if !opening.vault.is_turning_over() {
        return Ok(());
    }
    let resealed = reseal(opening).await?;
    let (rows, unreadable) = (resealed.rows, resealed.unreadable);
    if resealed.is_done {
        let key = opening.vault.first().id();
        tracing::info!(
            key,
            rows,
            "everything is encrypted with the key-encryption key"
        );
    } else {
        tracing::warn!(
            rows,
            unreadable,
            "some rows are another key-encryption key's still; keep the previous one until a start says \
             that everything is encrypted with the new one"
        );
    }
    Ok(())
}
