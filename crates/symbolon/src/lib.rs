//! Symbolon's engine: users sign in, and APIs get a JWT that they can trust.
//!
//! This is the server as a library. [`Engine::open`] opens a database, [`Engine::router`] gives the
//! routes to mount in an axum program or to serve as they are, and [`Engine::shutdown`] ends it.
//! Nothing in here is global: no logger, no TLS provider, no clock; two engines in one process don't
//! meet.
//!
//! ```
//! use axum::routing::get;
//! use symbolon::{Config, CurrentUser, Engine};
//!
//! async fn hello(user: CurrentUser) -> String {
//!     format!("Hello, {}!", user.username())
//! }
//!
//! # async fn open(folder: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::open(Config::in_folder("http://127.0.0.1:3000", folder)?).await?;
//! let app = engine
//!     .router() // POST /api/login, GET /api/me, the keys and the metadata
//!     .route("/hello", get(hello))
//!     .with_state(engine.clone());
//! # let _: axum::Router = app;
//! engine.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! Four verbs have four places: `http` and `cli` translate, `app` acts, the rules decide, `store`
//! keeps. `ARCHITECTURE.md` at the root of the repository shows the way of a request through them.

/// Lets an error's `Debug` say what its `Display` says: a `main` that returns it prints the former, and
/// what to do next stands in the latter.
macro_rules! reads_as_text {
    ($error:ty) => {
        impl std::fmt::Debug for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }
    };
}
use reads_as_text;

mod app;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "client")]
pub mod client;
mod config;
mod engine;
mod entropy;
mod hooks;
mod http;
mod jobs;
mod keys;
pub mod password;
mod passwords;
mod relay;
mod store;
mod telemetry;

pub use app::{
    AppError, IssueError, KeptPassword, KeyError, KeyListed, Login, LoginError, PlannedChange,
    PublicKey, Revoked, Rotated, TokenBuilder, User, UserDetails, UserError, UserQuery,
};
pub use config::{Config, ConfigError};
pub use engine::{Engine, StartError};
pub use entropy::Randomness;
pub use hooks::{HookError, Identity, IdentityError, Users};
pub use http::{AppSession, AppSessionError, AppSessions, CurrentUser, WithAppSession};
pub use keys::{KeyEncryptionKey, KeyOptions, KeySource, KeySourceError, RingError, Signing};
pub use passwords::{PasswordHashing, PasswordHashingError};
pub use store::{DatabaseUrl, OpenError, StoreError, StoreOptions};
pub use symbolon_guard as guard;
pub use symbolon_rules::{
    Entropy,
    id::UserId,
    key_ring::{Change, KeyState, Pace},
    user::UserState,
};

#[cfg(doctest)]
#[doc = include_str!("../../../docs/app-sessions.md")]
struct AppSessionsDocument;
