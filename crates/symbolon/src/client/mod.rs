//! Logging in with others: this program as the client of an OAuth 2.0 or OpenID Connect provider.
//!
//! ```
//! use axum::{Router, routing::get};
//! use symbolon::{
//!     Config, Engine,
//!     client::{Authentication, ClientSecret, Registration, SignedIn},
//! };
//!
//! async fn index(who: Option<SignedIn>) -> String {
//!     match who {
//!         Some(who) => format!("Hello, {}!", who.username()),
//!         None => "Log in at /login/google".to_owned(),
//!     }
//! }
//!
//! async fn app(config: Config, secret: ClientSecret) -> Result<Router, symbolon::StartError> {
//!     let google = Registration::discovered("https://accounts.google.com", "my-client-id")
//!         .authentication(Authentication::SecretBasic(secret))
//!         .scopes(["openid", "email", "profile"]);
//!     let engine = Engine::open(config.with_client("google", google)).await?;
//!     Ok(Router::new()
//!         .route("/", get(index))
//!         .merge(engine.log_in_with()) // /login/google, its callback, /logout
//!         .layer(engine.app_sessions())
//!         .with_state(engine))
//! }
//! ```
//!
//! A login carries `state`, a nonce and PKCE with `S256`, is bound to the browser that began it, and
//! counts once. The provider's answer is believed after its issuer, its signature and every claim were
//! checked; then the browser's [app session](crate::AppSession) gets a new id and [`SignedIn`] is there.
//!
//! People are known by issuer and subject, never by an e-mail address. Whom a provider introduces
//! becomes a user of this engine, linked to that subject, unless the program decides itself
//! ([`Config::with_admission`](crate::Config::with_admission)).
//!
//! What is set up wrongly is refused when the engine opens, with what to do about it.

mod assertion;
mod authentication;
mod cached;
mod error;
mod form;
mod id_token;
mod introspection;
mod metadata;
mod outgoing;
mod provider;
mod refresh;
mod registration;
mod registry;
mod service_token;
mod table;
mod token_endpoint;
mod tokens;
mod userinfo;

pub use symbolon_rules::upstream::{ClaimNames, Profile};

pub(crate) use self::registry::{KEYS_PATH, LOG_OUT_PATH, Registry};
pub use self::{
    authentication::{Authentication, ClientKeys, ClientSecret},
    error::{ClientError, RegistrationError},
    introspection::Introspected,
    provider::Client,
    registration::{Endpoints, NewUsers, Registration, Userinfo},
    table::{ClientTable, KeyTextError, TableError},
    tokens::Tokens,
};
pub use crate::{
    engine::clients::{LinkError, UnknownClient},
    http::{SignedIn, SignedInError},
};
