//! An issuer on loopback that answers whatever a test tells it to, and counts.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use futures_util::stream::{self, Stream, StreamExt};
use http::{StatusCode, header};
use symbolon_guard::token::{Jwk, JwkSet};
use tokio::{
    net::{TcpListener, TcpSocket},
    task::JoinHandle,
};

use super::Mint;

#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// JSON with this Cache-Control.
    Json(String, &'static str),
    /// This media type and body.
    Typed(&'static str, String),
    Status(u16),
    Redirect(String),
    /// The request is read, and never answered.
    Silence,
    /// The head and half a body come; the rest doesn't.
    HalfABody,
    /// A body without end.
    Endless,
}

pub(crate) struct FakeIssuer {
    pub(crate) url: String,
    pub(crate) desk: Arc<Desk>,
    socket: Option<TcpSocket>,
    address: SocketAddr,
    server: Option<JoinHandle<()>>,
}

pub(crate) struct Desk {
    pub(crate) openid: Mutex<Reply>,
    pub(crate) oauth: Mutex<Reply>,
    pub(crate) jwks: Mutex<Reply>,
    pub(crate) jwks_asked: AtomicUsize,
    pub(crate) metadata_asked: AtomicUsize,
    pub(crate) elsewhere_asked: AtomicUsize,
    /// Of the issuer's identifier, if it has one.
    path: &'static str,
}

impl FakeIssuer {
    /// Has its address, and refuses connections until it is opened.
    pub(crate) fn closed() -> Self {
        Self::closed_at("")
    }

    fn closed_at(path: &'static str) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = socket.local_addr().unwrap();
        let url = format!("http://{address}{path}");
        let metadata = metadata(&url, &format!("{url}/keys"));
        Self {
            desk: Arc::new(Desk {
                openid: Mutex::new(Reply::Json(metadata, "")),
                oauth: Mutex::new(Reply::Status(404)),
                jwks: Mutex::new(jwks(&[])),
                jwks_asked: AtomicUsize::new(0),
                metadata_asked: AtomicUsize::new(0),
                elsewhere_asked: AtomicUsize::new(0),
                path,
            }),
            url,
            socket: Some(socket),
            address,
            server: None,
        }
    }

    /// Answers at once.
    pub(crate) fn open() -> Self {
        let mut issuer = Self::closed();
        issuer.listen();
        issuer
    }

    /// Answers at once, as the issuer of this path on its host.
    pub(crate) fn open_at(path: &'static str) -> Self {
        let mut issuer = Self::closed_at(path);
        issuer.listen();
        issuer
    }

    pub(crate) fn listen(&mut self) {
        let socket = self.socket.take().unwrap_or_else(|| {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_reuseaddr(true).unwrap();
            socket.bind(self.address).unwrap();
            socket
        });
        let listener: TcpListener = socket.listen(64).unwrap();
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&self.desk));
        self.server = Some(tokio::spawn(async {
            axum::serve(listener, router).await.unwrap();
        }));
    }

    pub(crate) async fn stop(&mut self) {
        let server = self.server.take().unwrap();
        server.abort();
        assert!(server.await.unwrap_err().is_cancelled());
    }

    /// Publishes the keys of these mints, fresh for five minutes.
    pub(crate) fn publish(&self, mints: &[&Mint]) {
        self.desk.set_jwks(jwks(mints));
    }
}

impl Desk {
    pub(crate) fn set_jwks(&self, reply: Reply) {
        *self.jwks.lock().unwrap() = reply;
    }

    pub(crate) fn set_openid(&self, reply: Reply) {
        *self.openid.lock().unwrap() = reply;
    }

    pub(crate) fn set_oauth(&self, reply: Reply) {
        *self.oauth.lock().unwrap() = reply;
    }

    pub(crate) fn jwks_asked(&self) -> usize {
        self.jwks_asked.load(Ordering::SeqCst)
    }

    pub(crate) fn metadata_asked(&self) -> usize {
        self.metadata_asked.load(Ordering::SeqCst)
    }

    pub(crate) fn elsewhere_asked(&self) -> usize {
        self.elsewhere_asked.load(Ordering::SeqCst)
    }
}

pub(crate) fn metadata(issuer: &str, jwks_uri: &str) -> String {
    serde_json::json!({ "issuer": issuer, "jwks_uri": jwks_uri }).to_string()
}

pub(crate) fn jwks(mints: &[&Mint]) -> Reply {
    jwks_cached(mints, "max-age=300")
}

pub(crate) fn jwks_cached(mints: &[&Mint], cache_control: &'static str) -> Reply {
    let keys: Vec<Jwk> = mints
        .iter()
        .map(|mint| mint.key.public_jwk().unwrap())
        .collect();
    Reply::Json(
        serde_json::to_string(&JwkSet { keys }).unwrap(),
        cache_control,
    )
}

async fn answer(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let path = request.uri().path();
    let (asked, reply) = match path
        .strip_prefix(desk.path.trim_end_matches('/'))
        .unwrap_or(path)
    {
        "/keys" => (&desk.jwks_asked, &desk.jwks),
        "/.well-known/openid-configuration" => (&desk.metadata_asked, &desk.openid),
        "/.well-known/oauth-authorization-server" => (&desk.metadata_asked, &desk.oauth),
        _ => {
            desk.elsewhere_asked.fetch_add(1, Ordering::SeqCst);
            return respond(404, "text/plain", "", Body::empty());
        }
    };
    // Counted after the reply is taken: who sees the count may change the reply.
    let reply = reply.lock().unwrap().clone();
    asked.fetch_add(1, Ordering::SeqCst);
    match reply {
        Reply::Json(body, cache_control) => {
            respond(200, "application/json", cache_control, Body::from(body))
        }
        Reply::Typed(media_type, body) => respond(200, media_type, "", Body::from(body)),
        Reply::Status(status) => respond(status, "application/json", "", Body::from("{}")),
        Reply::Redirect(to) => {
            let mut response = respond(302, "text/plain", "", Body::empty());
            let headers = response.headers_mut();
            headers.insert(header::LOCATION, to.try_into().unwrap());
            response
        }
        Reply::Silence => std::future::pending().await,
        Reply::HalfABody => respond(200, "application/json", "", half()),
        Reply::Endless => respond(200, "application/json", "", endless()),
    }
}

fn half() -> Body {
    Body::from_stream(chunks(
        stream::iter([r#"{"keys":["#]).chain(stream::pending()),
    ))
}

fn endless() -> Body {
    Body::from_stream(chunks(stream::repeat("                ")))
}

fn chunks(
    parts: impl Stream<Item = &'static str>,
) -> impl Stream<Item = Result<&'static str, Infallible>> {
    parts.map(Ok)
}

fn respond(status: u16, media_type: &str, cache_control: &str, body: Body) -> Response {
    Response::builder()
        .status(StatusCode::from_u16(status).unwrap())
        .header(header::CONTENT_TYPE, media_type)
        .header(header::CACHE_CONTROL, cache_control)
        .body(body)
        .unwrap()
}
