//! Which column means what, and a row as a user.
//!
//! Invariant: a role comes from a mapping that somebody wrote down, never from a column by itself:
//! what a word meant in the old program isn't what it means here.

use std::str::FromStr;

use anyhow::{Result, anyhow, bail};
use symbolon_rules::{permission::Role, user::UserState};
use zeroize::Zeroizing;

use crate::app::OldUser;

const USERNAMES: &[&str] = &["username", "user_name", "email"];
const PASSWORDS: &[&str] = &["password_hash", "password"];
const IDS: &[&str] = &["id"];
/// Django's, and that of Flask's extensions.
const ACTIVE: &[&str] = &["is_active", "active"];

#[derive(clap::Args)]
pub(super) struct ColumnArguments {
    /// The column with the name that users sign in with (default: `username`, `user_name` or `email`)
    #[arg(long, value_name = "COLUMN")]
    username_column: Option<String>,
    /// The column with the password or its hash (default: `password_hash` or `password`)
    #[arg(long, value_name = "COLUMN")]
    password_column: Option<String>,
    /// The column with the old id (default: `id`, where there is one)
    #[arg(long, value_name = "COLUMN", conflicts_with = "no_id")]
    id_column: Option<String>,
    /// Keep no old ids
    #[arg(long)]
    no_id: bool,
    /// The column that says whether a user may sign in (default: `is_active` or `active`, where there is one)
    #[arg(long, value_name = "COLUMN")]
    active_column: Option<String>,
    /// Give a role to users whose column has this value; may be repeated
    #[arg(long = "map-role", value_name = "COLUMN=VALUE:ROLE")]
    roles: Vec<RoleMapping>,
}

/// A role for those whose column has a value.
#[derive(Clone, Debug)]
pub(super) struct RoleMapping {
    column: String,
    value: String,
    role: Role,
}

impl FromStr for RoleMapping {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (column, rest) = text
            .split_once('=')
            .ok_or_else(|| anyhow!("a mapping is written COLUMN=VALUE:ROLE"))?;
        let (value, role) = rest
            .split_once(':')
            .ok_or_else(|| anyhow!("a mapping is written COLUMN=VALUE:ROLE"))?;
        Ok(Self {
            column: column.to_owned(),
            value: value.to_owned(),
            role: Role::parse(role).map_err(|error| anyhow!("the role {role:?}: {error}"))?,
        })
    }
}

/// The columns that are read, and what is made of them.
pub(super) struct Columns {
    names: Vec<String>,
    username: usize,
    password: usize,
    id: Option<usize>,
    active: Option<usize>,
    roles: Vec<(usize, RoleMapping)>,
}

impl Columns {
    /// Chooses among the columns that there are. A name that was given and isn't there is refused:
    /// a mistyped one must not cost anybody their role.
    pub(super) fn choose(arguments: &ColumnArguments, found: &[String]) -> Result<Self> {
        let choose = |given: &Option<String>, usual: &[&str]| match given {
            Some(name) => named(name, found).map(Some),
            None => Ok(usual
                .iter()
                .find(|name| found.iter().any(|column| column == *name))
                .map(|name| (*name).to_owned())),
        };
        let needed = |chosen: Option<String>, option: &str| {
            chosen.ok_or_else(|| {
                anyhow!(
                    "which column is it? Say so with {option}; there are {}",
                    listed(found)
                )
            })
        };
        let mut names = Names(Vec::new());
        let username = choose(&arguments.username_column, USERNAMES)?;
        let password = choose(&arguments.password_column, PASSWORDS)?;
        let id = if arguments.no_id {
            None
        } else {
            choose(&arguments.id_column, IDS)?
        };
        let active = choose(&arguments.active_column, ACTIVE)?;
        let roles = arguments.roles.iter().map(|mapping| {
            let column = named(&mapping.column, found)?;
            Ok((names.place(column), mapping.clone()))
        });
        let roles = roles.collect::<Result<_>>()?;
        Ok(Self {
            username: names.place(needed(username, "--username-column")?),
            password: names.place(needed(password, "--password-column")?),
            id: id.map(|name| names.place(name)),
            active: active.map(|name| names.place(name)),
            roles,
            names: names.0,
        })
    }

    /// What is to be read, in the order that [`Columns::user`] wants it.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The column that tells rows apart.
    pub(super) fn order_by(&self) -> &str {
        &self.names[self.id.unwrap_or(self.username)]
    }

    /// The user of a row.
    pub(super) fn user(&self, mut values: Vec<Option<String>>) -> Result<OldUser, String> {
        if values.len() != self.names.len() {
            return Err("it isn't UTF-8".to_owned());
        }
        let mapped = self
            .roles
            .iter()
            .filter(|(at, mapping)| values[*at].as_ref() == Some(&mapping.value));
        let mut roles: Vec<_> = mapped.map(|(_, mapping)| mapping.role.clone()).collect();
        roles.sort();
        roles.dedup();
        let state = self.active.map_or(Ok(UserState::Enabled), |at| {
            state(values[at].as_deref().unwrap_or_default())
        })?;
        let external_id = self.id.and_then(|at| values[at].clone());
        let username = values[self.username].clone().unwrap_or_default();
        Ok(OldUser {
            username,
            password: values[self.password].take().map(Zeroizing::new),
            state,
            external_id,
            roles,
        })
    }
}

/// The columns that are read, each once.
struct Names(Vec<String>);

impl Names {
    fn place(&mut self, name: String) -> usize {
        if let Some(at) = self.0.iter().position(|known| *known == name) {
            return at;
        }
        self.0.push(name);
        self.0.len() - 1
    }
}

fn named(name: &str, found: &[String]) -> Result<String> {
    if !found.iter().any(|column| column == name) {
        bail!("there is no column {name:?}; there are {}", listed(found));
    }
    Ok(name.to_owned())
}

fn listed(columns: &[String]) -> String {
    if columns.is_empty() {
        return "none".to_owned();
    }
    columns.join(", ")
}

/// A user of whom it can't be said whether they may sign in is left out: that is not for us to say.
fn state(word: &str) -> Result<UserState, String> {
    match word.to_ascii_lowercase().as_str() {
        "1" | "true" | "t" | "yes" | "y" => Ok(UserState::Enabled),
        "0" | "false" | "f" | "no" | "n" => Ok(UserState::Disabled),
        _ => Err("the column that says who may sign in is neither yes nor no".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_of_symbolon_is_never_mapped() {
        for text in [
            "admin=1:symbolon:admin",
            "admin=1:SYMBOLON:x",
            "admin=1",
            "admin:x",
            "a=b:",
        ] {
            assert!(text.parse::<RoleMapping>().is_err(), "{text}");
        }
        let mapping: RoleMapping = "role=editor:posts:write".parse().unwrap();
        assert_eq!((&*mapping.column, &*mapping.value), ("role", "editor"));
        assert_eq!(mapping.role.as_str(), "posts:write");
    }
}
