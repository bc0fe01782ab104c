//! Database URLs: a file, or `postgres://…`.
//!
//! A URL may hold a password, so it is shown only through [`Display`](std::fmt::Display), which
//! leaves that out. TLS to a PostgreSQL server that isn't on this machine is required and verified
//! unless the URL itself says `sslmode=disable`.

#[cfg(feature = "sqlite")]
use std::path::PathBuf;
use std::{fmt, str::FromStr};

use super::OpenError;

/// Where the data is kept.
#[derive(Clone)]
#[non_exhaustive]
pub enum DatabaseUrl {
    /// A SQLite file: a path, or `sqlite:` and a path.
    #[cfg(feature = "sqlite")]
    Sqlite(PathBuf),
    /// A PostgreSQL server: `postgres://` or `postgresql://`.
    #[cfg(feature = "postgres")]
    Postgres(Box<tokio_postgres::Config>),
}

impl FromStr for DatabaseUrl {
    type Err = OpenError;

    fn from_str(url: &str) -> Result<Self, OpenError> {
        match url.split_once(':').map_or(url, |(scheme, _)| scheme) {
            "postgres" | "postgresql" => postgres(url),
            "sqlite" => sqlite(&url["sqlite:".len()..]),
            scheme if scheme.len() > 1 && url[scheme.len()..].starts_with("://") => {
                Err(OpenError::Url(format!(
                    "{scheme}:// is no database that Symbolon knows; give a file for SQLite, or \
                     postgres://USER:PASSWORD@HOST/NAME"
                )))
            }
            _ => sqlite(url),
        }
    }
}

#[cfg(feature = "sqlite")]
fn sqlite(path: &str) -> Result<DatabaseUrl, OpenError> {
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.contains(['?', '\0']) || path == ":memory:" {
        return Err(OpenError::Url(
            "a SQLite database is named by the path of its file, as in sqlite:data/symbolon.db"
                .to_owned(),
        ));
    }
    Ok(DatabaseUrl::Sqlite(PathBuf::from(path)))
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(_path: &str) -> Result<DatabaseUrl, OpenError> {
    Err(OpenError::Url(
        "this build of Symbolon has no SQLite; give postgres://USER:PASSWORD@HOST/NAME".to_owned(),
    ))
}

#[cfg(feature = "postgres")]
fn postgres(url: &str) -> Result<DatabaseUrl, OpenError> {
    use tokio_postgres::config::{Config, Host, SslMode};

    let mut config: Config = url.parse().map_err(|error| {
        // The parser's message names the part that is wrong and doesn't repeat the URL.
        OpenError::Url(format!("can't read the database URL: {error}"))
    })?;
    let local = config.get_hosts().iter().all(|host| match host {
        #[cfg(unix)]
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost"
                || name
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        }
    });
    if !url.contains("sslmode=") {
        config.ssl_mode(if local {
            SslMode::Disable
        } else {
            SslMode::Require
        });
    }
    if config.get_application_name().is_none() {
        config.application_name("symbolon");
    }
    Ok(DatabaseUrl::Postgres(Box::new(config)))
}

#[cfg(not(feature = "postgres"))]
fn postgres(_url: &str) -> Result<DatabaseUrl, OpenError> {
    Err(OpenError::Url(
        "this build of Symbolon has no PostgreSQL; give a file for SQLite".to_owned(),
    ))
}

impl DatabaseUrl {
    /// The password in it, for judging it.
    #[cfg(all(feature = "cli", feature = "postgres"))]
    pub(crate) fn password(&self) -> Option<&[u8]> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => None,
            Self::Postgres(config) => config.get_password(),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(path) => path.display().fmt(f),
            #[cfg(feature = "postgres")]
            Self::Postgres(config) => {
                let hosts = config.get_hosts().iter().zip(config.get_ports());
                f.write_str("postgres://")?;
                for (at, (host, port)) in hosts.enumerate() {
                    let comma = if at == 0 { "" } else { "," };
                    match host {
                        tokio_postgres::config::Host::Tcp(name) => {
                            write!(f, "{comma}{name}:{port}")
                        }
                        #[cfg(unix)]
                        tokio_postgres::config::Host::Unix(path) => {
                            write!(f, "{comma}{}:{port}", path.display())
                        }
                    }?;
                }
                write!(f, "/{}", config.get_dbname().unwrap_or_default())
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "sqlite")]
    #[test]
    fn files_are_sqlite() {
        for (url, path) in [
            ("symbolon.db", "symbolon.db"),
            ("./data/a.db", "./data/a.db"),
            ("sqlite:data/a.db", "data/a.db"),
            ("sqlite:///srv/a.db", "/srv/a.db"),
            ("/srv/a:b.db", "/srv/a:b.db"),
        ] {
            assert_eq!(url.parse::<DatabaseUrl>().unwrap().to_string(), path);
        }
        for url in ["", "sqlite:", ":memory:", "sqlite::memory:", "a.db?mode=ro"] {
            assert!(url.parse::<DatabaseUrl>().is_err(), "{url}");
        }
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn g23_a_password_in_a_url_is_never_shown() {
        let url: DatabaseUrl = "postgres://me:canary@db.example:6000/auth".parse().unwrap();
        assert_eq!(url.to_string(), "postgres://db.example:6000/auth");
        assert!(!format!("{url:?}").contains("canary"));
        for broken in [
            "postgres://me:canary@host:port/x",
            "postgres://me:canary@host/x?sslmode=canary2",
            "mysql://me:canary@host/x",
        ] {
            let error = broken.parse::<DatabaseUrl>().unwrap_err();
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn a_server_elsewhere_is_reached_by_tls_unless_the_url_says_otherwise() {
        use tokio_postgres::config::SslMode;
        for (url, mode) in [
            ("postgres://db.example/auth", SslMode::Require),
            ("postgres://127.0.0.1,db.example/auth", SslMode::Require),
            ("postgres://127.0.0.1/auth", SslMode::Disable),
            ("postgres://[::1]:5433/auth", SslMode::Disable),
            ("postgres://localhost/auth", SslMode::Disable),
            ("postgres:///auth?host=/run/postgresql", SslMode::Disable),
            (
                "postgres://db.example/auth?sslmode=disable",
                SslMode::Disable,
            ),
        ] {
            let DatabaseUrl::Postgres(config) = url.parse().unwrap() else {
                panic!("{url} is no PostgreSQL")
            };
            assert_eq!(config.get_ssl_mode(), mode, "{url}");
        }
    }
}
