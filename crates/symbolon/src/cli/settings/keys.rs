//! Which keys there are.
//!
//! The table is in the order of docs/configuration.md. A default is written as it would stand in the file; a
//! test sets each key to it and finds the settings unchanged.

use std::{path::PathBuf, time::Duration};

use super::{Entry, Settings, problem::Problem, secrets, value::Value};
use crate::DatabaseUrl;

/// A key of the file.
pub(super) struct Key {
    /// With the table it is in, as in `limits.connections`.
    pub(super) name: &'static str,
    pub(super) set: Set,
    /// As it would stand in the file; empty where there is none.
    pub(super) default: &'static str,
    /// What it does, in Markdown.
    pub(super) text: &'static str,
    pub(super) first: First,
}

/// Whether a key stands in the file that `symbolon init` writes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    /// As a comment, with its default.
    Shown,
    /// Only in docs/configuration.md.
    Left,
}

/// What kind of value a key has, and where it goes.
#[derive(Clone, Copy)]
pub(super) enum Set {
    Text(fn(&mut Settings, &str) -> Result<(), String>),
    List(fn(&mut Settings, Vec<String>) -> Result<(), String>),
    Count(fn(&mut Settings, u64) -> Result<(), String>),
    Time(fn(&mut Settings) -> &mut Duration),
    #[expect(dead_code, reason = "the hashing pool has sizes")]
    Size(fn(&mut Settings, u64) -> Result<(), String>),
}

impl Set {
    #[cfg(test)]
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::List(_) => "list of texts",
            Self::Count(_) => "whole number",
            Self::Time(_) => "time",
            Self::Size(_) => "size",
        }
    }

    fn to(self, settings: &mut Settings, value: &Value) -> Result<(), String> {
        match self {
            Self::Text(set) => set(settings, value.text()?),
            Self::List(set) => set(settings, value.list()?),
            Self::Count(set) => set(settings, value.count()?),
            Self::Size(set) => set(settings, value.size()?),
            Self::Time(place) => {
                *place(settings) = value.duration()?;
                Ok(())
            }
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    Key {
        name: "issuer",
        set: Set::Text(|settings, text| {
            crate::config::check_issuer(text).map_err(|error| error.to_string())?;
            settings.issuer = Some(text.to_owned());
            Ok(())
        }),
        default: "",
        text: "The URL that people and verifiers know this server by: the `iss` of every token. https, \
               or http on a loopback address. It is never guessed from a request, and changing it makes \
               every token invalid that is under way.",
        first: First::Left,
    },
    Key {
        name: "listen",
        set: Set::Text(|settings, text| {
            settings.listen = text.parse().map_err(|_| {
                format!("{text:?} is no address with a port, as in \"127.0.0.1:8080\"")
            })?;
            Ok(())
        }),
        default: "\"127.0.0.1:8080\"",
        text: "Where to listen. Port 0 takes a free one.",
        first: First::Left,
    },
    Key {
        name: "data",
        set: Set::Text(|settings, text| {
            settings.data = path(text)?;
            Ok(())
        }),
        default: "\"data\"",
        text: "The folder for everything that stays: the database, its key-encryption key, the socket of \
               the command line. Made for its owner alone; one that others can read or write is refused. \
               Like every path here it is relative to the folder of this file.",
        first: First::Shown,
    },
    Key {
        name: "database",
        set: Set::Text(|settings, text| {
            let url: DatabaseUrl = text
                .parse()
                .map_err(|error: crate::OpenError| error.to_string())?;
            secrets::check_password(&url)?;
            settings.database = Some(url);
            Ok(())
        }),
        default: "",
        text: "Where users, sessions and keys are: a SQLite file, by default `symbolon.db` in the data \
               folder, or `postgres://USER:PASSWORD@HOST/NAME`, which many servers can share.",
        first: First::Shown,
    },
    Key {
        name: "database_connections",
        set: Set::Count(|settings, number| {
            settings.database_options.connections = within(number, 1, 1_000)?;
            Ok(())
        }),
        default: "8",
        text: "Connections to PostgreSQL, or reading connections to SQLite, at the most.",
        first: First::Left,
    },
    Key {
        name: "database_deadline",
        set: Set::Time(|settings| &mut settings.database_options.deadline),
        default: "\"5s\"",
        text: "How long an operation of the database may take before its request is answered 503.",
        first: First::Left,
    },
    Key {
        name: "key_encryption_key_file",
        set: Set::Text(|settings, text| {
            settings.key_encryption_key_file = Some(path(text)?);
            Ok(())
        }),
        default: "",
        text: "The file with the key that the private signing keys are encrypted with, by default \
               `symbolon.key` in the data folder. Made where the database is new; every server of one \
               database needs the same. Only its owner may read it.",
        first: First::Shown,
    },
    Key {
        name: "access_token_lifetime",
        set: Set::Time(|settings| &mut settings.access_token_lifetime),
        default: "\"10m\"",
        text: "How long access tokens are good for: a day at the most. A service that only checks \
               signatures goes on accepting a token for so long after a logout.",
        first: First::Shown,
    },
    Key {
        name: "login_scopes",
        set: Set::List(|settings, scopes| {
            settings.login_scopes = scopes;
            Ok(())
        }),
        default: "[]",
        text: "The scopes that the tokens of a login carry; names of your own.",
        first: First::Left,
    },
    Key {
        name: "external_id_claim",
        set: Set::Text(|settings, text| {
            settings.external_id_claim = Some(text.to_owned());
            Ok(())
        }),
        default: "",
        text: "The claim for the id that an imported user had in the program they came from: `user_id`, \
               say.",
        first: First::Left,
    },
];

/// Puts what was read where it belongs.
pub(super) fn apply(settings: &mut Settings, entries: Vec<Entry>, problems: &mut Vec<Problem>) {
    for entry in entries {
        let result = match KEYS.iter().find(|key| key.name == entry.name) {
            Some(key) => key.set.to(settings, &entry.value),
            None => Err(unknown(&entry.name, KEYS.iter().map(|key| key.name))),
        };
        if let Err(reason) = result {
            problems.push(Problem::with_value(&entry.origin, &entry.name, reason));
        }
    }
}

/// That nobody knows a name, and which one may have been meant.
pub(super) fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let nearest = known
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .min()
        .filter(|(distance, known)| *distance <= 3.min(known.len() / 2));
    nearest.map_or_else(
        || "there is no such key; docs/configuration.md lists them".to_owned(),
        |(_, known)| format!("there is no such key; is {known} meant?"),
    )
}

fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() || text.contains('\0') {
        return Err("this must be a path".to_owned());
    }
    Ok(PathBuf::from(text))
}

fn within<T: TryFrom<u64>>(number: u64, least: u64, most: u64) -> Result<T, String> {
    let refused = || format!("{number} is not between {least} and {most}");
    if !(least..=most).contains(&number) {
        return Err(refused());
    }
    T::try_from(number).map_err(|_| refused())
}
