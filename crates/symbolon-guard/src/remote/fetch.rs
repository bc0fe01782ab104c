//! One bounded GET.
//!
//! RFC 9111 §5.2.2.1 and §5.1 (max-age, Age), RFC 7517 §8.5 (media type), RFC 6761 §6.3 (`localhost`).
//!
//! Invariant: at most 512 KiB come in, no redirect is followed, no proxy of the environment is asked.
//! The 5 seconds are the caller's (`refresh.rs`): they bound the attempt as a whole.
//! Invariant: the TLS provider is named here and never installed for the process.

use std::{
    future::Future,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
    vec,
};

use http::{
    HeaderMap, Request, StatusCode, Uri,
    header::{ACCEPT, AGE, CACHE_CONTROL, CONTENT_TYPE, USER_AGENT},
};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{
            HttpConnector,
            dns::{GaiResolver, Name},
        },
    },
    rt::TokioExecutor,
};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use tower_service::Service;

use super::{FetchError, discovery::KeySource};

const LARGEST: usize = 512 * 1024;
const FRESH_BY_DEFAULT: Duration = Duration::from_mins(5);
const FRESH_AT_LEAST: Duration = Duration::from_mins(1);
const FRESH_AT_MOST: Duration = Duration::from_hours(1);

pub(super) struct Fetcher {
    client: Client<HttpsConnector<HttpConnector<Resolver>>, Empty<Bytes>>,
}

/// Something fetched, and how long it may be used before asking again.
pub(super) struct Fresh<T> {
    pub(super) value: T,
    pub(super) fresh_for: Duration,
}

impl Fetcher {
    /// Fails if TLS is needed and this machine trusts nobody.
    pub(super) fn new(source: &KeySource) -> io::Result<Self> {
        let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let tls = if source.is_https() {
            tls.with_native_roots()?
        } else {
            // An issuer on this machine works on a machine without certificate authorities too.
            tls.with_root_certificates(RootCertStore::empty())
        };
        let mut http = HttpConnector::new_with_resolver(Resolver(GaiResolver::new()));
        http.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls.with_no_client_auth())
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        Ok(Self {
            // The next fetch is minutes away: an idle connection would only be there to break.
            client: Client::builder(TokioExecutor::new())
                .pool_max_idle_per_host(0)
                .build(connector),
        })
    }

    pub(super) async fn fetch(&self, uri: &Uri) -> Result<Fresh<Bytes>, FetchError> {
        let request = Request::get(uri)
            .header(ACCEPT, "application/json, application/jwk-set+json")
            .header(USER_AGENT, "symbolon-guard")
            .body(Empty::new())
            .map_err(|error| FetchError::Unreachable(Box::new(error)))?;
        let response = self
            .client
            .request(request)
            .await
            .map_err(|error| FetchError::Unreachable(Box::new(error)))?;

        let status = response.status();
        if status.is_redirection() {
            return Err(FetchError::Redirected);
        }
        if status != StatusCode::OK {
            return Err(FetchError::Status(status));
        }
        if !is_json(response.headers()) {
            return Err(FetchError::NotJson);
        }
        let fresh_for = fresh_for(response.headers());
        let value = Limited::new(response.into_body(), LARGEST)
            .collect()
            .await
            .map_err(|error| {
                if error.is::<LengthLimitError>() {
                    FetchError::TooLarge
                } else {
                    FetchError::Unreachable(error)
                }
            })?
            .to_bytes();
        Ok(Fresh { value, fresh_for })
    }
}

/// `application/json`, or anything `+json`. A login page or a directory listing says otherwise.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers.get(CONTENT_TYPE).map(http::HeaderValue::to_str) else {
        return false;
    };
    let essence = value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// What the issuer says, within our bounds: an issuer can neither be asked all the time nor put a
/// withdrawn key beyond recall.
fn fresh_for(headers: &HeaderMap) -> Duration {
    let mut fresh_for = None;
    for value in headers.get_all(CACHE_CONTROL) {
        for directive in value.to_str().unwrap_or_default().split(',') {
            let directive = directive.trim().to_ascii_lowercase();
            if directive == "no-store" || directive == "no-cache" {
                return FRESH_AT_LEAST;
            }
            if let Some(seconds) = directive.strip_prefix("max-age=") {
                let seconds = seconds.trim_matches('"').parse().unwrap_or(0);
                fresh_for = Some(Duration::from_secs(seconds));
            }
        }
    }
    let age = headers
        .get(AGE)
        .and_then(|age| age.to_str().ok()?.parse().ok())
        .map_or(Duration::ZERO, Duration::from_secs);
    fresh_for
        .unwrap_or(FRESH_BY_DEFAULT)
        .saturating_sub(age)
        .clamp(FRESH_AT_LEAST, FRESH_AT_MOST)
}

/// The system's resolver, except that `localhost` is this machine whatever the resolver thinks:
/// it is the name that excuses plain http.
#[derive(Clone)]
struct Resolver(GaiResolver);

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        if name.as_str().eq_ignore_ascii_case("localhost") {
            let here = vec![
                SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
            ];
            return Box::pin(std::future::ready(Ok(here.into_iter())));
        }
        let found = self.0.call(name);
        Box::pin(async { Ok(found.await?.collect::<Vec<_>>().into_iter()) })
    }
}

#[cfg(test)]
mod tests;
