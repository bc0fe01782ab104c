//! Where an issuer publishes its keys.
//!
//! OpenID Connect Discovery 1.0 §4.1 and §4.3, RFC 8414 §3.1 and §3.3, RFC 6761 §6.3 (`localhost`).
//!
//! Invariant: keys and metadata travel over https, or don't leave the machine. What an https issuer
//! names is https.
//! Invariant: metadata that names another issuer is refused as a whole (row K5).

use std::net::IpAddr;

use http::{
    Uri,
    uri::{PathAndQuery, Scheme},
};
use hyper::body::Bytes;
use serde::Deserialize;
use symbolon_token::{Algorithm, KeySet};

use super::{
    FetchError,
    fetch::{Fetcher, Fresh},
};

/// An address we are willing to fetch from: https anywhere, http on this machine.
pub(super) fn address(url: &str) -> Option<Uri> {
    let uri: Uri = url.parse().ok()?;
    let authority = uri.authority()?;
    // RFC 9110 §4.2.4: a name and password in a URL is a way to disguise the host.
    if authority.as_str().contains('@') {
        return None;
    }
    let allowed = match uri.scheme_str()? {
        "https" => true,
        "http" => is_loopback(authority.host()),
        _ => false,
    };
    allowed.then_some(uri)
}

fn is_loopback(host: &str) -> bool {
    let literal = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || literal
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The keys of an issuer, and the document that they stood in.
pub(super) struct Fetched {
    pub(super) keys: KeySet,
    pub(super) document: Fresh<Bytes>,
}

/// How to get at an issuer's keys.
pub(super) enum KeySource {
    Given {
        jwks_uri: Uri,
    },
    Discovered {
        issuer: String,
        metadata: [Uri; 2],
        /// Kept from one fetch to the next, until one fails: then the keys may have moved.
        jwks_uri: Option<Uri>,
    },
}

impl KeySource {
    pub(super) fn given(jwks_uri: Uri) -> Self {
        Self::Given { jwks_uri }
    }

    /// `None` if the issuer is no address to fetch from. RFC 8414 §2: no query, no fragment.
    pub(super) fn discovered(issuer: &str) -> Option<Self> {
        if issuer.contains(['?', '#']) {
            return None;
        }
        let uri = address(issuer)?;
        let path = uri.path().trim_end_matches('/');
        Some(Self::Discovered {
            issuer: issuer.to_owned(),
            metadata: [
                with_path(&uri, &format!("{path}/.well-known/openid-configuration"))?,
                with_path(
                    &uri,
                    &format!("/.well-known/oauth-authorization-server{path}"),
                )?,
            ],
            jwks_uri: None,
        })
    }

    /// Whether fetching needs TLS to work.
    pub(super) fn is_https(&self) -> bool {
        let (Self::Given { jwks_uri: uri }
        | Self::Discovered {
            metadata: [uri, _], ..
        }) = self;
        uri.scheme() == Some(&Scheme::HTTPS)
    }

    /// Fetches the keys that can be used with these algorithms: at least one, or it is a failure.
    pub(super) async fn fetch(
        &mut self,
        fetcher: &Fetcher,
        algorithms: &[Algorithm],
    ) -> Result<Fetched, FetchError> {
        let jwks_uri = self.locate(fetcher).await?;
        let document = fetcher.fetch(&jwks_uri).await?;
        let parsed =
            KeySet::from_jwks(&document.value, algorithms).map_err(FetchError::Malformed)?;
        // An emptied set is far more often an accident at the issuer than the wish that no token be
        // good any more.
        if parsed.keys.is_empty() {
            return Err(FetchError::NoUsableKey);
        }
        Ok(Fetched {
            keys: parsed.keys,
            document,
        })
    }

    /// The next fetch finds out anew where the keys are.
    pub(super) fn forget(&mut self) {
        if let Self::Discovered { jwks_uri, .. } = self {
            *jwks_uri = None;
        }
    }

    async fn locate(&mut self, fetcher: &Fetcher) -> Result<Uri, FetchError> {
        match self {
            Self::Given { jwks_uri }
            | Self::Discovered {
                jwks_uri: Some(jwks_uri),
                ..
            } => Ok(jwks_uri.clone()),
            Self::Discovered {
                issuer,
                metadata: [openid, oauth],
                jwks_uri,
            } => {
                let document = match fetcher.fetch(openid).await {
                    // Only "there is no such page" leads to the other place; a page that lies or
                    // doesn't come is an answer.
                    Err(FetchError::Status(_)) => fetcher.fetch(oauth).await?,
                    other => other?,
                };
                let found = read_metadata(&document.value, issuer)?;
                Ok(jwks_uri.insert(found).clone())
            }
        }
    }
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

fn read_metadata(document: &[u8], pinned: &str) -> Result<Uri, FetchError> {
    let metadata: Metadata =
        serde_json::from_slice(document).map_err(|_| FetchError::MalformedMetadata)?;
    // RFC 8414 §3.3: without this, whoever can write one metadata document can speak for every issuer.
    if metadata.issuer != pinned {
        return Err(FetchError::WrongIssuer);
    }
    let jwks_uri = address(&metadata.jwks_uri).ok_or(FetchError::InsecureJwksUri)?;
    if pinned.starts_with("https:") && jwks_uri.scheme() != Some(&Scheme::HTTPS) {
        return Err(FetchError::InsecureJwksUri);
    }
    Ok(jwks_uri)
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests;
