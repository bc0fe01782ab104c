//! How this program is registered at a provider (RFC 6749 §2), and whether that can be right.
//!
//! Invariant: what is refused is refused before the first request: at the start, with what to do.

use std::time::Duration;

use symbolon_rules::upstream::{ClaimNames, Next, RESERVED_PARAMETERS};
use symbolon_token::Algorithm;

use super::{Authentication, RegistrationError, outgoing::Endpoint};

/// A client of this program's at one provider; see [`crate::client`].
#[derive(Clone, Debug)]
#[must_use = "it is registered by Config::with_client"]
pub struct Registration {
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) endpoints: Option<Endpoints>,
    pub(super) authentication: Authentication,
    pub(super) scopes: Vec<String>,
    pub(super) parameters: Vec<(String, String)>,
    pub(super) claims: ClaimNames,
    pub(super) userinfo: Userinfo,
    pub(super) id_token_algorithm: Option<Algorithm>,
    pub(crate) max_age: Option<Duration>,
    pub(super) login_path: Option<String>,
    pub(super) redirect_path: Option<String>,
    pub(crate) after_login: String,
    pub(crate) after_logout: String,
    pub(crate) new_users: NewUsers,
    pub(crate) keep_tokens: bool,
    pub(super) audience: AssertionAudience,
    pub(super) timeout: Duration,
}

/// The endpoints of a provider without discovery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// Where browsers are sent (RFC 6749 §3.1).
    pub authorization: String,
    /// Where codes are redeemed (RFC 6749 §3.2).
    pub token: String,
    /// Where it says who somebody is.
    pub userinfo: Option<String>,
    /// Where its keys are, if it makes ID tokens.
    pub jwks: Option<String>,
    /// Where it says whether a token counts (RFC 7662).
    pub introspection: Option<String>,
    /// Where browsers are sent to log out (OpenID Connect RP-Initiated Logout 1.0).
    pub end_session: Option<String>,
}

/// Whether the provider is asked once more who somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Userinfo {
    /// Never: the ID token says it.
    Never,
    /// If the ID token lacks a name or an e-mail address, or where there is no ID token.
    WhenNeeded,
    /// At each login.
    Always,
}

/// What becomes of somebody whom nobody here knows yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewUsers {
    /// They become a user of this engine, without a password.
    Created,
    /// They are refused; see [`Engine::link_user`](crate::Engine::link_user).
    Refused,
}

/// What the `aud` of a client's assertions is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AssertionAudience {
    Issuer,
    TokenEndpoint,
}

impl Registration {
    /// At a provider that says where everything is (OpenID Connect Discovery 1.0, RFC 8414). The issuer
    /// is compared byte for byte with what it calls itself.
    pub fn discovered(issuer: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            client_id: client_id.into(),
            endpoints: None,
            authentication: Authentication::None,
            scopes: vec!["openid".to_owned()],
            parameters: Vec::new(),
            claims: ClaimNames::default(),
            userinfo: Userinfo::WhenNeeded,
            id_token_algorithm: None,
            max_age: None,
            login_path: None,
            redirect_path: None,
            after_login: "/".to_owned(),
            after_logout: "/".to_owned(),
            new_users: NewUsers::Created,
            keep_tokens: false,
            audience: AssertionAudience::Issuer,
            timeout: Duration::from_secs(5),
        }
    }

    /// At a provider without discovery, such as one of plain OAuth 2.0. The issuer is then a name of
    /// yours for it, an https URL, which never changes: people are known by it.
    pub fn with_endpoints(
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        endpoints: Endpoints,
    ) -> Self {
        Self {
            endpoints: Some(endpoints),
            scopes: Vec::new(),
            ..Self::discovered(issuer, client_id)
        }
    }

    /// How the client authenticates; a public client unless said otherwise.
    pub fn authentication(mut self, authentication: Authentication) -> Self {
        self.authentication = authentication;
        self
    }

    /// What is asked for. With `openid` there is an ID token, checked in full. `openid` alone with
    /// discovery, nothing without, unless said otherwise.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// One more parameter of the authorization request, such as `prompt` or `resource`.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// Where the provider's answers hold what.
    pub fn claims(mut self, claims: ClaimNames) -> Self {
        self.claims = claims;
        self
    }

    /// Whether the userinfo endpoint is asked; when needed unless said otherwise.
    pub fn userinfo(mut self, userinfo: Userinfo) -> Self {
        self.userinfo = userinfo;
        self
    }

    /// The one algorithm of the provider's ID tokens. Unless said, it is RS256 where the provider's
    /// metadata offers that, as OpenID Connect Core §3.1.3.7 has it, else the first that it offers and
    /// this engine knows.
    pub fn id_token_algorithm(mut self, algorithm: Algorithm) -> Self {
        self.id_token_algorithm = Some(algorithm);
        self
    }

    /// Asks the provider to authenticate whoever did so longer ago than this, and checks that it did.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// The path below this site that the provider sends browsers back to; `/login/NAME/callback` unless
    /// said otherwise. The provider must know the whole URL, byte for byte.
    pub fn redirect_path(mut self, path: impl Into<String>) -> Self {
        self.redirect_path = Some(path.into());
        self
    }

    /// The path where a login begins; `/login/NAME` unless said otherwise.
    pub fn login_path(mut self, path: impl Into<String>) -> Self {
        self.login_path = Some(path.into());
        self
    }

    /// Where people land who asked for no page; `/` unless said otherwise.
    pub fn after_login(mut self, path: impl Into<String>) -> Self {
        self.after_login = path.into();
        self
    }

    /// Where people land after logging out, also at the provider, which has to know the whole URL; `/`
    /// unless said otherwise.
    pub fn after_logout(mut self, path: impl Into<String>) -> Self {
        self.after_logout = path.into();
        self
    }

    /// What becomes of people whom nobody here knows yet; they are created unless said otherwise.
    pub fn new_users(mut self, new_users: NewUsers) -> Self {
        self.new_users = new_users;
        self
    }

    /// Keeps the provider's tokens, encrypted, for as long as the login counts; see
    /// [`SignedIn::provider_tokens`](super::SignedIn::provider_tokens).
    pub fn keep_tokens(mut self) -> Self {
        self.keep_tokens = true;
        self
    }

    /// Makes assertions for the token endpoint instead of the issuer, as RFC 7523 had it at first, for
    /// a server that takes no others.
    ///
    /// Dangerous: such an assertion can be used by whoever gets the client to send it to an endpoint of
    /// theirs that they named in their own metadata.
    pub fn dangerous_assertion_for_token_endpoint(mut self) -> Self {
        self.audience = AssertionAudience::TokenEndpoint;
        self
    }

    /// How long the provider is waited for, request by request; 5 seconds unless said otherwise.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    pub(super) fn is_openid(&self) -> bool {
        self.scopes.iter().any(|scope| scope == "openid")
    }

    /// Refuses what can't be right.
    pub(super) fn check(&self) -> Result<(), RegistrationError> {
        self.check_addresses()?;
        let is_id = |byte: u8| (0x20..0x7f).contains(&byte);
        let id = self.client_id.as_str();
        if id.is_empty() || id.trim() != id || !id.bytes().all(is_id) {
            return Err(RegistrationError::ClientId);
        }
        // RFC 6749 §3.3.
        let is_scope = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        let scope = |scope: &&String| scope.is_empty() || !scope.bytes().all(is_scope);
        if let Some(wrong) = self.scopes.iter().find(scope) {
            return Err(RegistrationError::Scope(wrong.clone()));
        }
        let reserved = |(name, _): &&(String, String)| {
            name.is_empty() || RESERVED_PARAMETERS.contains(&name.as_str())
        };
        if let Some((wrong, _)) = self.parameters.iter().find(reserved) {
            return Err(RegistrationError::Parameter(wrong.clone()));
        }
        self.claims.check()?;
        if self.is_openid() && self.claims.subject != ClaimNames::default().subject {
            return Err(RegistrationError::SubjectClaim);
        }
        if let Some(algorithm) = self.id_token_algorithm
            && algorithm.is_symmetric()
        {
            return Err(RegistrationError::Algorithm(algorithm));
        }
        self.check_paths()?;
        if !(Duration::from_millis(100)..=Duration::from_secs(30)).contains(&self.timeout) {
            return Err(RegistrationError::Timeout);
        }
        Ok(())
    }

    fn check_paths(&self) -> Result<(), RegistrationError> {
        let routes = [self.login_path.as_ref(), self.redirect_path.as_ref()];
        let routes = routes.into_iter().flatten();
        // A route is a path and nothing else, and has no pattern in it.
        let no_route = |path: &&String| path.contains(['?', '#', '{', '}']);
        let wrong = routes.clone().find(no_route).or_else(|| {
            let pages = [&self.after_login, &self.after_logout];
            routes.chain(pages).find(|path| Next::parse(path).is_none())
        });
        match wrong {
            Some(wrong) => Err(RegistrationError::Path(wrong.clone())),
            None => Ok(()),
        }
    }

    fn check_addresses(&self) -> Result<(), RegistrationError> {
        // RFC 8414 §2: no query, no fragment.
        if Endpoint::named(&self.issuer).is_none() || self.issuer.contains(['?', '#']) {
            return Err(RegistrationError::Issuer(self.issuer.clone()));
        }
        let Some(endpoints) = &self.endpoints else {
            return Ok(());
        };
        let given = [
            ("authorization_endpoint", Some(&endpoints.authorization)),
            ("token_endpoint", Some(&endpoints.token)),
            ("userinfo_endpoint", endpoints.userinfo.as_ref()),
            ("jwks_uri", endpoints.jwks.as_ref()),
            ("introspection_endpoint", endpoints.introspection.as_ref()),
            ("end_session_endpoint", endpoints.end_session.as_ref()),
        ];
        for (name, url) in given {
            if let Some(url) = url
                && Endpoint::named(url).is_none()
            {
                let url = url.clone();
                return Err(RegistrationError::Endpoint { name, url });
            }
        }
        if self.is_openid() {
            return match endpoints.jwks {
                Some(_) => Ok(()),
                None => Err(RegistrationError::NoKeys),
            };
        }
        match endpoints.userinfo {
            Some(_) if self.userinfo != Userinfo::Never => Ok(()),
            _ => Err(RegistrationError::NoSubject),
        }
    }
}

#[cfg(test)]
mod tests;
