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
use serde::Deserialize;
use symbolon_token::{Algorithm, KeySet};

use super::fetch::{FetchError, Fetcher, Fresh};

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
    ) -> Result<Fresh<KeySet>, FetchError> {
        let jwks_uri = self.locate(fetcher).await?;
        let document = fetcher.fetch(&jwks_uri).await?;
        let parsed =
            KeySet::from_jwks(&document.value, algorithms).map_err(FetchError::Malformed)?;
        // An emptied set is far more often an accident at the issuer than the wish that no token be
        // good any more.
        if parsed.keys.is_empty() {
            return Err(FetchError::NoUsableKey);
        }
        Ok(Fresh {
            value: parsed.keys,
            fresh_for: document.fresh_for,
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
mod tests {
    use super::*;

    #[test]
    fn only_https_or_this_machine_is_an_address() {
        for good in [
            "https://login.example",
            "https://login.example:8443/tenant",
            "http://127.0.0.1:8080",
            "http://127.9.9.9",
            "http://[::1]:8080",
            "http://localhost:8080/a",
        ] {
            assert!(address(good).is_some(), "{good}");
        }
        for bad in [
            "http://login.example",
            "http://localhost.example",
            "http://127.0.0.1.example",
            "http://127.0.0.1@login.example",
            "https://login.example@evil.example",
            "http://10.0.0.1",
            "http://[::ffff:10.0.0.1]",
            "http://0.0.0.0",
            "ftp://127.0.0.1",
            "file:///etc/passwd",
            "login.example",
            "/keys",
            "",
        ] {
            assert!(address(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn both_well_known_forms_follow_the_issuers_path() {
        let places = |issuer| match KeySource::discovered(issuer) {
            Some(KeySource::Discovered { metadata, .. }) => {
                Some(metadata.map(|uri| uri.to_string()))
            }
            _ => None,
        };
        assert_eq!(
            places("https://a.example"),
            Some([
                "https://a.example/.well-known/openid-configuration".into(),
                "https://a.example/.well-known/oauth-authorization-server".into(),
            ])
        );
        assert_eq!(
            places("https://a.example/t/1"),
            Some([
                "https://a.example/t/1/.well-known/openid-configuration".into(),
                "https://a.example/.well-known/oauth-authorization-server/t/1".into(),
            ])
        );
        for bad in ["https://a.example?x=1", "https://a.example#x", "a.example"] {
            assert!(places(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn t12_metadata_speaks_for_the_pinned_issuer_byte_for_byte() {
        let document = |issuer: &str| {
            format!(r#"{{"issuer":"{issuer}","jwks_uri":"https://a.example/keys","more":1}}"#)
        };
        let read = |issuer: &str| read_metadata(document(issuer).as_bytes(), "https://a.example");
        assert!(read("https://a.example").is_ok());
        for liar in [
            "https://a.example/",
            "https://A.example",
            "https://a.example:443",
            "https://a.example.evil",
            "https://a.exampl",
            "http://a.example",
            "",
        ] {
            assert!(matches!(read(liar), Err(FetchError::WrongIssuer)), "{liar}");
        }
    }

    #[test]
    fn metadata_leads_nowhere_insecure() {
        let read = |pinned: &str, jwks_uri: &str| {
            let document = format!(r#"{{"issuer":"{pinned}","jwks_uri":"{jwks_uri}"}}"#);
            read_metadata(document.as_bytes(), pinned)
        };
        for (pinned, jwks_uri) in [
            ("https://a.example", "http://a.example/keys"),
            ("https://a.example", "http://127.0.0.1/keys"),
            ("https://a.example", "file:///keys"),
            ("https://a.example", "/keys"),
            ("http://127.0.0.1", "http://a.example/keys"),
        ] {
            assert!(
                matches!(read(pinned, jwks_uri), Err(FetchError::InsecureJwksUri)),
                "{pinned} {jwks_uri}"
            );
        }
        assert!(read("http://127.0.0.1", "https://a.example/keys").is_ok());
    }

    #[test]
    fn metadata_of_another_shape_is_refused() {
        for document in [
            "",
            "[]",
            "{}",
            r#"{"issuer":"https://a.example"}"#,
            r#"{"issuer":["https://a.example"],"jwks_uri":"https://a.example/k"}"#,
            r#"{"issuer":"https://evil.example","issuer":"https://a.example","jwks_uri":"https://a.example/k"}"#,
            r#"{"issuer":"https://a.example","jwks_uri":"https://a.example/k"} x"#,
        ] {
            assert!(
                matches!(
                    read_metadata(document.as_bytes(), "https://a.example"),
                    Err(FetchError::MalformedMetadata)
                ),
                "{document}"
            );
        }
    }
}
