//! What can be asked of an engine from the command line.
//!
//! Invariant: a password is wiped after use and silent in `Debug`. In a frame it stands as base64, so that
//! reading it unescapes nothing into a buffer that nobody wipes.

use std::fmt;

use data_encoding::BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;
use symbolon_rules::user::UserState;
use zeroize::Zeroizing;

use super::keys::KeyRequest;

/// A request with the version that its asker speaks.
#[derive(Serialize)]
pub(super) struct Envelope<'a> {
    pub(super) v: u32,
    pub(super) request: &'a Request,
}

/// An [`Envelope`] as it comes in: what is in it is looked at only if the version is ours.
#[derive(Deserialize)]
pub(super) struct Sealed<'a> {
    pub(super) v: u32,
    #[serde(borrow)]
    pub(super) request: &'a RawValue,
}

/// An act, as somebody typed it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::cli) enum Request {
    /// Who is there?
    Hello,
    AddUser {
        username: String,
        password: Secret,
        roles: Vec<String>,
    },
    ListUsers {
        order: Order,
        prefix: Option<String>,
        state: Option<State>,
        limit: u16,
        after: Option<Cursor>,
    },
    ShowUser {
        username: String,
    },
    SetState {
        username: String,
        state: State,
    },
    RenameUser {
        username: String,
        to: String,
    },
    SetPassword {
        username: String,
        password: Secret,
    },
    ChangeRole {
        username: String,
        role: String,
        change: Change,
    },
    /// The id is that of the user who was shown before: the name may have gone to somebody else.
    RemoveUser {
        username: String,
        id: String,
    },
    Key(KeyRequest),
}

/// In which order users are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum Order {
    Name,
    Newest,
}

/// The last user of the page before.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli) struct Cursor {
    pub(in crate::cli) id: String,
    pub(in crate::cli) username: String,
}

/// Whether a user may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum State {
    /// They may
    Enabled,
    /// They may not
    Disabled,
}

impl From<State> for UserState {
    fn from(state: State) -> Self {
        match state {
            State::Enabled => Self::Enabled,
            State::Disabled => Self::Disabled,
        }
    }
}

impl From<UserState> for State {
    fn from(state: UserState) -> Self {
        match state {
            UserState::Enabled => Self::Enabled,
            UserState::Disabled => Self::Disabled,
        }
    }
}

/// Whether a user has a role from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum Change {
    Grant,
    Revoke,
}

/// A password that somebody typed.
pub(in crate::cli) struct Secret(Zeroizing<String>);

impl Secret {
    pub(in crate::cli) fn new(typed: Zeroizing<String>) -> Self {
        Self(typed)
    }

    pub(in crate::cli) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let encoded = Zeroizing::new(BASE64.encode(self.0.as_bytes()));
        serializer.serialize_str(&encoded)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Borrowed where nothing is escaped, and base64 holds nothing that has to be.
        let encoded = <&str>::deserialize(deserializer)?;
        let bytes = Zeroizing::new(
            BASE64
                .decode(encoded.as_bytes())
                .map_err(|_| de::Error::custom("a password is no base64"))?,
        );
        let text =
            std::str::from_utf8(&bytes).map_err(|_| de::Error::custom("a password is no UTF-8"))?;
        Ok(Self(Zeroizing::new(text.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g23_a_password_is_silent_in_debug_and_comes_through_as_it_is() {
        for typed in [
            "canary \"quoted\" \\u0041\u{1}",
            "비밀번호 열다섯 글자 이상",
            "😀\n\r\t",
            "",
        ] {
            let password = Secret::new(Zeroizing::new(typed.to_owned()));
            let request = Request::SetPassword {
                username: "alice".to_owned(),
                password,
            };
            assert!(typed.is_empty() || !format!("{request:?}").contains(typed));
            let frame = serde_json::to_string(&request).unwrap();
            assert!(!frame.contains("canary"), "{frame}");
            let Request::SetPassword { password, .. } = serde_json::from_str(&frame).unwrap()
            else {
                panic!("{frame}")
            };
            assert_eq!(password.expose(), typed);
        }
    }

    #[test]
    fn a_request_with_more_in_it_is_refused() {
        for text in [
            r#"{"show_user": {"username": "a", "more": 1}}"#,
            r#"{"show_users": {}}"#,
            r#"{"set_password": {"username": "a", "password": "=="}}"#,
            r#"{"set_password": {"username": "a", "password": "\u0041AAA"}}"#,
            r#"{"hello": null, "show_user": {"username": "a"}}"#,
        ] {
            assert!(serde_json::from_str::<Request>(text).is_err(), "{text}");
        }
    }
}
