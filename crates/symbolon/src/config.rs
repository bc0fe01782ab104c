//! What an engine is told at its start.
//!
//! Invariant: the issuer is said, never guessed from a request (M1): a `Host` header must not be
//! able to change one byte of a token or a document.

#[cfg(any(feature = "cli", feature = "sqlite"))]
use std::path::Path;
use std::{path::PathBuf, time::Duration};

use symbolon_guard::Clock;
use symbolon_rules::{
    key_ring::TurnoverError,
    permission::{RoleError, Scope},
    tokens::{self, ACCESS_TOKEN_LIFETIME, ClaimError, ClaimName},
};
use symbolon_token::Algorithm;

use crate::{
    DatabaseUrl, HookError, KeyOptions, KeySource, PasswordHashing, PasswordHashingError,
    Randomness, Signing, StoreOptions, Users, hooks::Hooks, passwords,
};

/// The settings of an [`Engine`](crate::Engine). [`Config::new`] takes what has no default.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The issuer identifier, the `iss` of every token (RFC 8414 §2): https, or http on a loopback
    /// address, without query, fragment or trailing slash.
    pub issuer: String,
    /// Where the data is kept.
    pub database: DatabaseUrl,
    /// How the database is used.
    pub store: StoreOptions,
    /// The key that the private signing keys are encrypted with.
    pub key_encryption_key: KeySource,
    /// The one that was used until now, while another takes its place: what it encrypted still opens, and
    /// is encrypted anew at the start. None unless said otherwise.
    pub previous_key_encryption_key: Option<KeySource>,
    /// How access tokens are signed: by published ES256 keys unless said otherwise.
    pub signing: Signing,
    /// Which of these keys there are, and how they turn over.
    pub keys: KeyOptions,
    /// How passwords are hashed.
    pub passwords: PasswordHashing,
    /// The time; the system's unless said otherwise.
    pub clock: Clock,
    /// Whether to start although the clock is behind what the database has seen; see
    /// [`StartError::ClockBehind`](crate::StartError::ClockBehind). What expired meanwhile counts again.
    pub dangerous_accept_clock: bool,
    /// Random bytes; the system's unless said otherwise.
    pub randomness: Randomness,
    /// The scopes that tokens of a login carry; the program's own, none of them beginning with
    /// `symbolon:`. None unless said otherwise.
    pub login_scopes: Vec<String>,
    /// How long access tokens are good for, unless [`Engine::token_for`](crate::Engine::token_for) says
    /// otherwise: ten minutes by default, a day at the most. An API that only checks signatures goes on
    /// accepting a token for so long after a sign-out.
    pub access_token_lifetime: Duration,
    /// The claim, in tokens of a login, for the id that an imported user had in the program they came
    /// from, as a string: `user_id`, say, for APIs that know people by it. None unless said otherwise;
    /// names that verifiers decide by are refused.
    pub external_id_claim: Option<String>,
    pub(crate) hooks: Hooks,
    #[cfg(feature = "client")]
    pub(crate) clients: Vec<(String, crate::client::Registration)>,
    /// What may open the store.
    pub(crate) maker: Maker,
}

/// What a store is for. One that was made for trying things out holds a user whose password is
/// printed at each start: it must never be taken for a real one, nor a real one for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Maker {
    /// `symbolon dev`.
    #[cfg_attr(
        not(any(feature = "cli", test)),
        expect(dead_code, reason = "a store of `dev` is refused by programs too")
    )]
    Dev,
    /// A server or a program.
    Engine,
}

impl Maker {
    /// What a word in a marker row means, for people.
    pub(crate) fn described(word: &str) -> String {
        match word {
            "dev" => "`symbolon dev`",
            _ => "a server or a program",
        }
        .to_owned()
    }

    /// The word in the store's marker row.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Engine => "engine",
        }
    }
}

impl Config {
    /// A configuration with the default for everything else.
    pub fn new(
        issuer: impl Into<String>,
        database: DatabaseUrl,
        key_encryption_key: KeySource,
    ) -> Self {
        Self {
            issuer: issuer.into(),
            database,
            store: StoreOptions::default(),
            key_encryption_key,
            previous_key_encryption_key: None,
            signing: Signing::Published(Algorithm::ES256),
            keys: KeyOptions::default(),
            passwords: PasswordHashing::default(),
            clock: Clock::system(),
            dangerous_accept_clock: false,
            randomness: Randomness::system(),
            login_scopes: Vec::new(),
            access_token_lifetime: ACCESS_TOKEN_LIFETIME,
            external_id_claim: None,
            hooks: Hooks::default(),
            #[cfg(feature = "client")]
            clients: Vec::new(),
            maker: Maker::Engine,
        }
    }

    /// A configuration that keeps everything in one folder: the database in `symbolon.db`, its
    /// key-encryption key in `symbolon.key`. The folder is made, for its owner alone, if it isn't
    /// there.
    #[cfg(feature = "sqlite")]
    pub fn in_folder(
        issuer: impl Into<String>,
        folder: impl AsRef<Path>,
    ) -> Result<Self, ConfigError> {
        let folder = folder.as_ref();
        make_folder(folder).map_err(|error| ConfigError::Folder {
            folder: folder.to_owned(),
            reason: error.to_string(),
        })?;
        let database = DatabaseUrl::Sqlite(folder.join("symbolon.db"));
        let key = KeySource::File(folder.join("symbolon.key"));
        Ok(Self::new(issuer, database, key))
    }

    /// Lets a program's own users sign in, in place of Symbolon's.
    pub fn with_users(mut self, users: impl Users) -> Self {
        self.hooks.set_users(users);
        self
    }

    /// Adds claims to the tokens of a login: what the hook gives for a subject, a JSON object under the
    /// rules of [`Identity::with_claims`](crate::Identity::with_claims).
    pub fn with_claims<F>(mut self, claims: impl Fn(String) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<serde_json::Value, HookError>> + Send + 'static,
    {
        self.hooks.set_claims(claims);
        self
    }

    /// Registers this program as a client of another provider, under a name of its own; see
    /// [`crate::client`]. What can't be right is refused by [`Engine::open`](crate::Engine::open).
    #[cfg(feature = "client")]
    pub fn with_client(
        mut self,
        name: impl Into<String>,
        registration: crate::client::Registration,
    ) -> Self {
        self.clients.push((name.into(), registration));
        self
    }

    /// Decides who comes in whom a provider has named: `None` is a no, an error is "can't tell". Without
    /// this hook they become users of this engine.
    ///
    /// Decide by `issuer` and `subject`: an e-mail address may be anybody's who says so.
    #[cfg(feature = "client")]
    pub fn with_admission<F>(
        mut self,
        admit: impl Fn(crate::client::Profile) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Option<crate::Identity>, HookError>> + Send + 'static,
    {
        self.hooks.set_admission(admit);
        self
    }

    /// Refuses what can't be right, and gives what a login's tokens are made with.
    pub(crate) fn check(&self) -> Result<Checked, ConfigError> {
        check_issuer(&self.issuer)?;
        match self.signing {
            Signing::Published(algorithm) => self.keys.turnover(algorithm).check()?,
            _ if self.keys.algorithms.is_empty() => {}
            _ => return Err(ConfigError::AlgorithmsOfSharedSecret),
        }
        if !tokens::is_lifetime(self.access_token_lifetime) {
            return Err(ConfigError::AccessTokenLifetime);
        }
        let scopes = self.login_scopes.iter().map(|name| {
            Scope::parse(name).map_err(|reason| ConfigError::Scope {
                name: name.clone(),
                reason,
            })
        });
        let claim = self.external_id_claim.as_deref().map(|name| {
            ClaimName::parse(name).map_err(|reason| ConfigError::Claim {
                name: name.to_owned(),
                reason,
            })
        });
        Ok(Checked {
            passwords: self.passwords.check()?,
            scopes: scopes.collect::<Result<_, _>>()?,
            external_id_claim: claim.transpose()?,
        })
    }
}

/// What was found right.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) scopes: Vec<Scope>,
    pub(crate) external_id_claim: Option<ClaimName>,
    pub(crate) passwords: passwords::Checked,
}

/// Why a configuration is refused.
#[derive(PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The issuer is no https URL, or has what an issuer must not have.
    #[error(
        "the issuer {0:?} must be an https URL (or http on a loopback address) without query, \
         fragment, user name or trailing slash, as in https://login.example.com"
    )]
    Issuer(String),
    /// The folder for the data can't be made.
    #[error("{}: {reason}", folder.display())]
    Folder {
        /// Which one.
        folder: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Access tokens live for a second at the least and a day at the most.
    #[error("access tokens live for 1 second at the least and 24 hours at the most")]
    AccessTokenLifetime,
    /// A scope is none, or one of Symbolon's own.
    #[error("{name:?} can't be a scope: {reason}")]
    Scope {
        /// Which one.
        name: String,
        /// Why.
        reason: RoleError,
    },
    /// A claim can't be named so.
    #[error("{name:?} can't be the claim for imported ids: {reason}")]
    Claim {
        /// Which one.
        name: String,
        /// Why.
        reason: ClaimError,
    },
    /// No cookie can be named so, or a prefix that browsers know is in front.
    #[error(
        "an app session's cookie can't be named {0:?}: 1 to 64 letters, digits and `-_.`, not \
         beginning with `__`"
    )]
    CookieName(String),
    /// A client can't be registered so.
    #[cfg(feature = "client")]
    #[error("the client {name:?}: {reason}")]
    Client {
        /// Which one.
        name: String,
        /// Why.
        reason: crate::client::RegistrationError,
    },
    /// Passwords can't be hashed so.
    #[error(transparent)]
    PasswordHashing(#[from] PasswordHashingError),
    /// A key that verifies would also sign.
    #[error("{0} has no key to publish; choose ES256 or EdDSA, or sign by a shared secret")]
    SymmetricAlgorithm(Algorithm),
    /// An algorithm of the signing keys is named more than once.
    #[error("the signing keys' algorithm {0} is named twice; name it once")]
    AlgorithmTwice(Algorithm),
    /// Tokens are signed by a shared secret, and algorithms for keys are named.
    #[error(
        "tokens are signed by a shared secret, so there are no signing keys to name algorithms for; \
         leave out one of the two"
    )]
    AlgorithmsOfSharedSecret,
    /// Keys would sign before every verifier has fetched them.
    #[error(
        "signing keys are announced 15 minutes ahead at the least: as long as verifiers keep the JWKS, \
         and 10 minutes"
    )]
    Announce,
    /// Keys would turn over before their successor was announced for long enough.
    #[error("signing keys turn over no sooner than twice as long as they are announced ahead")]
    RotateEvery,
}

impl From<TurnoverError> for ConfigError {
    fn from(error: TurnoverError) -> Self {
        match error {
            TurnoverError::Symmetric(algorithm) => Self::SymmetricAlgorithm(algorithm),
            TurnoverError::Twice(algorithm) => Self::AlgorithmTwice(algorithm),
            TurnoverError::Announce => Self::Announce,
            TurnoverError::RotateEvery => Self::RotateEvery,
        }
    }
}

crate::reads_as_text!(ConfigError);

/// A folder for its owner alone.
#[cfg(any(feature = "cli", feature = "sqlite"))]
pub(crate) fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// RFC 8414 §2: https, no query, no fragment. Plain http is for machines that talk to themselves.
pub(crate) fn check_issuer(issuer: &str) -> Result<(), ConfigError> {
    let refuse = || Err(ConfigError::Issuer(issuer.to_owned()));
    let Ok(uri) = issuer.parse::<::http::Uri>() else {
        return refuse();
    };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return refuse();
    };
    let host = authority.host().trim_matches(['[', ']']);
    let loopback = host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    let plain = issuer
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'@'));
    if !plain || issuer.ends_with('/') || !(scheme == "https" || scheme == "http" && loopback) {
        return refuse();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m1_an_issuer_is_https_or_loopback_and_nothing_more() {
        for issuer in [
            "https://login.example.com",
            "https://login.example.com:8443/tenants/a",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "http://localhost:8080",
        ] {
            assert_eq!(check_issuer(issuer), Ok(()), "{issuer}");
        }
        for issuer in [
            "",
            "login.example.com",
            "http://login.example.com",
            "http://127.0.0.1.example.com",
            "https://login.example.com/",
            "https://login.example.com?x=1",
            "https://login.example.com#x",
            "https://me@login.example.com",
            "https://login.example.com/a b",
            "ftp://login.example.com",
            "https://로그인.example",
        ] {
            assert!(check_issuer(issuer).is_err(), "{issuer}");
        }
    }
}
