//! The engine: an app, its routes and its jobs, opened and shut down as one.

#[cfg(feature = "client")]
pub(crate) mod clients;
mod identity;
mod keys;
#[cfg(test)]
#[cfg(feature = "sqlite")]
mod storm;
mod users;

use std::sync::Arc;

use symbolon_guard::Guard;
use symbolon_rules::{
    cookie::{Cookie, Transport},
    moment::{self, Behind},
    oauth::discovery::Metadata,
};
use symbolon_token::{Algorithm, KeySet, Policy, Timestamp, Typ, Verifier};

use crate::{
    Config, ConfigError, KeySourceError, OpenError, StoreError,
    app::{App, IssueError, Login, LoginError, TokenBuilder},
    http::AppSessions,
    jobs::Jobs,
    keys::{Keys, NameKey, Opening, RingError},
    passwords::{Decoys, PasswordHasher},
    store::{BelieveTime, SeeTime, Store},
    telemetry::Tally,
};

/// Authentication, ready to be mounted: users, sessions and keys on a database.
///
/// Clones are cheap and share everything. Dropping the last one without [`Engine::shutdown`] loses
/// nothing that was acknowledged; shutting down lets work under way finish.
#[derive(Clone)]
pub struct Engine {
    pub(crate) app: Arc<App>,
    jobs: Arc<Jobs>,
}

impl Engine {
    /// Opens the database, brings its schema up to date and makes what is missing: the store's
    /// identity, a signing key and its standby.
    ///
    /// Must be called within a tokio runtime, which the engine's jobs go on running in.
    pub async fn open(config: Config) -> Result<Self, StartError> {
        #[cfg(feature = "client")]
        let mut config = config;
        let checked = config.check()?;
        #[cfg(feature = "client")]
        let clients = crate::client::Registry::open(
            std::mem::take(&mut config.clients),
            &config.issuer,
            &config.clock,
            &config.randomness,
        )
        .map_err(|(name, reason)| ConfigError::Client { name, reason })?;
        let store = Store::open(&config.database, config.store, config.maker).await?;
        let now = config.clock.now();
        let mut randomness = config.randomness.clone();

        let vault = identity::identify(&store, &config, now, &mut randomness).await?;
        check_clock(&store, now, config.dangerous_accept_clock).await?;
        let opening = Opening {
            store: &store,
            vault: &vault,
            randomness: &config.randomness,
            now,
        };
        let keys = Keys::open(&config.signing, &config.keys, &opening).await?;
        let names = NameKey::kept(&opening).await?;
        identity::turn_over(&opening).await?;
        let verifier = verifier(&config.issuer, keys.verifying_keys()?)?;

        let passwords = PasswordHasher::new(
            config.randomness.clone(),
            checked.passwords,
            config.clock.clone(),
        );
        let app = Arc::new(App {
            metadata: Metadata::new(&config.issuer),
            tally: Tally::default(),
            guard: Guard::with_clock(verifier, config.clock.clone()),
            decoys: Decoys::new(names.clone(), passwords.current().clone()),
            passwords,
            names,
            issuer: config.issuer,
            clock: config.clock,
            randomness: config.randomness,
            store,
            tending: tokio::sync::Mutex::new(keys.published().etag.clone()),
            keys,
            hooks: config.hooks,
            access_token_lifetime: config.access_token_lifetime,
            scopes: checked.scopes,
            external_id_claim: checked.external_id_claim,
            #[cfg(feature = "client")]
            clients,
            vault,
        });
        let unusable = app.count_schemes().await?;
        if unusable > 0 {
            tracing::warn!(
                users = unusable,
                "password hashes that this build can't compare; does it lack imported-hashes?"
            );
        }
        let jobs = Arc::new(Jobs::start(&app));
        Ok(Self { app, jobs })
    }

    /// Every route of Symbolon, to be served as it is or merged into a program's own router.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> axum::Router<S> {
        crate::http::router(Arc::clone(&self.app))
    }

    /// `POST /api/login` alone, for a program that has its own paths.
    ///
    /// ```
    /// # fn routes(engine: &symbolon::Engine) -> axum::Router {
    /// axum::Router::new()
    ///     .route("/auth", engine.login_route())
    ///     .route("/whoami", engine.me_route())
    ///     .route("/keys", engine.jwks_route())
    /// # }
    /// ```
    pub fn login_route<S: Clone + Send + Sync + 'static>(&self) -> axum::routing::MethodRouter<S> {
        crate::http::login_route(Arc::clone(&self.app))
    }

    /// `GET /api/me` alone.
    pub fn me_route<S: Clone + Send + Sync + 'static>(&self) -> axum::routing::MethodRouter<S> {
        crate::http::me_route(Arc::clone(&self.app))
    }

    /// The JWKS alone. Verifiers that go by discovery look for it where [`Engine::jwks_uri`] says.
    pub fn jwks_route<S: Clone + Send + Sync + 'static>(&self) -> axum::routing::MethodRouter<S> {
        crate::http::jwks_route(Arc::clone(&self.app))
    }

    /// Every method and path of [`Engine::router`].
    pub fn routes() -> Vec<(http::Method, &'static str)> {
        crate::http::routes()
    }

    /// App sessions for a program's own routes: what a handler puts into its [`AppSession`] is there
    /// when the same visitor comes again. The values stay on the server; the browser holds a random
    /// id in a cookie, and the database only its hash.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use symbolon::{AppSession, AppSessionError, Engine};
    ///
    /// async fn remember(session: AppSession) -> Result<&'static str, AppSessionError> {
    ///     session.set("username", "user1")?;
    ///     Ok("session begun")
    /// }
    ///
    /// async fn show(session: AppSession) -> Result<String, AppSessionError> {
    ///     let username: Option<String> = session.get("username")?;
    ///     Ok(username.unwrap_or_else(|| "nobody".to_owned()))
    /// }
    ///
    /// async fn forget(session: AppSession) -> Result<&'static str, AppSessionError> {
    ///     session.remove("username")?;
    ///     Ok("forgotten")
    /// }
    ///
    /// fn app(engine: &Engine) -> Router {
    ///     Router::new()
    ///         .route("/", get(remember))
    ///         .route("/session", get(show).delete(forget))
    ///         .layer(engine.app_sessions())
    /// }
    /// ```
    ///
    /// [`AppSession`]: crate::AppSession
    pub fn app_sessions(&self) -> AppSessions {
        let transport = Transport::of_issuer(&self.app.issuer);
        AppSessions::new(Arc::clone(&self.app), Cookie::standard(transport))
    }

    /// A guard that trusts this engine's tokens by the keys in memory, for a program's own routes.
    pub fn guard(&self) -> Guard {
        self.app.guard.clone()
    }

    /// The issuer identifier, as configured.
    pub fn issuer(&self) -> &str {
        &self.app.issuer
    }

    /// Where verifiers elsewhere find the keys.
    pub fn jwks_uri(&self) -> &str {
        self.app.metadata.jwks_uri()
    }

    /// Signs somebody in by username and password, as `POST /api/login` does.
    pub async fn login(&self, username: &str, password: &str) -> Result<Login, LoginError> {
        self.app.login(username, password).await
    }

    /// Mints an access token for somebody whom the program has authenticated itself, with claims of
    /// its own: [`Engine::token_for`] with nothing but those.
    ///
    /// The subject is a string, also where the program's ids are numbers (RFC 7519 §4.1.2).
    pub fn issue(&self, subject: &str, claims: serde_json::Value) -> Result<String, IssueError> {
        self.token_for(subject).claims(claims).issue()
    }

    /// Describes an access token to mint: its roles, claims, audience, lifetime.
    pub fn token_for<'a>(&'a self, subject: &'a str) -> TokenBuilder<'a> {
        self.app.token_for(subject)
    }

    /// Ends the jobs, lets hashing and database work under way finish and closes the database. What is asked of
    /// this engine afterwards is answered 503.
    pub async fn shutdown(&self) {
        self.jobs.stop().await;
        self.app.passwords.close().await;
        self.app.store.close().await;
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("issuer", &self.app.issuer)
            .finish_non_exhaustive()
    }
}

/// RFC 9068 §4: an access token for this issuer, by one of its own keys.
fn verifier(issuer: &str, keys: KeySet) -> Result<Verifier, RingError> {
    let is_shared = |key: &symbolon_token::VerifyingKey| key.algorithm().is_symmetric();
    let is_shared = keys.keys().iter().any(is_shared);
    // Each key answers to one algorithm. Which ones the keys to come will have, other nodes'
    // configurations say; that a shared secret never turns up among published keys is said here.
    let all = Algorithm::ALL.iter().copied();
    let policy = Policy {
        issuer: issuer.to_owned(),
        audience: vec![issuer.to_owned()],
        algorithms: all
            .filter(|algorithm| algorithm.is_symmetric() == is_shared)
            .collect(),
        typ: Typ::ACCESS_TOKEN,
    };
    Ok(Verifier::new(keys, policy)?)
}

/// Refuses a clock that is behind what the store has seen, unless it is to be believed.
async fn check_clock(store: &Store, now: Timestamp, accept: bool) -> Result<(), StartError> {
    let last_seen = store.run(SeeTime { now }).await?;
    match moment::check(last_seen, now) {
        Ok(()) => Ok(()),
        Err(behind) if accept => {
            tracing::warn!(%behind, "the clock is believed: what expired meanwhile counts again");
            Ok(store.run(BelieveTime { now }).await?)
        }
        Err(behind) => Err(StartError::ClockBehind { behind }),
    }
}

/// Why an engine doesn't start.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A setting is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database can't be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is no key-encryption key.
    #[error(transparent)]
    KeySource(#[from] KeySourceError),
    /// The key-encryption key is another store's.
    #[error(
        "the keys in this database were encrypted with the key-encryption key {wanted}, and what is \
         given is {held}; give that one, as the previous one if another shall take its place"
    )]
    KeyMismatch {
        /// The name of the one given.
        held: String,
        /// The name of the one that is wanted.
        wanted: String,
    },
    /// The clock is behind: expired tokens and sessions would count again.
    #[error(
        "the clock of this machine is {behind} behind the last time that this database was written; set \
         the clock and start again, or, if it was the earlier time that was wrong, start once with \
         --dangerous-accept-clock"
    )]
    ClockBehind {
        /// By how much.
        behind: Behind,
    },
    /// The signing keys can't be read or made.
    #[error(transparent)]
    Keys(#[from] RingError),
    /// The database failed while starting.
    #[error(transparent)]
    Store(#[from] StoreError),
}

crate::reads_as_text!(StartError);
