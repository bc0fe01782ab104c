//! What is answered, in the shapes that `--json` prints.

use serde::{Deserialize, Serialize};

use super::{State, keys::KeyAnswer};
use crate::{
    app::{KeptPassword, User, UserDetails},
    cli::time::rfc3339,
};

/// An answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum Answer {
    Hello(Hello),
    /// The user as they are now, and whether that is something new.
    User {
        user: Box<UserView>,
        changed: bool,
    },
    Users(Vec<UserView>),
    Key(KeyAnswer),
    Failed(Failure),
}

/// Who answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::cli) struct Hello {
    /// The version of its program.
    pub(in crate::cli) version: String,
    pub(in crate::cli) issuer: String,
}

/// Why what was asked for wasn't done.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::cli) struct Failure {
    pub(in crate::cli) code: String,
    pub(in crate::cli) message: String,
}

impl Failure {
    pub(in crate::cli) fn answer(code: &str, message: impl Into<String>) -> Answer {
        Answer::Failed(Self {
            code: code.to_owned(),
            message: message.into(),
        })
    }
}

/// A user, for people and for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli) struct UserView {
    pub(in crate::cli) id: String,
    pub(in crate::cli) username: String,
    pub(in crate::cli) state: State,
    pub(in crate::cli) roles: Vec<String>,
    pub(in crate::cli) created_at: String,
    pub(in crate::cli) external_id: Option<String>,
    /// `own`, `imported` or `none`.
    pub(in crate::cli) password: String,
    /// What an imported hash costs.
    pub(in crate::cli) imported_scheme: Option<String>,
    /// What only one user alone is shown with.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) details: Option<Details>,
}

/// What hangs on a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli) struct Details {
    pub(in crate::cli) sessions: u64,
    pub(in crate::cli) last_login_at: Option<String>,
    pub(in crate::cli) links: Vec<LinkView>,
}

/// Whom a provider means by a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli) struct LinkView {
    pub(in crate::cli) issuer: String,
    pub(in crate::cli) subject: String,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        let (password, imported_scheme) = match user.password {
            KeptPassword::None => ("none", None),
            KeptPassword::Own => ("own", None),
            KeptPassword::Imported(scheme) => ("imported", Some(scheme)),
        };
        Self {
            id: user.id.to_string(),
            username: user.username,
            state: user.state.into(),
            roles: user.roles,
            created_at: rfc3339(user.created_at),
            external_id: user.external_id,
            password: password.to_owned(),
            imported_scheme,
            details: None,
        }
    }
}

impl From<UserDetails> for UserView {
    fn from(found: UserDetails) -> Self {
        let links = found.links.into_iter();
        Self {
            details: Some(Details {
                sessions: found.sessions,
                last_login_at: found.last_login_at.map(rfc3339),
                links: links
                    .map(|(issuer, subject)| LinkView { issuer, subject })
                    .collect(),
            }),
            ..found.user.into()
        }
    }
}
