//! What is wrong with the settings, and where: a file with its line and key, or a variable.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::FILE;

/// Where a value was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    File { path: PathBuf, line: usize },
    Variable(String),
}

/// One thing that is wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    place: String,
    reason: String,
}

impl Problem {
    /// What is wrong with the value of a key.
    pub(super) fn with_value(origin: &Origin, name: &str, reason: impl fmt::Display) -> Self {
        let place = match origin {
            Origin::File { path, line } => format!("{}:{line}: {name}", path.display()),
            Origin::Variable(variable) => variable.clone(),
        };
        Self {
            place,
            reason: reason.to_string(),
        }
    }

    /// What is wrong with a file as a whole, or at a line of it.
    pub(super) fn with_file(path: &Path, line: Option<usize>, reason: impl fmt::Display) -> Self {
        let line = line.map_or_else(String::new, |line| format!(":{line}"));
        Self {
            place: format!("{}{line}", path.display()),
            reason: reason.to_string(),
        }
    }

    /// What is wrong between values that nobody set.
    pub(super) fn of_the_whole(reason: impl fmt::Display) -> Self {
        Self {
            place: "the configuration".to_owned(),
            reason: reason.to_string(),
        }
    }

    /// A certificate without its key, or a key without its certificate.
    pub(super) fn half_a_tls() -> Self {
        Self {
            place: "tls.certificate, tls.key".to_owned(),
            reason: "there is one without the other; TLS needs both files".to_owned(),
        }
    }

    /// M1: an issuer is said, never guessed.
    pub(super) fn no_issuer(file: Option<&Path>) -> Self {
        file.map_or_else(
            || Self {
                place: FILE.to_owned(),
                reason: "there is none in this folder; `symbolon init` writes one, --config names \
                         another, and SYMBOLON_ISSUER alone will do as well"
                    .to_owned(),
            },
            |path| {
                Self::with_file(
                    path,
                    None,
                    "issuer is missing: the URL that people and verifiers know this server by, as \
                     in issuer = \"https://login.example.com\"",
                )
            },
        )
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

/// Everything that is wrong.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct SettingsError(Vec<Problem>);

impl SettingsError {
    pub(super) fn unless_none(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Self(problems))
        }
    }
}

impl From<Problem> for SettingsError {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { "\n          " };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingsError {}
