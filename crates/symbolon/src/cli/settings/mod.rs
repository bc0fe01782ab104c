//! What `symbolon serve` and the commands beside it are told: `symbolon.toml`, and `SYMBOLON_*` over it.
//!
//! One table ([`table::KEYS`]) says which keys there are, of what kind, what they default to and what they do;
//! the file, the environment, the file that `symbolon init` writes and docs/configuration.md all come from it.
//!
//! Invariant: nothing is skipped. A key that nobody knows, a value of the wrong kind and a secret that stands
//! in a manual are each refused with the place they were read at, and all of them at once.

mod document;
mod engine;
mod environment;
mod file;
mod keys;
mod problem;
mod secrets;
mod table;
#[cfg(test)]
mod tests;
mod value;

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Result;
#[cfg(not(feature = "sqlite"))]
use anyhow::bail;
pub(super) use document::first_file;
pub(super) use problem::SettingsError;

use keys::Places;
use problem::{Origin, Problem};

use symbolon_rules::{client_address::TrustedProxies, origin::Origins};
use symbolon_token::Algorithm;

use super::logs;
use crate::{
    Config, DatabaseUrl, KeyEncryptionKey, KeyOptions, KeySource, PasswordHashing, StoreOptions,
    http::serve::{AdminError, AdminReach, Drain, Limits, Serving, Systemd, TlsFiles, bind_admin},
};

/// The file that is looked for in the current folder.
pub(super) const FILE: &str = "symbolon.toml";

/// Everything that can be set, with what it is unless it is.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// Where the file lies: what relative paths are relative to.
    base: PathBuf,
    /// Never guessed (M1), so there is none until it is said.
    issuer: Option<String>,
    pub(super) listen: SocketAddr,
    data: PathBuf,
    database: Option<DatabaseUrl>,
    database_options: StoreOptions,
    key_encryption_key_file: Option<PathBuf>,
    key_encryption_key: Option<KeyEncryptionKey>,
    previous_key_encryption_key_file: Option<PathBuf>,
    keys: KeyOptions,
    login_scopes: Vec<String>,
    external_id_claim: Option<String>,
    access_token_lifetime: Duration,
    passwords: PasswordHashing,
    tls_certificate: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    trusted_proxies: TrustedProxies,
    cors_origins: Origins,
    limits: Limits,
    drain: Drain,
    admin_listen: Option<SocketAddr>,
    admin_reach: AdminReach,
    pub(super) log_format: logs::Format,
    pub(super) log_level: logs::Level,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base: PathBuf::new(),
            issuer: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data: PathBuf::from("data"),
            database: None,
            database_options: StoreOptions::default(),
            key_encryption_key_file: None,
            key_encryption_key: None,
            previous_key_encryption_key_file: None,
            keys: key_options(),
            login_scopes: Vec::new(),
            external_id_claim: None,
            access_token_lifetime: symbolon_rules::tokens::ACCESS_TOKEN_LIFETIME,
            passwords: PasswordHashing::default(),
            tls_certificate: None,
            tls_key: None,
            trusted_proxies: TrustedProxies::default(),
            cors_origins: Origins::default(),
            limits: Limits::default(),
            drain: Drain::default(),
            admin_listen: None,
            admin_reach: AdminReach::Loopback,
            log_format: logs::Format::default(),
            log_level: logs::Level::default(),
        }
    }
}

impl Settings {
    /// Reads the file that is named, or the one in the current folder where there is one, and the
    /// environment over it.
    pub(super) fn load(config: Option<&Path>) -> Result<Self, SettingsError> {
        let variables: Vec<_> = std::env::vars_os().collect();
        Self::read(config, Path::new(""), &variables)
    }

    /// As [`Settings::load`], from a folder and an environment of the caller's.
    fn read(
        config: Option<&Path>,
        folder: &Path,
        variables: &[environment::Variable],
    ) -> Result<Self, SettingsError> {
        let found = match config {
            Some(path) => Some(file::read(path)?),
            None => file::find(&folder.join(FILE))?,
        };
        let mut settings = Self {
            base: found.as_ref().map_or(folder, file::File::folder).to_owned(),
            ..Self::default()
        };
        let (mut places, mut problems) = (Places::new(), Vec::new());
        if let Some(file) = &found {
            keys::apply(&mut settings, file.entries()?, &mut places, &mut problems);
        }
        let (entries, unknown) = environment::entries(variables);
        problems.extend(unknown);
        keys::apply(&mut settings, entries, &mut places, &mut problems);
        settings.take_secrets(variables, &mut problems);
        if let Some(file) = &found {
            problems.extend(secrets::exposed(file, settings.database.as_ref()));
        }
        if settings.tls_certificate.is_some() != settings.tls_key.is_some() {
            problems.push(Problem::half_a_tls());
        }
        if settings.issuer.is_none() && problems.is_empty() {
            problems.push(Problem::no_issuer(found.as_ref().map(file::File::path)));
        }
        SettingsError::unless_none(problems)?;
        settings.check_together(&places)?;
        Ok(settings)
    }

    /// What no key can tell alone: the engine judges it, and here it gets its place.
    fn check_together(&self, places: &Places) -> Result<(), SettingsError> {
        let Ok(config) = self.engine_config() else {
            return Ok(());
        };
        let Err(error) = config.check() else {
            return Ok(());
        };
        let name = engine::key_of(&error);
        let origin = name.and_then(|name| places.get(name).map(|origin| (origin, name)));
        Err(match origin {
            Some((origin, name)) => Problem::with_value(origin, name, error),
            None => Problem::of_the_whole(error),
        }
        .into())
    }

    /// What is a secret itself stands in the environment only, never in the file.
    fn take_secrets(&mut self, variables: &[environment::Variable], problems: &mut Vec<Problem>) {
        match environment::secret(variables, environment::KEY_ENCRYPTION_KEY) {
            Some(Ok(key)) => self.key_encryption_key = Some(key),
            Some(Err(problem)) => problems.push(problem),
            None => {}
        }
    }

    /// The issuer identifier.
    pub(super) fn issuer(&self) -> &str {
        // `read` gives no settings without one.
        self.issuer.as_deref().unwrap_or_default()
    }

    /// The folder for everything that stays.
    pub(super) fn data_folder(&self) -> PathBuf {
        self.base.join(&self.data)
    }

    /// How it is served.
    pub(super) fn serving(&self, listener: TcpListener) -> Result<Serving, AdminError> {
        let admin = self
            .admin_listen
            .map(|address| bind_admin(address, self.admin_reach))
            .transpose()?;
        let tls = self.tls_certificate.as_ref().zip(self.tls_key.as_ref());
        Ok(Serving {
            admin,
            tls: tls.map(|(certificate, key)| {
                TlsFiles::new(self.base.join(certificate), self.base.join(key))
            }),
            limits: self.limits,
            drain: self.drain,
            trusted_proxies: self.trusted_proxies.clone(),
            cors_origins: self.cors_origins.clone(),
            systemd: Systemd::from_environment(),
            ..Serving::new(listener)
        })
    }

    /// What the engine is told.
    #[cfg_attr(
        feature = "sqlite",
        expect(
            clippy::unnecessary_wraps,
            reason = "without SQLite there is nothing to begin with"
        )
    )]
    pub(super) fn engine_config(&self) -> Result<Config> {
        let folder = self.data_folder();
        let database = match &self.database {
            #[cfg(feature = "sqlite")]
            Some(DatabaseUrl::Sqlite(path)) => DatabaseUrl::Sqlite(self.base.join(path)),
            #[cfg(feature = "postgres")]
            Some(other @ DatabaseUrl::Postgres(_)) => other.clone(),
            #[cfg(feature = "sqlite")]
            None => DatabaseUrl::Sqlite(folder.join("symbolon.db")),
            #[cfg(not(feature = "sqlite"))]
            None => bail!("`database` is missing: this build has no SQLite to begin with"),
        };
        let key = match (&self.key_encryption_key, &self.key_encryption_key_file) {
            (Some(key), _) => KeySource::Given(key.clone()),
            (None, Some(path)) => KeySource::File(self.base.join(path)),
            (None, None) => KeySource::File(folder.join("symbolon.key")),
        };
        Ok(Config {
            store: self.database_options,
            login_scopes: self.login_scopes.clone(),
            external_id_claim: self.external_id_claim.clone(),
            access_token_lifetime: self.access_token_lifetime,
            passwords: self.passwords.clone(),
            previous_key_encryption_key: self
                .previous_key_encryption_key_file
                .as_ref()
                .map(|path| KeySource::File(self.base.join(path))),
            keys: self.keys.clone(),
            ..Config::new(self.issuer(), database, key)
        })
    }
}

/// The algorithm is named where it can be read.
fn key_options() -> KeyOptions {
    KeyOptions {
        algorithms: vec![Algorithm::ES256],
        ..KeyOptions::default()
    }
}

/// A value, and where it was read.
struct Entry {
    /// As in the file: `limits.connections`.
    name: String,
    origin: Origin,
    value: value::Value,
}
