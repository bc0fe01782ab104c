//! Names for users who come from a provider for the first time.
//!
//! Invariant: a name that a provider's user chose there never becomes a name that one of ours could
//! have been given here: each ends in `@` and the client's name. Otherwise whoever calls himself
//! `admin` somewhere would be `admin` here.

use super::Profile;
use crate::user::Username;

/// How many of one name are told apart by a number.
const NUMBERED: u32 = 9;

/// Names to try one after another; `random` makes the last of them unlike any other.
pub fn suggestions(profile: &Profile, client: &str, random: &str) -> Vec<Username> {
    let local = profile.username.as_deref().or(profile.name.as_deref());
    // An address becomes its local part: it is to be shown, not to be written to.
    let local = local.map(|name| name.split('@').next().unwrap_or_default().trim());
    let local = local
        .filter(|local| !local.is_empty() && named(local, client).is_some())
        .unwrap_or("user");
    let numbered = (2..=NUMBERED).map(|number| format!("{local}-{number}"));
    std::iter::once(local.to_owned())
        .chain(numbered)
        .chain([format!("user-{random}")])
        .filter_map(|local| named(&local, client))
        .collect()
}

fn named(local: &str, client: &str) -> Option<Username> {
    Username::parse(&format!("{local}@{client}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(username: Option<&str>, name: Option<&str>) -> String {
        let profile = Profile {
            issuer: "https://a.example".to_owned(),
            subject: "1".to_owned(),
            username: username.map(str::to_owned),
            name: name.map(str::to_owned),
            email: None,
            email_verified: false,
            picture: None,
        };
        let names = suggestions(&profile, "github", "r");
        assert!(names.iter().all(|name| name.as_str().ends_with("@github")));
        assert_eq!(names.last().unwrap().as_str(), "user-r@github");
        names[0].as_str().to_owned()
    }

    #[test]
    fn u2_a_name_says_where_it_comes_from() {
        for (username, name, expected) in [
            (Some("admin"), None, "admin@github"),
            (Some("Minsu"), Some("다른 이름"), "minsu@github"),
            (Some("root@evil.example"), None, "root@github"),
            (None, Some("민수"), "민수@github"),
            (None, Some("Min Su"), "user@github"),
            (Some("@"), None, "user@github"),
            (Some("\u{202e}"), None, "user@github"),
            (None, None, "user@github"),
        ] {
            assert_eq!(first(username, name), expected);
        }
    }
}
