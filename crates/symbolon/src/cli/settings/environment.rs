//! `SYMBOLON_*`: every key of the file by its name in capitals, dots as underscores, over what the file says.
//!
//! A misspelt variable is refused like a misspelt key. Not ours are the names that Kubernetes gives every
//! container of a namespace with a service called `symbolon`, and those of this project's own tests. An empty
//! variable is none.

use std::ffi::OsString;

use super::{
    Entry, keys,
    problem::{Origin, Problem},
    table::KEYS,
    value::Value,
};
use crate::KeyEncryptionKey;

pub(super) type Variable = (OsString, OsString);

const PREFIX: &str = "SYMBOLON_";
/// The key itself, not a file that it is in.
pub(super) const KEY_ENCRYPTION_KEY: &str = "SYMBOLON_KEY_ENCRYPTION_KEY";
/// What variables are there besides the keys of the file, for docs/configuration.md too.
pub(super) const MORE: &[(&str, &str)] = &[
    (
        KEY_ENCRYPTION_KEY,
        "The key-encryption key itself, in place of a file: 64 hexadecimal digits, as `openssl rand -hex 32` \
         prints them. There is no key of the file for it: a configuration holds no secret.",
    ),
    (
        "SYMBOLON_LOG",
        "What is logged, finer than by `log.level`: a level, and others for parts of the program, as in \
         `info,symbolon=debug`.",
    ),
];

/// The name of a key's variable.
pub(super) fn variable(name: &str) -> String {
    format!("{PREFIX}{}", name.replace('.', "_").to_ascii_uppercase())
}

/// What the environment says, and what in it nobody knows.
pub(super) fn entries(variables: &[Variable]) -> (Vec<Entry>, Vec<Problem>) {
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    for (variable_name, value) in variables {
        let Some(variable_name) = variable_name.to_str().filter(|name| is_ours(name)) else {
            continue;
        };
        if value.is_empty() || MORE.iter().any(|(name, _)| *name == variable_name) {
            continue;
        }
        let origin = Origin::Variable(variable_name.to_owned());
        let Some(key) = KEYS.iter().find(|key| variable(key.name) == variable_name) else {
            let names: Vec<_> = KEYS.iter().map(|key| variable(key.name)).collect();
            let reason = keys::unknown(variable_name, names.iter().map(String::as_str));
            problems.push(Problem::with_value(&origin, variable_name, reason));
            continue;
        };
        let Some(value) = value.to_str() else {
            problems.push(Problem::with_value(&origin, key.name, "this is no UTF-8"));
            continue;
        };
        entries.push(Entry {
            name: key.name.to_owned(),
            origin,
            value: Value::Variable(value.to_owned()),
        });
    }
    (entries, problems)
}

fn is_ours(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(PREFIX) else {
        return false;
    };
    let foreign = ["TEST_", "SERVICE_", "PORT_"];
    rest != "PORT" && !foreign.iter().any(|prefix| rest.starts_with(prefix))
}

/// A key that stands in a variable.
pub(super) fn secret(
    variables: &[Variable],
    name: &str,
) -> Option<Result<KeyEncryptionKey, Problem>> {
    let (_, value) = variables
        .iter()
        .find(|(variable, value)| variable == name && !value.is_empty())?;
    let key = KeyEncryptionKey::parse(value.to_str().unwrap_or_default());
    Some(
        key.map_err(|reason| Problem::with_value(&Origin::Variable(name.to_owned()), name, reason)),
    )
}
