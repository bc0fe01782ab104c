//! Requests to providers: bounded, never redirected, and never to where a document from outside says
//! but nobody here would go.
//!
//! RFC 6749 §3.1 and §3.2 (endpoints, TLS), RFC 9700 §4.12 (no redirects with credentials), RFC 6761 §6.3
//! (`localhost`).
//!
//! Invariant: at most 512 KiB come in, within one deadline for the whole of it; no redirect is followed,
//! no proxy of the environment is asked. The TLS provider is named here and never installed for the
//! process.

mod endpoint;
mod resolver;

use std::{io, sync::Arc, time::Duration};

use http::{
    HeaderMap, HeaderValue, Method, Request,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT},
};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use symbolon_rules::upstream::{Refusal, Why};

pub(super) use self::endpoint::{Endpoint, Reach};
use self::resolver::Resolver;

const LARGEST: usize = 512 * 1024;

type HttpClient = Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>;

/// What sends requests to providers; one for all clients.
pub(crate) struct Outgoing {
    named: HttpClient,
    public: HttpClient,
}

/// What came back.
pub(super) struct Answer {
    /// A 2xx, whose body says that it is JSON; otherwise it is a 4xx.
    pub(super) is_success: bool,
    pub(super) body: Bytes,
}

/// What is sent.
pub(super) enum Send<'a> {
    /// A GET, with this access token where there is one.
    Get { bearer: Option<&'a str> },
    /// A POST of a form, with this `Authorization` where there is one.
    Form {
        fields: &'a [(&'a str, &'a str)],
        authorization: Option<HeaderValue>,
    },
}

impl Outgoing {
    /// Fails if TLS is needed and this machine trusts nobody.
    pub(crate) fn new(needs_tls: bool) -> io::Result<Self> {
        let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let tls = if needs_tls {
            tls.with_native_roots()?
        } else {
            // A provider on this machine works on a machine without certificate authorities too.
            tls.with_root_certificates(RootCertStore::empty())
        };
        let tls = tls.with_no_client_auth();
        Ok(Self {
            named: client(tls.clone(), Resolver::any()),
            public: client(tls, Resolver::public()),
        })
    }

    /// Sends a request and reads the whole answer before the deadline.
    pub(super) async fn send(
        &self,
        endpoint: &Endpoint,
        send: Send<'_>,
        deadline: Duration,
    ) -> Result<Answer, Refusal> {
        let request = request(endpoint, send)?;
        let client = match endpoint.reach {
            Reach::Named => &self.named,
            Reach::Public => &self.public,
        };
        match tokio::time::timeout(deadline, exchange(client, request)).await {
            Ok(answer) => answer,
            Err(_elapsed) => Err(Refusal::new(
                Why::Unavailable,
                "the provider did not answer in time",
            )),
        }
    }
}

fn client(tls: ClientConfig, resolver: Resolver) -> HttpClient {
    let mut http = HttpConnector::new_with_resolver(resolver);
    http.enforce_http(false);
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    // Logins are rare: an idle connection would only be there to break under the next one.
    Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .build(connector)
}

fn request(endpoint: &Endpoint, send: Send<'_>) -> Result<Request<Full<Bytes>>, Refusal> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static("symbolon"));
    let (method, body) = match send {
        Send::Get { bearer } => {
            if let Some(token) = bearer {
                let value = HeaderValue::try_from(format!("Bearer {token}"));
                let mut value = value.map_err(|_| UNSENDABLE)?;
                value.set_sensitive(true);
                headers.insert(AUTHORIZATION, value);
            }
            (Method::GET, Bytes::new())
        }
        Send::Form {
            fields,
            authorization,
        } => {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(CONTENT_TYPE, form);
            headers.extend(authorization.map(|value| (AUTHORIZATION, value)));
            let form = super::form::encode(fields.iter().copied());
            (Method::POST, Bytes::from(form))
        }
    };
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = endpoint.uri.clone();
    *request.headers_mut() = headers;
    Ok(request)
}

const UNSENDABLE: Refusal = Refusal::new(
    Why::Faulty,
    "the provider gave an access token that can't stand in a header",
);

async fn exchange(client: &HttpClient, request: Request<Full<Bytes>>) -> Result<Answer, Refusal> {
    let unreachable = Refusal::new(Why::Unavailable, "the provider can't be reached");
    let response = client.request(request).await.map_err(|error| {
        if resolver::is_refused(&error) {
            Refusal::new(
                Why::Faulty,
                "the provider names an address inside of this network",
            )
        } else {
            tracing::debug!(%error, "no answer from a provider");
            unreachable
        }
    })?;
    let status = response.status();
    if status.is_server_error() {
        return Err(Refusal::new(Why::Unavailable, "the provider answered 5xx"));
    }
    if !status.is_success() && !status.is_client_error() {
        return Err(Refusal::new(
            Why::Faulty,
            "the provider redirects where it must answer",
        ));
    }
    let is_json = is_json(response.headers());
    let body = Limited::new(response.into_body(), LARGEST);
    let body = body.collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            Refusal::new(Why::Faulty, "the provider's answer is larger than 512 KiB")
        } else {
            unreachable
        }
    })?;
    if status.is_success() && !is_json {
        return Err(Refusal::new(
            Why::Faulty,
            "the provider's answer is not JSON",
        ));
    }
    Ok(Answer {
        is_success: status.is_success(),
        body: body.to_bytes(),
    })
}

/// `application/json`, or anything `+json`; a login page says otherwise.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers.get(CONTENT_TYPE).map(HeaderValue::to_str) else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    essence == "application/json"
        || essence.starts_with("application/") && essence.ends_with("+json")
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outgoing")
    }
}
