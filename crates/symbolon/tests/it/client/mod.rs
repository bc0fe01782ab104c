//! Logging in with others, against a provider of ours that lies when it is told to.

mod browser;
mod faults;
mod flow;
mod guarded;
mod kept_tokens;
mod keys;
mod people;
mod plain_oauth;
mod provider;
mod service;

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use serde_json::{Value, json};
use symbolon::{
    AppSession, Config, Engine,
    client::{Authentication, ClientSecret, Registration, SignedIn, SignedInError},
};

use self::{browser::Browser, provider::Provider};
use crate::support::Server;

const CLIENT: &str = "ours";
const CLIENT_ID: &str = "client-id";
const SECRET: &str = "client-secret";

/// A program with one client, and the provider that it is registered at.
struct Site {
    server: Server,
    provider: Provider,
    router: Router,
}

fn secret() -> ClientSecret {
    ClientSecret::new(SECRET).unwrap()
}

/// As most are: OpenID Connect, a secret, a name and an address.
fn registration(provider: &Provider) -> Registration {
    Registration::discovered(provider.issuer(), CLIENT_ID)
        .authentication(Authentication::SecretBasic(secret()))
        .scopes(["openid", "email", "profile"])
}

impl Site {
    async fn start() -> Self {
        Self::start_with(|registration| registration).await
    }

    async fn start_with(change: impl FnOnce(Registration) -> Registration) -> Self {
        Self::configured(change, |config| config).await
    }

    async fn configured(
        change: impl FnOnce(Registration) -> Registration,
        configure: impl FnOnce(Config) -> Config,
    ) -> Self {
        let provider = Provider::start().await;
        let registration = change(registration(&provider));
        let server = Server::start_with(|config| {
            let given = config.clone().with_client(CLIENT, registration);
            *config = configure(given);
        });
        let server = server.await;
        Self {
            router: routes(&server.engine),
            server,
            provider,
        }
    }

    /// One with another client, `theirs`, at a provider of its own.
    async fn with_two_providers() -> (Self, Provider) {
        let other = Provider::start().await;
        let registered = registration(&other);
        let with_theirs = |config: Config| config.with_client("theirs", registered);
        let site = Self::configured(|registration| registration, with_theirs).await;
        (site, other)
    }

    fn browser(&self) -> Browser<'_> {
        Browser::new(&self.router)
    }

    /// A browser whose login went well.
    async fn logged_in(&self) -> Browser<'_> {
        let mut browser = self.browser();
        let answer = self.log_in(&mut browser, "/login/ours").await;
        assert_eq!(answer.status, StatusCode::FOUND, "{answer:?}");
        browser
    }

    /// The whole way: off, to the provider, and back.
    async fn log_in(&self, browser: &mut Browser<'_>, path: &str) -> crate::support::Answer {
        let off = browser.get(path).await;
        assert_eq!(off.status, StatusCode::FOUND, "{off:?}");
        let back = self.provider.authorize(off.header("location"));
        browser.get(&back).await
    }
}

fn routes(engine: &Engine) -> Router {
    async fn who(who: Option<SignedIn>) -> Json<Value> {
        Json(who.map_or(Value::Null, |who| {
            json!({
                "username": who.username(),
                "subject": who.subject(),
                "roles": who.roles().collect::<Vec<_>>(),
                "profile": who.profile(),
                "client": who.client(),
                "csrf": who.csrf_token(),
            })
        }))
    }
    async fn change(who: SignedIn) -> String {
        who.username().to_owned()
    }
    async fn token(who: SignedIn) -> Result<String, (StatusCode, String)> {
        match who.provider_tokens().await {
            Ok(tokens) => Ok(tokens.access_token().to_owned()),
            Err(SignedInError::Provider(error)) => Err((StatusCode::CONFLICT, error.to_string())),
            Err(error) => Err((StatusCode::SERVICE_UNAVAILABLE, error.to_string())),
        }
    }
    async fn refresh(
        State(engine): State<Engine>,
        who: SignedIn,
    ) -> Result<String, (StatusCode, String)> {
        let failed = |error: &dyn std::error::Error| (StatusCode::CONFLICT, error.to_string());
        let tokens = who
            .provider_tokens()
            .await
            .map_err(|error| failed(&error))?;
        let client = engine.client(who.client()).unwrap();
        let refreshed = client
            .refresh(&tokens)
            .await
            .map_err(|error| failed(&error))?;
        Ok(refreshed.access_token().to_owned())
    }
    async fn note(session: AppSession) -> Json<Option<String>> {
        Json(session.get("note").unwrap())
    }
    async fn remember(session: AppSession) {
        session.set("note", "remembered").unwrap();
    }
    Router::new()
        .route("/note", get(note))
        .route("/remember", get(remember))
        .route("/refresh", get(refresh))
        .route("/who", get(who))
        .route("/change", post(change).get(change))
        .route("/token", get(token))
        .merge(engine.log_in_with())
        .layer(engine.app_sessions())
        .with_state(engine.clone())
}
