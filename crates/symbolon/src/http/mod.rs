//! HTTP: translates requests into acts and their results into answers, and does nothing else.

#[cfg(any(feature = "client", feature = "cli"))]
mod accept;
mod api;
mod app_session;
mod body;
#[cfg(any(feature = "client", feature = "cli"))]
mod csrf;
mod current_user;
mod error;
mod health;
mod messages;
#[cfg(any(feature = "client", feature = "cli"))]
mod page;
mod router;
#[cfg(feature = "cli")]
mod setup;
#[cfg(feature = "client")]
mod upstream;
mod well_known;

pub use app_session::{AppSession, AppSessionError, AppSessions, WithAppSession};
pub use current_user::CurrentUser;
#[cfg(feature = "cli")]
pub(crate) use error::Language;
pub(crate) use router::{jwks_route, login_route, me_route, router, routes};
#[cfg(feature = "client")]
pub use upstream::{SignedIn, SignedInError};
#[cfg(feature = "client")]
pub(crate) use upstream::{callback_route, client_keys_route, log_in_route, log_out_route};
#[cfg(feature = "cli")]
pub(crate) mod serve;
