//! Logging in with others, mounted in a program.

use std::sync::Arc;

use axum::{Router, routing::MethodRouter};
use symbolon_rules::user::{Username, UsernameError};

use crate::{
    AppError, Engine,
    client::{Client, KEYS_PATH, LOG_OUT_PATH},
    http::{callback_route, client_keys_route, log_in_route, log_out_route},
    store::{Link, Linked},
};

/// There is no client of this name.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no client {name:?}; Config::with_client registered {known}")]
pub struct UnknownClient {
    name: String,
    known: String,
}

crate::reads_as_text!(UnknownClient);

/// Why a subject wasn't linked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// This can't be anybody's name.
    #[error("this can't be a username: {0}")]
    Username(UsernameError),
    /// Nobody has this name.
    #[error("there is no user of this name")]
    NoUser,
    /// The subject is linked to somebody already, perhaps to this user.
    #[error("the subject has a link already")]
    Taken,
    /// Nothing was decided; try again.
    #[error(transparent)]
    App(#[from] AppError),
}

impl Engine {
    /// Every route of logging in with others: for each client `GET /login/NAME` and its callback, `POST
    /// /logout`, and `GET /login/keys` with the public keys of clients that sign.
    ///
    /// They need the layer of [`Engine::app_sessions`] around them, as the pages do that take a
    /// [`SignedIn`](crate::client::SignedIn).
    ///
    /// `GET /login/NAME?next=/path` leads to that page of this site afterwards. What goes wrong is a page
    /// in English or Korean, or problem details, with a code from docs/errors.md.
    pub fn log_in_with<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let router = Router::new()
            .route(KEYS_PATH, self.client_keys_route())
            .route(LOG_OUT_PATH, self.log_out_route());
        self.app.clients.iter().fold(router, |router, client| {
            let (app, of) = (&self.app, client);
            router
                .route(
                    &client.login_path(),
                    log_in_route(Arc::clone(app), of.clone()),
                )
                .route(
                    &client.redirect_path(),
                    callback_route(Arc::clone(app), of.clone()),
                )
        })
    }

    /// Where a login with this client's provider begins, alone, for a path of the program's own.
    pub fn log_in_route<S: Clone + Send + Sync + 'static>(
        &self,
        client: &str,
    ) -> Result<MethodRouter<S>, UnknownClient> {
        let client = self.known_client(client)?;
        Ok(log_in_route(Arc::clone(&self.app), client))
    }

    /// Its callback alone; the path has to be the registration's
    /// [`redirect_path`](crate::client::Registration::redirect_path).
    pub fn callback_route<S: Clone + Send + Sync + 'static>(
        &self,
        client: &str,
    ) -> Result<MethodRouter<S>, UnknownClient> {
        let client = self.known_client(client)?;
        Ok(callback_route(Arc::clone(&self.app), client))
    }

    /// Logging out alone: a form with the field `csrf_token`.
    pub fn log_out_route<S: Clone + Send + Sync + 'static>(&self) -> MethodRouter<S> {
        log_out_route(Arc::clone(&self.app))
    }

    /// The public keys of clients that sign their assertions (RFC 7517 §5), alone.
    pub fn client_keys_route<S: Clone + Send + Sync + 'static>(&self) -> MethodRouter<S> {
        client_keys_route(Arc::clone(&self.app))
    }

    /// The client of this name.
    pub fn client(&self, name: &str) -> Option<Client> {
        self.app.clients.find(name).cloned()
    }

    /// Links the subject of a provider to a user who is there, so that its logins are theirs.
    ///
    /// Only who has proved to be that user may have this done; an e-mail address proves nothing.
    pub async fn link_user(
        &self,
        username: &str,
        issuer: &str,
        subject: &str,
    ) -> Result<(), LinkError> {
        let username = Username::parse(username).map_err(LinkError::Username)?;
        let link = Link {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
        };
        match self.app.link_user(username, link).await? {
            Linked::Done => Ok(()),
            Linked::NoUser => Err(LinkError::NoUser),
            Linked::LinkTaken | Linked::NameTaken => Err(LinkError::Taken),
        }
    }

    fn known_client(&self, name: &str) -> Result<Client, UnknownClient> {
        self.client(name).ok_or_else(|| {
            let known: Vec<_> = self.app.clients.iter().map(Client::name).collect();
            UnknownClient {
                name: name.to_owned(),
                known: match known.as_slice() {
                    [] => "none".to_owned(),
                    names => names.join(", "),
                },
            }
        })
    }
}
