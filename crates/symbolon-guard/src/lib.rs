//! Checks access tokens (RFC 9068, sent as RFC 6750 asks) in your axum or tower service.
//!
#![cfg_attr(feature = "axum", doc = "```")]
#![cfg_attr(not(feature = "axum"), doc = "```ignore")]
//! use axum::{Router, routing::get};
//! use symbolon_guard::{Caller, Guard};
//!
//! async fn me(caller: Caller) -> String {
//!     format!("you are {}", caller.subject())
//! }
//!
//! fn routes(guard: Guard) -> Router {
//!     Router::new().route("/me", get(me)).with_state(guard)
//! }
//! ```
//!
//! A request without a token, with a bad one or with a token for somebody else never reaches `me`; it
//! is answered as RFC 6750 §3 says (see [`Rejection`]). `Option<Caller>` takes requests without a
//! token, [`CallerWith`] wants a [`Role`], and [`Guard::layer`] guards everything under it.
//!
//! # Where the keys come from
//!
//! [`Guard::new`] takes a [`token::Verifier`] with fixed keys, [`Guard::shared_secret`] a secret that you
//! share with the issuer ([`SharedSecret::from_env`] reads it and refuses the samples of tutorials).
#![cfg_attr(
    feature = "remote",
    doc = "[`Guard::remote`] finds the keys of an issuer by discovery, fetches them and keeps them \
           fresh; the service goes on when the issuer doesn't:"
)]
#![cfg_attr(
    feature = "remote",
    doc = "
```no_run
# async fn start() -> Result<(), symbolon_guard::StartError> {
use symbolon_guard::Guard;

let guard = Guard::remote(\"https://login.example\")
    .audience(\"https://api.example\")
    .start()?;
# Ok(())
# }
```"
)]
//!
//! # Programs that were there before
//!
//! By choice a guard takes tokens under another scheme or under none ([`Guard::with_sources`]), and words
//! its refusals in the shape that its callers know ([`Guard::with_answers`]), in extractors and layers
//! alike:
//!
//! ```
//! use symbolon_guard::{Guard, Rejection, Scheme, Sources};
//!
//! fn as_before(guard: &Guard) -> Guard {
//!     guard
//!         .with_sources(Sources::bearer().and_scheme(Scheme::JWT))
//!         .with_answers(|rejection: &Rejection| {
//!             http::Response::new(format!(r#"{{"error":"{}"}}"#, rejection.code()))
//!         })
//! }
//! ```
//!
//! [`Caller::extra`] reads claims that the issuer adds. Tokens that aren't RFC 9068's at all, such as
//! PyJWT's, are read as a type of your own by [`Guard::require_as`]; what such tokens lack is waived by
//! name on the verifier:
//!
//! ```
//! use symbolon_guard::{Guard, SharedSecret, token::Typ};
//!
//! fn of_pyjwt(secret: &SharedSecret) -> Result<Guard, symbolon_guard::token::Error> {
//!     let verifier = secret.verifier("posts", "posts", Typ::JWT)?;
//!     let verifier = verifier.dangerous_any_issuer().dangerous_any_audience();
//!     Ok(Guard::new(verifier))
//! }
//! ```
//!
//! # Features
//!
//! `axum` (default): the extractors. `remote` (default): [`Guard::remote`](Guard). With neither, the
//! guard, the layer and fixed keys remain.
//!
//! The library sets nothing global: no logger, no TLS provider, no runtime.

mod admit;
mod answer;
mod caller;
mod clock;
#[cfg(feature = "axum")]
mod extract;
mod guard;
mod keys;
mod layer;
mod outcome;
mod rejection;
#[cfg(feature = "remote")]
mod remote;
mod secret;
mod source;

#[cfg(feature = "remote")]
pub use crate::remote::{FetchError, RemoteBuilder, StartError};
pub use crate::{
    answer::Answers,
    caller::{Caller, CallerWith, Role},
    clock::{Clock, ManualClock},
    guard::Guard,
    layer::{GuardLayer, Guarded},
    outcome::{Invalid, Outcome, ReplaceKeysError, Unavailable},
    rejection::{Reason, Rejection},
    secret::{SecretError, SecretFlaw, SharedSecret},
    source::{Absent, Malformed, Scheme, SchemeError, Sources},
};
/// The crate that reads and checks the tokens themselves: keys, policies, claims.
pub use symbolon_token as token;
