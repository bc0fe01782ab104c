//! Fixed keys that the embedding server swaps.

use symbolon_guard::{
    Outcome, ReplaceKeysError,
    token::{Algorithm, KeySet, SigningKey},
};

use crate::support::{ISSUER, Mint, NOW, bearer};

#[test]
fn replaced_keys_count_at_once_and_for_every_clone() {
    let (old, new) = (Mint::named("1", ISSUER), Mint::named("2", ISSUER));
    let (guard, _) = old.guard();
    let clone = guard.clone();
    let valid = |token: &str| matches!(clone.check(&bearer(token), NOW), Outcome::Valid(_));
    assert!(valid(&old.token()) && !valid(&new.token()));

    let both = [old.key.verifying_key(), new.key.verifying_key()];
    guard.replace_keys(KeySet::new(both).unwrap()).unwrap();
    assert!(valid(&old.token()) && valid(&new.token()));

    guard.replace_keys(new.key_set()).unwrap();
    assert!(!valid(&old.token()) && valid(&new.token()));
}

#[test]
fn t1_a_key_outside_the_policy_replaces_nothing() {
    let mint = Mint::new();
    let (guard, _) = mint.guard();
    let other = SigningKey::generate(Algorithm::ES256).unwrap();
    let error = guard
        .replace_keys(KeySet::new([other.verifying_key()]).unwrap())
        .unwrap_err();
    assert!(matches!(error, ReplaceKeysError::Keys(_)), "{error}");
    assert!(matches!(
        guard.check(&bearer(&mint.token()), NOW),
        Outcome::Valid(_)
    ));
}
