//! Roles, and the names that only Symbolon may give out.
//!
//! Invariant: a name that begins with `symbolon:` is a right over Symbolon itself. A program's own
//! roles can't begin so ([`Role::parse`]), and [`for_audience`] keeps such rights out of tokens made
//! for other APIs: an API that receives a token must not be able to act here with it.

use std::fmt;

/// The prefix of Symbolon's own rights, as scopes and as roles.
pub const RESERVED_PREFIX: &str = "symbolon:";

/// Whoever has this role administers Symbolon.
const ADMINISTRATOR: &str = "symbolon:admin";

/// Longest role name in bytes.
pub const ROLE_MAX_BYTES: usize = 128;

/// The name of a role, as it stands in a token's `roles` (RFC 9068 §2.2.3.1).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Role(String);

impl Role {
    /// A role of a program's own: visible ASCII without quotes or backslash (the characters of an
    /// OAuth scope, RFC 6749 §3.3), not beginning with [`RESERVED_PREFIX`] in any case.
    pub fn parse(name: &str) -> Result<Self, RoleError> {
        if !is_well_formed(name) {
            return Err(RoleError::Malformed);
        }
        if is_reserved(name) {
            return Err(RoleError::Reserved);
        }
        Ok(Self(name.to_owned()))
    }

    /// A role as an administrator at the machine names it: a program's own, or a right over Symbolon
    /// itself, which is spelt in lower case only. Nobody else may name the latter: whatever reaches
    /// Symbolon over the network goes through [`Role::parse`].
    pub fn parse_at_the_machine(name: &str) -> Result<Self, RoleError> {
        if !is_reserved(name) {
            return Self::parse(name);
        }
        let plain = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'-' | b':');
        let right = name.strip_prefix(RESERVED_PREFIX).unwrap_or_default();
        if !is_well_formed(name) || right.is_empty() || !right.bytes().all(plain) {
            return Err(RoleError::MisspeltRight);
        }
        Ok(Self(name.to_owned()))
    }

    /// The right to administer Symbolon, which only Symbolon gives.
    pub fn administrator() -> Self {
        Self(ADMINISTRATOR.to_owned())
    }

    /// A role that was valid when it was stored.
    pub fn from_stored(name: String) -> Self {
        Self(name)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is a right over Symbolon itself.
    pub fn is_reserved(&self) -> bool {
        is_reserved(&self.0)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a text is no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleError {
    /// Empty, too long, or with a character that no scope may hold.
    Malformed,
    /// It begins with [`RESERVED_PREFIX`].
    Reserved,
    /// It begins so, in upper case or with nothing behind it.
    MisspeltRight,
}

impl fmt::Display for RoleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => {
                "it must be 1 to 128 visible ASCII characters without quotes or backslashes"
            }
            Self::Reserved => "names that begin with symbolon: are Symbolon's own",
            Self::MisspeltRight => {
                "a right over Symbolon is written symbolon: and lower-case letters behind it"
            }
        })
    }
}

/// The name of a scope (RFC 6749 §3.3), in the words of whoever's API it opens.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Scope(String);

impl Scope {
    /// A scope of a program's own, under the rules of [`Role::parse`].
    pub fn parse(name: &str) -> Result<Self, RoleError> {
        Role::parse(name).map(|Role(name)| Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The `scope` of a token: the names in one string, `None` where there are none.
pub fn scope_claim(scopes: &[Scope]) -> Option<String> {
    let names: Vec<_> = scopes.iter().map(Scope::as_str).collect();
    (!names.is_empty()).then(|| names.join(" "))
}

/// The roles that go into a token which other APIs will see: all but Symbolon's own.
pub fn for_audience(roles: &[Role]) -> impl Iterator<Item = &Role> {
    roles.iter().filter(|role| !role.is_reserved())
}

/// The characters of an OAuth scope (RFC 6749 §3.3).
fn is_well_formed(name: &str) -> bool {
    (1..=ROLE_MAX_BYTES).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
}

// Case is ignored: a reader of tokens that compares loosely must not be fooled by `Symbolon:`.
pub(crate) fn is_reserved(name: &str) -> bool {
    name.get(..RESERVED_PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(RESERVED_PREFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_cannot_name_a_right_of_symbolon() {
        for name in [
            "symbolon:admin",
            "symbolon:",
            "SYMBOLON:admin",
            "Symbolon:x",
        ] {
            assert_eq!(Role::parse(name), Err(RoleError::Reserved), "{name}");
        }
        for name in ["symbolon", "admin", "posts:write", "my-symbolon:admin"] {
            assert!(Role::parse(name).is_ok(), "{name}");
        }
        for name in ["", "a b", "a\"b", "a\\b", "관리자", "a\n", &"a".repeat(129)] {
            assert_eq!(Role::parse(name), Err(RoleError::Malformed), "{name:?}");
        }
    }

    #[test]
    fn a_right_of_symbolon_is_named_at_the_machine_and_in_one_spelling() {
        for name in [
            "symbolon:admin",
            "symbolon:users:read",
            "admin",
            "posts:write",
        ] {
            assert_eq!(Role::parse_at_the_machine(name).unwrap().as_str(), name);
        }
        for name in [
            "symbolon:",
            "Symbolon:admin",
            "symbolon:Admin",
            "symbolon:a b",
            "symbolon:a1",
        ] {
            let refused = Role::parse_at_the_machine(name);
            assert_eq!(refused, Err(RoleError::MisspeltRight), "{name}");
        }
        assert_eq!(Role::parse_at_the_machine("a b"), Err(RoleError::Malformed));
    }

    #[test]
    fn scopes_are_one_claim() {
        let scopes = ["posts:read", "posts:write"].map(|name| Scope::parse(name).unwrap());
        assert_eq!(scope_claim(&scopes).unwrap(), "posts:read posts:write");
        assert_eq!(scope_claim(&[]), None);
        assert_eq!(Scope::parse("symbolon:admin"), Err(RoleError::Reserved));
        assert_eq!(Scope::parse("a b"), Err(RoleError::Malformed));
    }

    #[test]
    fn rights_of_symbolon_stay_out_of_tokens_for_others() {
        let roles = [
            Role::from_stored("symbolon:admin".to_owned()),
            Role::parse("editor").unwrap(),
        ];
        let names: Vec<_> = for_audience(&roles).map(Role::as_str).collect();
        assert_eq!(names, ["editor"]);
    }
}
