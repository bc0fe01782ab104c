//! What a service says about itself to clients that come without a token: RFC 9728.
//!
//! A client that is refused reads `resource_metadata` in the challenge, fetches the document there, and
//! learns which issuer gives tokens for this service (row M3).
//!
//! Invariant: nothing of a request gets into the document or its address: no `Host`, no forwarded header.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{
    HeaderValue, Method, Request, Response, StatusCode, Uri,
    header::{ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL, CONTENT_TYPE},
};
use pin_project_lite::pin_project;
use serde::Serialize;
use tower_layer::Layer;
use tower_service::Service;

use crate::Guard;

/// RFC 9728 §3.1.
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The metadata of a service (RFC 9728 §2). Give it to a guard with [`Guard::with_metadata`].
///
/// ```
/// use symbolon_guard::ResourceMetadata;
///
/// let metadata = ResourceMetadata::new("https://api.example/posts")?
///     .authorization_server("https://login.example")
///     .scope("posts:read")
///     .name("Posts");
/// assert_eq!(
///     metadata.url(),
///     "https://api.example/.well-known/oauth-protected-resource/posts",
/// );
/// # Ok::<(), symbolon_guard::MetadataError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResourceMetadata {
    resource: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authorization_servers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes_supported: Vec<String>,
    bearer_methods_supported: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_documentation: Option<String>,
    #[serde(skip)]
    url: String,
    #[serde(skip)]
    path: String,
}

/// What stands in the document, and where it is:
///
/// ```
/// use symbolon_guard::ResourceMetadata;
///
/// let metadata = ResourceMetadata::new("https://api.example")?
///     .authorization_server("https://login.example")
///     .documentation("https://docs.example/posts");
/// assert_eq!(metadata.path(), "/.well-known/oauth-protected-resource");
/// assert!(metadata.to_json().contains(r#""resource_documentation":"https://docs.example/posts""#));
/// # Ok::<(), symbolon_guard::MetadataError>(())
/// ```
impl ResourceMetadata {
    /// For the service of this identifier: its URL as clients know it.
    ///
    /// Fails unless it is an `https` URL without a fragment (RFC 9728 §1.2), or `http` on loopback, and
    /// without a query, which clients handle badly.
    pub fn new(resource: impl Into<String>) -> Result<Self, MetadataError> {
        let resource = resource.into();
        let uri: Uri = resource.parse().map_err(|_| MetadataError::NotAUrl)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(MetadataError::NotAUrl);
        };
        let is_here = matches!(authority.host(), "localhost" | "127.0.0.1" | "[::1]");
        if !(scheme == "https" || scheme == "http" && is_here) {
            return Err(MetadataError::NotSecure);
        }
        if resource.contains(['?', '#', '"', '\\']) || authority.as_str().contains('@') {
            return Err(MetadataError::NotAUrl);
        }
        // RFC 9728 §3.1: between host and path; a path that is only the slash is left out.
        let tail = if uri.path() == "/" { "" } else { uri.path() };
        let path = format!("{WELL_KNOWN}{tail}");
        Ok(Self {
            url: format!("{scheme}://{authority}{path}"),
            path,
            resource,
            authorization_servers: Vec::new(),
            scopes_supported: Vec::new(),
            bearer_methods_supported: vec!["header"],
            resource_name: None,
            resource_documentation: None,
        })
    }

    /// An issuer whose tokens are taken; say it for each.
    pub fn authorization_server(mut self, issuer: impl Into<String>) -> Self {
        self.authorization_servers.push(issuer.into());
        self
    }

    /// A scope that clients may ask for; say it for each.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes_supported.push(scope.into());
        self
    }

    /// The name of the service, for people.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.resource_name = Some(name.into());
        self
    }

    /// Where its documentation is.
    pub fn documentation(mut self, url: impl Into<String>) -> Self {
        self.resource_documentation = Some(url.into());
        self
    }

    /// Where clients find this document.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The path of that URL.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The document as JSON.
    pub fn to_json(&self) -> String {
        // Strings and lists of them can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    fn answer<B: From<String>>(&self, method: &Method) -> Response<B> {
        let is_read = *method == Method::GET || *method == Method::HEAD;
        let mut response = Response::new(B::from(match *method {
            Method::GET => self.to_json(),
            _ => String::new(),
        }));
        let headers = response.headers_mut();
        if is_read {
            for (name, value) in [
                (CONTENT_TYPE, "application/json"),
                (CACHE_CONTROL, "max-age=3600"),
                // Public, and meant for clients that run in a browser too.
                (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            ] {
                headers.insert(name, HeaderValue::from_static(value));
            }
        } else {
            headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        }
        response
    }
}

impl Guard {
    /// Serves the guard's metadata under its path, and leaves every other request to the service inside.
    /// Put it around the whole router, outside of the guard's own layer: it answers whoever asks.
    ///
    /// A guard without metadata ([`Guard::with_metadata`]) leaves all of them.
    ///
    /// ```
    /// # fn routes(guard: symbolon_guard::Guard) -> Result<axum::Router, symbolon_guard::MetadataError> {
    /// use axum::{Router, routing::get};
    /// use symbolon_guard::{Caller, ResourceMetadata};
    ///
    /// let metadata = ResourceMetadata::new("https://api.example")?
    ///     .authorization_server("https://login.example");
    /// let guard = guard.with_metadata(metadata);
    /// Ok(Router::new()
    ///     .route("/posts", get(async |_: Caller| "posts"))
    ///     .layer(guard.metadata_layer())
    ///     .with_state(guard))
    /// # }
    /// ```
    pub fn metadata_layer(&self) -> MetadataLayer {
        MetadataLayer {
            metadata: self.manner().metadata.clone(),
        }
    }
}

/// Serves a guard's metadata; made by [`Guard::metadata_layer`].
///
/// ```
/// use symbolon_guard::{Guard, MetadataLayer};
///
/// fn layer(guard: &Guard) -> MetadataLayer {
///     guard.metadata_layer()
/// }
/// ```
#[derive(Clone, Debug)]
pub struct MetadataLayer {
    metadata: Option<Arc<ResourceMetadata>>,
}

impl<S> Layer<S> for MetadataLayer {
    type Service = WithMetadata<S>;

    fn layer(&self, inner: S) -> WithMetadata<S> {
        WithMetadata {
            inner,
            metadata: self.metadata.clone(),
        }
    }
}

/// A service behind a [`MetadataLayer`].
///
/// ```
/// use symbolon_guard::{Guard, WithMetadata};
/// use tower_layer::Layer;
///
/// fn around<S>(guard: &Guard, service: S) -> WithMetadata<S> {
///     guard.metadata_layer().layer(service)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct WithMetadata<S> {
    inner: S,
    metadata: Option<Arc<ResourceMetadata>>,
}

impl<S, B, ResBody> Service<Request<B>> for WithMetadata<S>
where
    S: Service<Request<B>, Response = Response<ResBody>>,
    ResBody: From<String>,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = Answering<S::Future, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let state = match &self.metadata {
            Some(metadata) if request.uri().path() == metadata.path => State::Answer {
                response: Some(metadata.answer(request.method())),
            },
            _ => State::Inner {
                inner: self.inner.call(request),
            },
        };
        Answering { state }
    }
}

pin_project! {
    /// The answer of a [`WithMetadata`] service.
    ///
    /// ```
    /// use http::{Request, Response};
    /// use symbolon_guard::{Answering, WithMetadata};
    /// use tower_service::Service;
    ///
    /// fn call<S>(service: &mut WithMetadata<S>) -> Answering<S::Future, String>
    /// where
    ///     S: Service<Request<()>, Response = Response<String>>,
    /// {
    ///     service.call(Request::new(()))
    /// }
    /// ```
    pub struct Answering<F, R> {
        #[pin]
        state: State<F, R>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<F, R> {
        Inner { #[pin] inner: F },
        Answer { response: Option<Response<R>> },
    }
}

impl<F, R, E> Future for Answering<F, R>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project().state.project() {
            Projected::Inner { inner } => inner.poll(cx),
            // A future isn't polled again once it is ready; who does waits for ever.
            Projected::Answer { response } => match response.take() {
                Some(response) => Poll::Ready(Ok(response)),
                None => Poll::Pending,
            },
        }
    }
}

/// Why something is no identifier of a service.
///
/// ```
/// use symbolon_guard::{MetadataError, ResourceMetadata};
///
/// let refused = ResourceMetadata::new("http://api.example").unwrap_err();
/// assert_eq!(refused, MetadataError::NotSecure);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataError {
    /// It is no URL, or one with a query, a fragment or a user.
    NotAUrl,
    /// It is neither `https` nor on this machine.
    NotSecure,
}

impl fmt::Display for MetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAUrl => {
                "the identifier of a service is a URL without query, fragment and user"
            }
            Self::NotSecure => "the identifier of a service is https, or http on loopback",
        })
    }
}

impl std::error::Error for MetadataError {}
