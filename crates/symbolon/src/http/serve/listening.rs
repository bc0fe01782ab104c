//! Accepting connections, as many as there may be, and ending them all.
//!
//! Invariant: a connection is counted before its first byte is read and until its socket is closed; no
//! caller holds more than their share, and the server never more than its limit.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::Router;
use futures_util::FutureExt;
use symbolon_rules::client_address::{TrustedProxies, canonical, holder};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch},
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};
use tokio_rustls::TlsAcceptor;

use super::{
    activity::Mode,
    connection::{Connection, Slot},
    metrics::Metrics,
    options::Limits,
};

/// How long nothing is accepted after the system refused (too many open files, above all).
const BREATH: Duration = Duration::from_millis(100);

/// How often the log says that there is no room.
const TELL_EVERY: Duration = Duration::from_mins(1);

/// One socket that listens, and what it is for.
pub(super) struct Listening {
    pub(super) listener: TcpListener,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) router: Router,
    pub(super) limits: Limits,
    pub(super) trusted_proxies: Arc<TrustedProxies>,
    pub(super) metrics: Arc<Metrics>,
}

impl Listening {
    /// Accepts until `end`, then lets what is under way finish, for as long as it is told there.
    pub(super) async fn run(self, end: oneshot::Receiver<Duration>) {
        let (mode, _) = watch::channel(Mode::Open);
        let mut floor = Floor {
            slots: Arc::new(Semaphore::new(self.limits.connections)),
            addresses: Arc::default(),
            connections: JoinSet::new(),
            mode,
            told: None,
            listening: self,
        };
        tokio::pin!(end);
        let drain = loop {
            tokio::select! {
                biased;
                drain = &mut end => break drain.unwrap_or_default(),
                () = floor.admit() => {}
            }
        };
        floor.close(drain).await;
    }
}

/// Those that are here.
struct Floor {
    listening: Listening,
    slots: Arc<Semaphore>,
    addresses: Arc<Addresses>,
    connections: JoinSet<()>,
    mode: watch::Sender<Mode>,
    /// When it was last told that there is no room.
    told: Option<Instant>,
}

impl Floor {
    /// Takes the next one in, as soon as there is room.
    ///
    /// May be dropped at any point: what was accepted is either being served or closed.
    async fn admit(&mut self) {
        while self.connections.try_join_next().is_some() {}
        let Some(slot) = self.room().await else {
            return;
        };
        match self.listening.listener.accept().await {
            Ok((stream, peer)) => self.serve(stream, peer, slot),
            // The connection's own fault, and it is gone.
            Err(error) if is_about_one(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "can't accept connections; trying again");
                sleep_until(Instant::now() + BREATH).await;
            }
        }
    }

    /// Room for one more. Where there is none, those that are idle make some.
    async fn room(&mut self) -> Option<OwnedSemaphorePermit> {
        if let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
            return Some(slot);
        }
        self.listening.metrics.crowded.inc();
        // Whoever brings it about shall not fill the log as well.
        let now = Instant::now();
        if self.told.is_none_or(|told| now >= told + TELL_EVERY) {
            self.told = Some(now);
            tracing::warn!(
                connections = self.listening.limits.connections,
                "as many connections as there may be; new ones wait"
            );
        }
        self.mode.send_replace(Mode::Crowded);
        let slot = Arc::clone(&self.slots).acquire_owned().await.ok();
        self.mode.send_replace(Mode::Open);
        slot
    }

    fn serve(&mut self, stream: TcpStream, peer: SocketAddr, permit: OwnedSemaphorePermit) {
        let address = canonical(peer.ip());
        let proxy = self.listening.trusted_proxies.trust(address);
        let most = if proxy {
            usize::MAX
        } else {
            self.listening.limits.connections_per_address
        };
        let Some(place) = Addresses::take(&self.addresses, holder(address), most) else {
            self.listening.metrics.refused.inc();
            tracing::debug!(%address, "too many connections from one address");
            return;
        };
        // Small answers leave at once; where that can't be, they leave a little later.
        let _ = stream.set_nodelay(true);
        let gauge = self.listening.metrics.connection();
        let connection = Connection {
            address,
            limits: self.listening.limits,
            router: self.listening.router.clone(),
            mode: self.mode.subscribe(),
            slot: Slot {
                _permit: permit,
                _place: place,
                _gauge: gauge,
            },
        };
        let tls = self.listening.tls.clone();
        self.connections.spawn(connection.run(stream, tls));
    }

    async fn close(mut self, drain: Duration) {
        // Whoever waits in the system's queue was told that they are connected.
        while let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
            match self.listening.listener.accept().now_or_never() {
                Some(Ok((stream, peer))) => self.serve(stream, peer, slot),
                _ => break,
            }
        }
        let Self {
            listening,
            mut connections,
            mode,
            ..
        } = self;
        drop(listening);
        mode.send_replace(Mode::Draining);
        let finished = async { while connections.join_next().await.is_some() {} };
        if timeout(drain, finished).await.is_err() {
            let left = connections.len();
            tracing::warn!(connections = left, "cut off what took too long to finish");
            connections.shutdown().await;
        }
    }
}

/// Whether accepting failed for one connection and the next may be fine.
fn is_about_one(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

/// How many connections each holder of an address has.
#[derive(Debug, Default)]
pub(super) struct Addresses(Mutex<HashMap<IpAddr, usize>>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    holder: IpAddr,
    addresses: Arc<Addresses>,
}

impl Addresses {
    fn take(addresses: &Arc<Self>, holder: IpAddr, most: usize) -> Option<Place> {
        let mut counts = addresses.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(holder).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place {
            holder,
            addresses: Arc::clone(addresses),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let counts = &self.addresses.0;
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.holder) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.holder);
            }
        }
    }
}
