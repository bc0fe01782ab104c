//! A client at work: what it knows of its provider, and the requests that need nothing else.

use std::{fmt, sync::Arc};

use symbolon_guard::Clock;
use symbolon_rules::upstream::{AuthorizationRequest, LoginState, Pending, Refusal, Why};
use symbolon_token::{JwkSet, KeySet};

use super::{
    Authentication, ClientError, Registration, Tokens,
    cached::Cached,
    form,
    metadata::{Metadata, places},
    outgoing::{Answer, Endpoint, Outgoing, Send},
    refresh::Refreshes,
    service_token::ServiceToken,
};
use crate::{Randomness, keys::sha256};

/// A client of this program's at one provider; [`Engine::client`](crate::Engine::client) finds it. Clones
/// are cheap and share everything.
///
/// Logging people in is what its routes are for. Beyond that it gets tokens for the program itself:
///
/// ```no_run
/// # async fn call(engine: &symbolon::Engine) -> Result<(), Box<dyn std::error::Error>> {
/// let client = engine.client("warehouse").ok_or("no such client")?;
/// let token = client.service_token(&["stock:read"]).await?;
/// let header = format!("Bearer {}", token.access_token());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) name: String,
    pub(super) registration: Registration,
    pub(super) redirect_uri: String,
    pub(super) clock: Clock,
    pub(super) randomness: Randomness,
    pub(super) service: ServiceToken,
    pub(super) refreshes: Refreshes,
    outgoing: Arc<Outgoing>,
    issuer: Endpoint,
    metadata: Cached<Metadata>,
    keys: Cached<KeySet>,
}

/// What all clients of an engine share.
pub(super) struct Shared {
    pub(super) outgoing: Arc<Outgoing>,
    pub(super) clock: Clock,
    pub(super) randomness: Randomness,
}

impl Client {
    /// `None` for an issuer that `Registration::check` would have refused.
    pub(super) fn new(
        name: String,
        registration: Registration,
        redirect_uri: String,
        shared: &Shared,
    ) -> Option<Self> {
        Some(Self(Arc::new(Inner {
            issuer: Endpoint::named(&registration.issuer)?,
            name,
            registration,
            redirect_uri,
            clock: shared.clock.clone(),
            randomness: shared.randomness.clone(),
            outgoing: Arc::clone(&shared.outgoing),
            metadata: Cached::default(),
            keys: Cached::default(),
            service: ServiceToken::default(),
            refreshes: Refreshes::default(),
        })))
    }

    /// Its name here.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its provider.
    pub fn issuer(&self) -> &str {
        &self.0.registration.issuer
    }

    /// Where the provider sends browsers back to; it has to know this URL byte for byte.
    pub fn redirect_uri(&self) -> &str {
        &self.0.redirect_uri
    }

    /// An access token for the program itself (RFC 6749 §4.4), good for half a minute at the least.
    ///
    /// It is asked for once and shared until its time is nearly over; then one caller gets the next while
    /// the others go on with this one.
    pub async fn service_token(&self, scopes: &[&str]) -> Result<Arc<Tokens>, ClientError> {
        Ok(self.0.service_token(scopes).await?)
    }

    /// Another access token for these tokens' owner (RFC 6749 §6). Whoever asks at the same time with the
    /// same refresh token gets the same answer: a provider that rotates refresh tokens takes a second
    /// use for a theft.
    pub async fn refresh(&self, tokens: &Tokens) -> Result<Arc<Tokens>, ClientError> {
        Ok(self.0.refresh(tokens).await?)
    }

    pub(crate) fn registration(&self) -> &Registration {
        &self.0.registration
    }

    /// The path where a login begins on this site.
    pub(crate) fn login_path(&self) -> String {
        match &self.0.registration.login_path {
            Some(path) => path.clone(),
            None => format!("/login/{}", self.0.name),
        }
    }

    /// The path of the callback on this site.
    pub(crate) fn redirect_path(&self) -> String {
        redirect_path(&self.0.name, &self.0.registration)
    }

    /// The public keys that its provider verifies its assertions with.
    pub(crate) fn public_keys(&self) -> Option<JwkSet> {
        match &self.0.registration.authentication {
            Authentication::PrivateKeyJwt(keys) => Some(keys.public()),
            _ => None,
        }
    }

    /// Where a browser is sent to log in.
    pub(crate) async fn authorization_url(
        &self,
        state: &LoginState,
        pending: &Pending,
    ) -> Result<String, Refusal> {
        let metadata = self.0.metadata().await?;
        let registration = &self.0.registration;
        let request = AuthorizationRequest {
            client_id: &registration.client_id,
            redirect_uri: &self.0.redirect_uri,
            scopes: &registration.scopes,
            extra: &registration.parameters,
        };
        let parameters = request.parameters(&state.to_text(), pending, sha256);
        let parameters = parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        Ok(form::append_query(&metadata.authorization, parameters))
    }

    /// Whether the provider's answers name it.
    pub(crate) async fn promises_iss(&self) -> Result<bool, Refusal> {
        Ok(self.0.metadata().await?.promises_iss)
    }

    /// Where a browser is sent to log out at the provider, if it offers that (OpenID Connect
    /// RP-Initiated Logout 1.0 §2).
    pub(crate) async fn end_session_url(
        &self,
        id_token: Option<&str>,
        back_to: &str,
    ) -> Option<String> {
        let metadata = self.0.metadata().await.ok()?;
        let end_session = metadata.end_session.as_deref()?;
        let client_id = &self.0.registration.client_id;
        let hint = id_token.map(|token| ("id_token_hint", token));
        let fields = [
            ("client_id", client_id.as_str()),
            ("post_logout_redirect_uri", back_to),
        ];
        Some(form::append_query(
            end_session,
            hint.into_iter().chain(fields),
        ))
    }
}

/// The path of a client's callback.
pub(super) fn redirect_path(name: &str, registration: &Registration) -> String {
    match &registration.redirect_path {
        Some(path) => path.clone(),
        None => format!("/login/{name}/callback"),
    }
}

impl Inner {
    /// What is known of the provider, found out where that is some time ago.
    pub(super) async fn metadata(&self) -> Result<Arc<Metadata>, Refusal> {
        let find = async || match &self.registration.endpoints {
            Some(given) => Metadata::given(given, &self.registration)
                .ok_or(Refusal::new(Why::ClientRefused, "an endpoint is no URL")),
            None => self.discover().await,
        };
        self.metadata.find(self.clock.monotonic(), find).await
    }

    async fn discover(&self) -> Result<Metadata, Refusal> {
        let absent = Refusal::new(Why::Faulty, "the provider publishes no metadata");
        for place in places(&self.issuer).into_iter().flatten() {
            let answer = self.send(&place, Send::Get { bearer: None }).await?;
            // Only "there is no such page" leads to the other place; a page that lies is an answer.
            if answer.is_success {
                return Metadata::read(&answer, &self.registration, &self.issuer);
            }
        }
        Err(absent)
    }

    /// The provider's keys for ID tokens; with `newer`, those that it publishes now.
    pub(super) async fn keys(&self, newer: bool) -> Result<Arc<KeySet>, Refusal> {
        let fetch = async || {
            let metadata = self.metadata().await?;
            let (Some(jwks), Some(algorithm)) = (&metadata.jwks, metadata.id_token_algorithm)
            else {
                return Err(Refusal::new(
                    Why::Faulty,
                    "the provider publishes no keys that ID tokens could be verified with",
                ));
            };
            let answer = self.send(jwks, Send::Get { bearer: None }).await?;
            let document = answer.success("the provider's key set can't be had")?;
            let parsed = KeySet::from_jwks(&document, &[algorithm])
                .map_err(|error| Refusal::new(Why::Faulty, error.reason()))?;
            if parsed.keys.is_empty() {
                return Err(Refusal::new(
                    Why::Faulty,
                    "the provider's key set holds no usable key",
                ));
            }
            Ok(parsed.keys)
        };
        let now = self.clock.monotonic();
        if newer {
            self.keys.find_newer(now, fetch).await
        } else {
            self.keys.find(now, fetch).await
        }
    }

    pub(super) async fn send(
        &self,
        endpoint: &Endpoint,
        send: Send<'_>,
    ) -> Result<Answer, Refusal> {
        let deadline = self.registration.timeout;
        self.outgoing.send(endpoint, send, deadline).await
    }
}

impl Answer {
    /// The body of a success.
    pub(super) fn success(self, otherwise: &'static str) -> Result<hyper::body::Bytes, Refusal> {
        if self.is_success {
            Ok(self.body)
        } else {
            Err(Refusal::new(Why::Faulty, otherwise))
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("name", &self.0.name)
            .field("issuer", &self.0.registration.issuer)
            .finish_non_exhaustive()
    }
}
