//! What can be chosen about serving. Every default is safe for a server that anybody can reach.

use std::{
    net::{IpAddr, SocketAddr, TcpListener},
    path::PathBuf,
    time::Duration,
};

use symbolon_rules::{client_address::TrustedProxies, origin::Origins};

use super::systemd::Systemd;

/// How a router is served.
pub(crate) struct Serving {
    /// Bound already, so that whoever connects from now on waits instead of being refused.
    pub(crate) listener: TcpListener,
    /// For whoever runs the server: `/metrics`, `/healthz`, `/readyz`. See [`bind_admin`].
    pub(crate) admin: Option<TcpListener>,
    /// Without it, the traffic is as it is: for loopback, or behind a proxy.
    pub(crate) tls: Option<TlsFiles>,
    pub(crate) limits: Limits,
    pub(crate) drain: Drain,
    /// Whose `X-Forwarded-For` and `X-Request-Id` are believed.
    pub(crate) trusted_proxies: TrustedProxies,
    /// Whose scripts may call the API from other sites.
    pub(crate) cors_origins: Origins,
    pub(crate) systemd: Systemd,
    /// Called once everything listens and before anything is accepted.
    pub(crate) on_ready: Box<dyn FnOnce() + Send>,
}

impl Serving {
    /// With the defaults.
    pub(crate) fn new(listener: TcpListener) -> Self {
        Self {
            listener,
            admin: None,
            tls: None,
            limits: Limits::default(),
            drain: Drain::default(),
            trusted_proxies: TrustedProxies::default(),
            cors_origins: Origins::default(),
            systemd: Systemd::absent(),
            on_ready: Box::new(|| ()),
        }
    }
}

/// PEM files; read again when they change, and on SIGHUP.
#[derive(Clone, Debug)]
pub(crate) struct TlsFiles {
    /// The server's certificate, then those that lead to the root.
    pub(crate) certificate: PathBuf,
    /// PKCS #8, PKCS #1 or SEC1. Nobody but its owner and group may read it.
    pub(crate) key: PathBuf,
    /// How often the files are looked at.
    pub(crate) check_every: Duration,
}

impl TlsFiles {
    pub(crate) const fn new(certificate: PathBuf, key: PathBuf) -> Self {
        Self {
            certificate,
            key,
            check_every: Duration::from_secs(5),
        }
    }
}

/// What one client, and all together, may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// At the most at once. Beyond it, new ones wait in the system's queue, and connections on which
    /// no request is under way are closed to make room.
    pub(crate) connections: usize,
    /// Of one IPv4 address or one IPv6 /64, unless it is a trusted proxy. Beyond it, new ones are
    /// closed at once.
    pub(crate) connections_per_address: usize,
    /// From the first byte, or from the connection's beginning, to the end of the headers; the TLS
    /// handshake is within it.
    pub(crate) header_timeout: Duration,
    /// How long a body may take to arrive.
    pub(crate) body_timeout: Duration,
    /// How long a connection may wait for its next request.
    pub(crate) idle_timeout: Duration,
    /// How long a request may take until its answer begins. The answer may then take as long again.
    pub(crate) request_timeout: Duration,
    /// All headers of a request together, in bytes.
    pub(crate) header_bytes: u32,
    /// Requests under way on one HTTP/2 connection.
    pub(crate) streams: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // A process may have 1024 open files where nobody changed that; the database needs some.
            connections: 900,
            connections_per_address: 100,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(1),
            request_timeout: Duration::from_secs(30),
            header_bytes: 16 * 1024,
            streams: 100,
        }
    }
}

/// How it ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drain {
    /// How long `/readyz` says that the end comes while everything is still served, so that a load
    /// balancer can look elsewhere first.
    pub(crate) notice: Duration,
    /// How long requests under way may take after that.
    pub(crate) timeout: Duration,
}

impl Default for Drain {
    fn default() -> Self {
        Self {
            notice: Duration::ZERO,
            timeout: Duration::from_secs(10),
        }
    }
}

/// From where the admin listener can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AdminReach {
    /// This machine.
    Loopback,
    /// Wherever its address leads: what it says is for operators, and it asks nobody who they are.
    DangerousAnywhere,
}

/// Why there is no admin listener.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdminError {
    /// It could be reached from other machines, and nobody said that it should.
    #[error(
        "{0} can be reached from other machines, and the admin listener asks nobody who they are; \
         choose 127.0.0.1 or [::1]"
    )]
    Reachable(IpAddr),
    /// The system refuses it.
    #[error("can't listen on {0}: {1}")]
    Bind(SocketAddr, #[source] std::io::Error),
}

/// Binds the admin listener; other machines reach it only where that is said.
pub(crate) fn bind_admin(
    address: SocketAddr,
    reach: AdminReach,
) -> Result<TcpListener, AdminError> {
    let ip = address.ip().to_canonical();
    if reach == AdminReach::Loopback && !ip.is_loopback() {
        return Err(AdminError::Reachable(ip));
    }
    TcpListener::bind(address).map_err(|error| AdminError::Bind(address, error))
}
