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
//! token, [`CallerWith`] wants a [`Role`] or another [`Need`], and [`Guard::layer`] guards everything under it.
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
//! [`Profile::own`] makes callers of such tokens, and [`Guard::or`] takes them beside ours.
//!
//! # More
//!
//! - Issuers that write no RFC 9068 (Keycloak, Auth0, Entra and others): [`Profile`]. Several: [`Guard::or`].
//! - Cookies, with a check against foreign pages: [`TokenCookie`].
//! - Scopes, fresh logins, all of and any of: [`Need`]; claims of your own: [`CallerAs`].
//! - Good tokens that count no more: [`DenySet`]; your users and checks: [`Guard::with_user_loader`],
//!   [`Guard::with_check`], [`Guard::with_deny_check`].
//! - Where clients learn which issuer to ask: [`ResourceMetadata`].
//! - Routes that nobody guards: [`Routes`]. Tokens for your tests: `symbolon_guard::testing`.
//!
//! # Features
//!
//! `axum` (default): the extractors. `remote` (default): [`Guard::remote`](Guard). `routes` (default):
//! [`Routes`]. `testing`: the module of that name. With none of them, the guard, the layer and fixed keys
//! remain.
//!
//! The library sets nothing global: no logger, no TLS provider, no runtime.

mod admit;
mod admitted;
mod answer;
mod cache;
mod caller;
mod clock;
mod csrf;
mod deny;
mod digest;
#[cfg(feature = "axum")]
mod extract;
mod guard;
mod hooks;
mod issuer;
mod judge;
mod keyed_hash;
mod keys;
mod layer;
mod metadata;
mod need;
mod outcome;
mod peek;
mod profile;
mod rejection;
#[cfg(feature = "remote")]
mod remote;
#[cfg(feature = "routes")]
mod routes;
mod secret;
mod source;
#[cfg(feature = "testing")]
pub mod testing;

#[cfg(feature = "remote")]
pub use crate::remote::{FetchError, RemoteBuilder, StartError};
#[cfg(feature = "routes")]
pub use crate::routes::{Routes, Unguarded};
pub use crate::{
    answer::{Answers, Language},
    caller::Caller,
    clock::{Clock, ManualClock},
    csrf::{CSRF_CLAIM, CrossSite, CsrfValue},
    deny::{Denied, DenySet},
    guard::Guard,
    hooks::{Hook, HookError, HookFailed},
    layer::{GuardLayer, Guarded, Guarding},
    metadata::{Answering, MetadataError, MetadataLayer, ResourceMetadata, WithMetadata},
    need::{AnyOf, CallerWith, FreshWithin, InScope, Need, Role, Scope},
    outcome::{Invalid, Outcome, ReplaceKeysError, Unavailable, WrongKind},
    profile::{Identified, Profile},
    rejection::{Reason, Rejection},
    secret::{SecretError, SecretFlaw, SharedSecret},
    source::{Absent, Malformed, Scheme, SchemeError, Sources, TokenCookie, TokenCookieError},
};
#[cfg(feature = "axum")]
pub use crate::{
    extract::{CallerAs, Loadable, User},
    layer::{BodyGuardLayer, BodyGuarded},
};
/// The crate that reads and checks the tokens themselves: keys, policies, claims.
pub use symbolon_token as token;

/// The documents' code compiles.
#[cfg(all(doctest, feature = "remote", feature = "routes", feature = "testing"))]
mod documents {
    macro_rules! documents {
        ($($name:ident: $path:literal;)+) => {
            $(#[doc = include_str!(concat!("../../../docs/", $path))]
            struct $name;)+
        };
    }

    documents! {
        Guard: "guard.md";
        FromJsonwebtoken: "from-jsonwebtoken.md";
        FromAxumLogin: "from-axum-login.md";
        FromJwtAuthorizer: "from-jwt-authorizer.md";
        FromFlaskJwtExtended: "from-flask-jwt-extended.md";
    }
}
