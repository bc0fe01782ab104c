//! What a provider tells of somebody, and where in its answer that stands.
//!
//! OpenID Connect Core §5.1 (standard claims), RFC 6901 (JSON Pointer, for providers that wrap theirs).
//!
//! Invariant: everything but the subject is text to show, and short enough to be kept; a claim of
//! another type is no claim.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Refusal, Why, id_token::is_subject};

/// The longest name that is kept, in bytes; a longer one is cut.
const LONGEST_NAME: usize = 200;
/// The longest address that is kept; a longer one is left out, since a part of it leads elsewhere.
const LONGEST_ADDRESS: usize = 512;

/// Somebody, as a provider describes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Profile {
    /// The provider.
    pub issuer: String,
    /// Whom the provider means, for as long as there is a provider: with the issuer, the identity.
    pub subject: String,
    /// What they call themselves there. Two people may share it, and each may change it.
    pub username: Option<String>,
    /// Their name.
    pub name: Option<String>,
    /// Their e-mail address, which proves nothing here.
    pub email: Option<String>,
    /// Whether the provider says that it has checked the address.
    pub email_verified: bool,
    /// Where a picture of them is.
    pub picture: Option<String>,
}

/// Where the claims stand in a provider's answer, as JSON pointers. Those of OpenID Connect unless
/// said otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClaimNames {
    /// The subject, `/sub`; a number counts as its digits.
    pub subject: String,
    /// The name they use there, `/preferred_username`.
    pub username: String,
    /// Their name, `/name`.
    pub name: String,
    /// Their e-mail address, `/email`.
    pub email: String,
    /// Whether it was checked, `/email_verified`.
    pub email_verified: String,
    /// A picture of them, `/picture`.
    pub picture: String,
}

impl Default for ClaimNames {
    fn default() -> Self {
        let named = |name: &str| format!("/{name}");
        Self {
            subject: named("sub"),
            username: named("preferred_username"),
            name: named("name"),
            email: named("email"),
            email_verified: named("email_verified"),
            picture: named("picture"),
        }
    }
}

/// A claim's place isn't written as RFC 6901 §3 asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointerError(pub String);

impl fmt::Display for PointerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no JSON pointer (RFC 6901): it begins with `/`, as in /email or /response/id",
            self.0
        )
    }
}

impl std::error::Error for PointerError {}

impl ClaimNames {
    /// Whether every place can be looked at.
    pub fn check(&self) -> Result<(), PointerError> {
        let all = [
            &self.subject,
            &self.username,
            &self.name,
            &self.email,
            &self.email_verified,
            &self.picture,
        ];
        match all.into_iter().find(|pointer| !pointer.starts_with('/')) {
            Some(wrong) => Err(PointerError(wrong.clone())),
            None => Ok(()),
        }
    }

    /// Whether an answer lacks what people are shown by, so that it pays to ask the provider again.
    pub fn wants_more_than(&self, claims: &Value) -> bool {
        let lacks = |pointer: &str| text(claims, pointer).is_none();
        lacks(&self.username) && lacks(&self.name) || lacks(&self.email)
    }

    /// The subject that an answer names.
    pub fn subject_of(&self, claims: &Value) -> Result<String, Refusal> {
        let subject = match claims.pointer(&self.subject) {
            Some(Value::String(text)) => Some(text.clone()),
            // A float has more than one spelling.
            Some(Value::Number(number)) if number.is_u64() => Some(number.to_string()),
            _ => None,
        };
        subject
            .filter(|subject| is_subject(subject))
            .ok_or(Refusal::new(
                Why::Faulty,
                "the provider's answer names nobody",
            ))
    }

    /// What an answer tells of this subject.
    pub fn profile(&self, issuer: &str, subject: String, claims: &Value) -> Profile {
        let verified = claims.pointer(&self.email_verified);
        Profile {
            issuer: issuer.to_owned(),
            subject,
            username: name(claims, &self.username),
            name: name(claims, &self.name),
            email: address(claims, &self.email),
            // Some providers write it as text.
            email_verified: matches!(verified, Some(Value::Bool(true)))
                || matches!(verified, Some(Value::String(text)) if text == "true"),
            picture: address(claims, &self.picture),
        }
    }
}

fn text<'a>(claims: &'a Value, pointer: &str) -> Option<&'a str> {
    let text = claims.pointer(pointer)?.as_str()?.trim();
    (!text.is_empty()).then_some(text)
}

/// A name without what would move a terminal's cursor, cut where a character ends.
fn name(claims: &Value, pointer: &str) -> Option<String> {
    let text = text(claims, pointer)?;
    let plain: String = text.chars().filter(|char| !char.is_control()).collect();
    let end = plain.floor_char_boundary(LONGEST_NAME);
    let kept = plain.get(..end).unwrap_or_default().trim();
    (!kept.is_empty()).then(|| kept.to_owned())
}

fn address(claims: &Value, pointer: &str) -> Option<String> {
    let text = text(claims, pointer)?;
    let plain = text.len() <= LONGEST_ADDRESS && !text.chars().any(char::is_control);
    plain.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn claims_are_found_where_a_provider_has_them() {
        let names = ClaimNames {
            subject: "/response/id".to_owned(),
            name: "/response/profile/nickname".to_owned(),
            ..ClaimNames::default()
        };
        assert_eq!(names.check(), Ok(()));
        let claims = json!({
            "response": {"id": 42, "profile": {"nickname": " 민수\n"}},
            "email": "m@example.com", "email_verified": "true", "picture": 7,
        });
        let subject = names.subject_of(&claims).unwrap();
        let profile = names.profile("https://a.example", subject, &claims);
        assert_eq!(profile.subject, "42");
        assert_eq!(profile.name.as_deref(), Some("민수"));
        assert_eq!(profile.email.as_deref(), Some("m@example.com"));
        assert!(profile.email_verified);
        assert_eq!(profile.picture, None);
    }

    #[test]
    fn u2_a_subject_is_text_or_a_whole_number_and_nothing_else() {
        let names = ClaimNames::default();
        for subject in [json!("a"), json!(0), json!(18_446_744_073_709_551_615_u64)] {
            assert!(names.subject_of(&json!({ "sub": subject })).is_ok());
        }
        for subject in [
            json!(null),
            json!(""),
            json!(true),
            json!(1.5),
            json!(-1),
            json!(["a"]),
            json!({"a": 1}),
            json!("가"),
            json!("x".repeat(256)),
        ] {
            let claims = json!({ "sub": subject });
            assert!(names.subject_of(&claims).is_err(), "{claims}");
        }
        assert!(names.subject_of(&json!({})).is_err());
    }

    #[test]
    fn long_names_are_cut_between_characters_and_long_addresses_left_out() {
        let claims = json!({
            "name": "가".repeat(400), "email": "m".repeat(513), "picture": "https://a\u{7}",
        });
        let profile = ClaimNames::default().profile("i", "1".to_owned(), &claims);
        assert_eq!(profile.name.unwrap().len(), 198);
        assert_eq!((profile.email, profile.picture), (None, None));
    }

    #[test]
    fn a_place_begins_with_a_slash() {
        let names = ClaimNames {
            email: "email".to_owned(),
            ..ClaimNames::default()
        };
        assert_eq!(names.check(), Err(PointerError("email".to_owned())));
    }
}
