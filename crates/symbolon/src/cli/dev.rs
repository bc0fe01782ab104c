//! `symbolon dev`: the real server on this machine, with a demo user and a token to try.
//!
//! Nothing about it is special but its page for people, at `/`, and its store: one that is gone at
//! the end, or one that `dev` made before. A store made by a real server is refused, and so is a
//! `dev` store there: its demo user's password stands on a screen.

use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use data_encoding::BASE64URL_NOPAD;
use symbolon_rules::{Entropy, password::PasswordHash, permission::Role, user::Username};
use tokio::signal::unix::{SignalKind, signal};

use super::print;
use crate::{
    Config, DatabaseUrl, Engine, KeyEncryptionKey, KeySource, Randomness, UserError,
    app::{LoginError, NewUser},
    config::Maker,
    http::serve::{Serving, serve},
};

mod page;
mod snippets;
mod welcome;

use page::Page;
use welcome::Welcome;

const USERNAME: &str = "demo";
const ROLES: &[&str] = &["user"];
const KEY_VARIABLE: &str = "SYMBOLON_KEY_ENCRYPTION_KEY";

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Keep the data here: a SQLite file, or `postgres://USER:PASSWORD@HOST/NAME`
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The file with the key that encrypts the signing keys (default for SQLite: beside the database)
    #[arg(long, value_name = "FILE")]
    key_encryption_key_file: Option<PathBuf>,
    /// Print one line of JSON for programs instead of the text for people
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<()> {
    // Before anything is printed: a signal from now on ends the server the ordinary way.
    let end = signals()?;
    let by = format!("--listen {}:0", arguments.listen.ip());
    let listener = listen(arguments.listen, &by)?;
    let address = listener.local_addr()?;
    let place = Place::choose(&arguments)?;
    // Made while the database opens: hashing takes about as long.
    let credentials = tokio::task::spawn_blocking(Credentials::make);
    let engine = Engine::open(Config {
        maker: Maker::Dev,
        ..Config::new(format!("http://{address}"), place.database, place.key)
    })
    .await
    .context(STARTING)?;

    let Credentials { password, hash } = credentials.await??;
    let access_token = sign_in(&engine, hash).await?;
    let page = page::router(&Page {
        issuer: engine.issuer(),
        jwks_uri: engine.jwks_uri(),
        username: USERNAME,
    })?;
    let router = engine.router().merge(page);
    let app = Arc::clone(&engine.app);
    let serving = tokio::spawn(serve(app, router, Serving::new(listener), end));
    let welcome = Welcome {
        issuer: engine.issuer(),
        jwks_uri: engine.jwks_uri(),
        username: USERNAME,
        password: &password,
        access_token: &access_token,
        kept: arguments.database.as_deref(),
    };
    // The socket has been listening all the while: whoever reads this can connect.
    print::line(&if arguments.json {
        welcome.json()
    } else {
        welcome.text()
    });
    serving.await?.context("the server stopped")?;
    engine.shutdown().await;
    drop(place.folder);
    Ok(())
}

const STARTING: &str = "can't start";

/// Listens; `by` is what another address would be chosen by.
pub(super) fn listen(address: SocketAddr, by: &str) -> Result<TcpListener> {
    match TcpListener::bind(address) {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => bail!(
            "{address} is taken by another program; choose another port with {by} (0 takes a free one)"
        ),
        Err(error) => Err(error)
            .with_context(|| format!("can't listen on {address}; choose another with {by}")),
    }
}

/// Where the data and its key are.
struct Place {
    database: DatabaseUrl,
    key: KeySource,
    /// Removed with all that is in it when dropped.
    folder: Option<tempfile::TempDir>,
}

impl Place {
    fn choose(arguments: &Arguments) -> Result<Self> {
        let Some(url) = &arguments.database else {
            let folder = tempfile::Builder::new()
                .prefix("symbolon-dev-")
                .tempdir()
                .context("can't make a temporary folder")?;
            let path = folder.path().join("symbolon.db");
            let path = path
                .to_str()
                .context("the temporary folder's name is no UTF-8")?;
            return Ok(Self {
                database: path.parse()?,
                key: KeySource::Ephemeral,
                folder: Some(folder),
            });
        };
        let database: DatabaseUrl = url.parse().context("--database")?;
        let key = key_source(arguments.key_encryption_key_file.clone(), &database)?;
        Ok(Self {
            database,
            key,
            folder: None,
        })
    }
}

/// Where the key of a database is, unless a file is named: in the environment, or beside it.
pub(super) fn key_source(file: Option<PathBuf>, database: &DatabaseUrl) -> Result<KeySource> {
    if let Some(path) = file {
        return Ok(KeySource::File(path));
    }
    if let Ok(text) = std::env::var(KEY_VARIABLE) {
        return Ok(KeySource::Given(
            KeyEncryptionKey::parse(&text).context(KEY_VARIABLE)?,
        ));
    }
    match database {
        #[cfg(feature = "sqlite")]
        DatabaseUrl::Sqlite(path) => {
            let mut beside = path.clone().into_os_string();
            beside.push(".key");
            Ok(KeySource::File(beside.into()))
        }
        #[cfg(feature = "postgres")]
        DatabaseUrl::Postgres(_) => bail!(
            "a PostgreSQL database needs a key-encryption key that is kept elsewhere: set \
             {KEY_VARIABLE} to what `openssl rand -hex 32` prints, or name a file for it with \
             --key-encryption-key-file (made if the database is new)"
        ),
    }
}

/// The demo user's password of this start.
struct Credentials {
    /// 144 random bits, in characters that a shell leaves alone.
    password: String,
    hash: PasswordHash,
}

impl Credentials {
    fn make() -> Result<Self> {
        let mut bytes = [0; 18];
        Randomness::system().fill(&mut bytes);
        let password = BASE64URL_NOPAD.encode(&bytes);
        let hash = crate::password::hash(&password)?;
        Ok(Self {
            password,
            hash: PasswordHash::from_phc(hash),
        })
    }
}

/// Makes the demo user, or gives them the new password, and signs them in.
async fn sign_in(engine: &Engine, hash: PasswordHash) -> Result<String> {
    let username = Username::parse(USERNAME).map_err(UserError::Username)?;
    let roles = ROLES.iter().map(|name| Role::parse(name));
    let user = NewUser {
        username: username.clone(),
        password_hash: hash.clone(),
        roles: roles.collect::<Result<_, _>>().map_err(UserError::Role)?,
    };
    match engine.app.create_user(user).await {
        Err(UserError::NameTaken) => engine.app.set_password(username.clone(), hash).await?,
        created => drop(created?),
    }
    match engine.app.login_after_setting_password(username).await {
        Ok(login) => Ok(login.access_token),
        Err(LoginError::Refused) => bail!(
            "the user {USERNAME:?} of this database can't log in; name a new database with \
             --database"
        ),
        Err(error) => Err(error.into()),
    }
}

/// Ends with the first of SIGINT (Ctrl-C) and SIGTERM.
pub(super) fn signals() -> Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("ending");
    })
}
