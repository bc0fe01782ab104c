//! What a key of the file is, and how what was read is put where it belongs.

use std::{collections::HashMap, time::Duration};

use super::{
    Entry, Settings,
    problem::{Origin, Problem},
    table::KEYS,
    value::Value,
};

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
    Switch(fn(&mut Settings, bool) -> Result<(), String>),
    Count(fn(&mut Settings, u64) -> Result<(), String>),
    Time(fn(&mut Settings) -> &mut Duration),
    Size(fn(&mut Settings, u64) -> Result<(), String>),
}

impl Set {
    #[cfg(test)]
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::List(_) => "list of texts",
            Self::Switch(_) => "true or false",
            Self::Count(_) => "whole number",
            Self::Time(_) => "time",
            Self::Size(_) => "size",
        }
    }

    fn to(self, settings: &mut Settings, value: &Value) -> Result<(), String> {
        match self {
            Self::Text(set) => set(settings, value.text()?),
            Self::List(set) => set(settings, value.list()?),
            Self::Switch(set) => set(settings, value.switch()?),
            Self::Count(set) => set(settings, value.count()?),
            Self::Size(set) => set(settings, value.size()?),
            Self::Time(place) => {
                *place(settings) = value.duration()?;
                Ok(())
            }
        }
    }
}

/// Where each key was set, the last one counting.
pub(super) type Places = HashMap<String, Origin>;

/// Puts what was read where it belongs.
pub(super) fn apply(
    settings: &mut Settings,
    entries: Vec<Entry>,
    places: &mut Places,
    problems: &mut Vec<Problem>,
) {
    for entry in entries {
        let result = match KEYS.iter().find(|key| key.name == entry.name) {
            Some(key) => key.set.to(settings, &entry.value),
            None => Err(unknown(&entry.name, KEYS.iter().map(|key| key.name))),
        };
        if let Err(reason) = result {
            problems.push(Problem::with_value(&entry.origin, &entry.name, reason));
        }
        places.insert(entry.name, entry.origin);
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
