//! HTTP: translates requests into acts and their results into answers, and does nothing else.

mod api;
mod app_session;
mod body;
mod current_user;
mod error;
mod health;
mod messages;
mod router;
mod well_known;

pub use app_session::{AppSession, AppSessionError, AppSessions, WithAppSession};
pub use current_user::CurrentUser;
#[cfg(feature = "cli")]
pub(crate) use error::Language;
pub(crate) use router::{jwks_route, login_route, me_route, router, routes};
#[cfg(feature = "cli")]
pub(crate) mod serve;
