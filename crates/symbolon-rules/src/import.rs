//! Users who come from another program: whether a row is a new user, one who is there already, or
//! somebody else's name or id.
//!
//! Invariant: an import changes nobody. A name that is taken, in whatever spelling, stays with who
//! has it: were it otherwise, `Alice` of the old program could become `alice` of this one.

use crate::{password::PasswordHash, user::Username};

/// Longest id of the other program, in bytes; it may go into tokens.
pub const EXTERNAL_ID_MAX_BYTES: usize = 255;

/// A user of the store who has the name or the old id of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namesake {
    /// Their name.
    pub username: Username,
    /// The id they had before, if they were imported with one.
    pub external_id: Option<String>,
    /// Their password's hash.
    pub password_hash: Option<PasswordHash>,
}

/// What a row is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// A user to add.
    New,
    /// The user who was added from this row before.
    There,
    /// Perhaps that one: the name is the same, and only the password can tell.
    Like(&'a Namesake),
    /// Another user has the name.
    NameTaken,
    /// Another user has the id.
    IdTaken,
}

/// Judges a row by its name, its id and those who have either.
pub fn judge<'a>(
    username: &Username,
    external_id: Option<&str>,
    found: &'a [Namesake],
) -> Verdict<'a> {
    match found.iter().find(|user| user.username == *username) {
        Some(user) if external_id.is_none() => Verdict::Like(user),
        Some(user) if user.external_id.as_deref() == external_id => Verdict::There,
        Some(_) => Verdict::NameTaken,
        None if found.is_empty() => Verdict::New,
        None => Verdict::IdTaken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn namesake(username: &str, external_id: Option<&str>) -> Namesake {
        Namesake {
            username: Username::parse(username).unwrap(),
            external_id: external_id.map(str::to_owned),
            password_hash: None,
        }
    }

    #[test]
    fn a_row_never_takes_a_name_or_an_id_from_somebody() {
        let alice = namesake("alice", Some("1"));
        let made_here = namesake("alice", None);
        let bob = namesake("bob", Some("2"));
        let name = Username::parse("ALICE").unwrap();
        for (id, found, expected) in [
            (Some("1"), vec![], Verdict::New),
            (None, vec![], Verdict::New),
            (Some("1"), vec![alice.clone()], Verdict::There),
            (Some("9"), vec![alice.clone()], Verdict::NameTaken),
            (Some("1"), vec![made_here.clone()], Verdict::NameTaken),
            (Some("2"), vec![bob.clone()], Verdict::IdTaken),
            (
                Some("2"),
                vec![alice.clone(), bob.clone()],
                Verdict::NameTaken,
            ),
            (Some("1"), vec![bob, alice.clone()], Verdict::There),
            (None, vec![alice.clone()], Verdict::Like(&alice)),
            (None, vec![made_here.clone()], Verdict::Like(&made_here)),
        ] {
            assert_eq!(judge(&name, id, &found), expected, "{id:?} {found:?}");
        }
    }
}
