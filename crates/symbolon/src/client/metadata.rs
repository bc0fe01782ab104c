//! Where everything is at a provider: found out, or given.
//!
//! OpenID Connect Discovery 1.0 §3 and §4, RFC 8414 §2 and §3, RFC 9207 §3.
//!
//! Invariant: metadata that names another issuer is refused as a whole (row K5).

use http::{Uri, uri::PathAndQuery};
use serde::Deserialize;
use symbolon_rules::upstream::{Refusal, Why};
use symbolon_token::Algorithm;

use super::{
    Endpoints, Registration,
    outgoing::{Answer, Endpoint},
};

/// What is known of a provider.
pub(super) struct Metadata {
    /// Only browsers go there.
    pub(super) authorization: String,
    pub(super) token: Endpoint,
    /// The token endpoint as it is written, for assertions that are made for it.
    pub(super) token_url: String,
    pub(super) jwks: Option<Endpoint>,
    pub(super) userinfo: Option<Endpoint>,
    pub(super) introspection: Option<Endpoint>,
    /// Only browsers go there.
    pub(super) end_session: Option<String>,
    /// The one algorithm of its ID tokens, where it makes any that can be verified here.
    pub(super) id_token_algorithm: Option<Algorithm>,
    /// Whether its answers name it.
    pub(super) promises_iss: bool,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: Option<String>,
    userinfo_endpoint: Option<String>,
    introspection_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    #[serde(default)]
    id_token_signing_alg_values_supported: Vec<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

const fn faulty(reason: &'static str) -> Refusal {
    Refusal::new(Why::Faulty, reason)
}

/// The two places where a provider's metadata may be, the usual one first.
pub(super) fn places(issuer: &Endpoint) -> [Option<Endpoint>; 2] {
    let path = issuer.uri.path().trim_end_matches('/');
    [
        format!("{path}/.well-known/openid-configuration"),
        format!("/.well-known/oauth-authorization-server{path}"),
    ]
    .map(|path| {
        let mut parts = issuer.uri.clone().into_parts();
        parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
        Some(Endpoint {
            uri: Uri::from_parts(parts).ok()?,
            reach: issuer.reach,
        })
    })
}

impl Metadata {
    /// Reads what a provider says of itself.
    pub(super) fn read(
        answer: &Answer,
        registration: &Registration,
        issuer: &Endpoint,
    ) -> Result<Self, Refusal> {
        let document: Document = serde_json::from_slice(&answer.body)
            .map_err(|_| faulty("the provider's metadata can't be read"))?;
        if document.issuer != registration.issuer {
            return Err(faulty("the metadata is that of another issuer"));
        }
        let outside = faulty(
            "the metadata names an endpoint that is neither https nor here, or inside of this network",
        );
        let endpoint = |url: &str| Endpoint::in_document_of(issuer, url).ok_or(outside);
        let optional = |url: &Option<String>| url.as_deref().map(endpoint).transpose();
        // Browsers are sent there, and nowhere that isn't fit for us either.
        endpoint(&document.authorization_endpoint)?;
        optional(&document.end_session_endpoint)?;
        let offered = &document.id_token_signing_alg_values_supported;
        Ok(Self {
            token: endpoint(&document.token_endpoint)?,
            jwks: optional(&document.jwks_uri)?,
            userinfo: optional(&document.userinfo_endpoint)?,
            introspection: optional(&document.introspection_endpoint)?,
            authorization: document.authorization_endpoint,
            token_url: document.token_endpoint,
            end_session: document.end_session_endpoint,
            id_token_algorithm: registration.id_token_algorithm.or_else(|| choose(offered)),
            promises_iss: document.authorization_response_iss_parameter_supported,
        })
    }

    /// Takes what the operator says; `None` can't happen after `Registration::check`.
    pub(super) fn given(endpoints: &Endpoints, registration: &Registration) -> Option<Self> {
        let optional = |url: &Option<String>| url.as_deref().and_then(Endpoint::named);
        Some(Self {
            authorization: endpoints.authorization.clone(),
            token: Endpoint::named(&endpoints.token)?,
            token_url: endpoints.token.clone(),
            jwks: optional(&endpoints.jwks),
            userinfo: optional(&endpoints.userinfo),
            introspection: optional(&endpoints.introspection),
            end_session: endpoints.end_session.clone(),
            id_token_algorithm: registration.id_token_algorithm.or(Some(Algorithm::RS256)),
            promises_iss: false,
        })
    }
}

/// OpenID Connect Core §3.1.3.7: RS256 is the default, and every provider has to offer it. One that
/// doesn't is taken at its first offer that is signed with a private key.
fn choose(offered: &[String]) -> Option<Algorithm> {
    let known = offered.iter().filter_map(|name| Algorithm::from_name(name));
    let mut usable = known.filter(|algorithm| !algorithm.is_symmetric());
    if offered.is_empty() || offered.iter().any(|name| name == Algorithm::RS256.name()) {
        return Some(Algorithm::RS256);
    }
    usable.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u2_the_algorithm_is_one_and_never_symmetric() {
        let choose = |offered: &[&str]| {
            let offered: Vec<_> = offered.iter().map(|&name| name.to_owned()).collect();
            choose(&offered)
        };
        assert_eq!(choose(&[]), Some(Algorithm::RS256));
        assert_eq!(choose(&["ES256", "RS256"]), Some(Algorithm::RS256));
        assert_eq!(choose(&["none", "HS256", "ES256"]), Some(Algorithm::ES256));
        assert_eq!(choose(&["none", "HS256"]), None);
    }

    #[test]
    fn metadata_is_sought_in_both_places() {
        let issuer = Endpoint::named("https://a.example/tenant/").unwrap();
        let found = places(&issuer).map(|place| place.unwrap().uri.to_string());
        assert_eq!(
            found,
            [
                "https://a.example/tenant/.well-known/openid-configuration",
                "https://a.example/.well-known/oauth-authorization-server/tenant",
            ]
        );
    }
}
