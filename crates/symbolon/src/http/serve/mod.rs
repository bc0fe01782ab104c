//! Serving a router on sockets: TLS, limits on whoever is slow or many, and an end that lets requests
//! finish.
//!
//! The loop is our own, over hyper: axum-server has no limit on connections, none on idle ones, and
//! closes none of them before a deadline. Every state that a connection can be in has a deadline here
//! (`activity`), everything that is held has a ceiling (`listening`, `connection`), and every request
//! passes `requests` on its way to a handler.

mod activity;
mod admin;
mod connection;
mod cors;
mod listening;
mod metrics;
mod options;
mod requests;
mod stream;
mod systemd;
#[cfg(test)]
#[cfg(feature = "sqlite")]
mod tests;
mod tls;

use std::{convert::Infallible, net::TcpListener, sync::Arc, time::Duration};

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
};
use symbolon_rules::origin::Origins;
use tokio::{
    sync::{oneshot, watch},
    task::{JoinError, JoinHandle},
    time::{Instant, sleep_until},
};

use crate::app::App;
use cors::Cors;
use listening::Listening;
use metrics::Metrics;
pub(crate) use options::{AdminError, AdminReach, Drain, Limits, Serving, TlsFiles, bind_admin};
use requests::{Desk, Kind};
pub(crate) use systemd::Systemd;
pub(crate) use tls::TlsError;
use tls::{Renewal, Tls};

/// The admin listener is for a scraper or two.
const ADMIN_CONNECTIONS: usize = 64;

/// Connections that the system may keep until they are accepted. The standard library asks for 128; of a thousand
/// that come at once, most would have to try again after a second. The system has a limit of its own.
const BACKLOG: i32 = 4096;

/// Why serving doesn't begin, or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// The certificate or its key.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The socket.
    #[error("can't serve on the socket: {0}")]
    Socket(#[from] std::io::Error),
    /// A fault of ours.
    #[error("the server broke off: {0}")]
    Broken(#[from] JoinError),
}

/// Serves until `end` comes, then lets requests under way finish.
pub(crate) async fn serve(
    app: Arc<App>,
    router: Router,
    serving: Serving,
    end: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let Serving {
        listener,
        admin,
        tls,
        limits,
        drain,
        trusted_proxies,
        cors_origins,
        systemd,
        on_ready,
    } = serving;
    let tls = tls
        .map(|files| Tls::open(files, app.clock.clone()))
        .transpose()?;
    let (acceptor, renewal) = tls.map(|tls| (tls.acceptor, tls.renewal)).unzip();
    let metrics = Metrics::new(&app);
    let trusted_proxies = Arc::new(trusted_proxies);
    let (leave, leaving) = watch::channel(false);
    let desk = |kind| {
        Arc::new(Desk {
            trusted_proxies: Arc::clone(&trusted_proxies),
            limits,
            metrics: Arc::clone(&metrics),
            randomness: app.randomness.clone(),
            leaving: leaving.clone(),
            kind,
        })
    };
    let open = |listener, tls, router, limits| {
        let listening = Listening {
            listener: adopt(listener)?,
            tls,
            router,
            limits,
            trusted_proxies: Arc::clone(&trusted_proxies),
            metrics: Arc::clone(&metrics),
        };
        Ok::<_, std::io::Error>(listening)
    };
    let public = layered(router, &desk(Kind::Public), Some(cors_origins));
    let mut ports = vec![open(listener, acceptor, public, limits)?];
    if let Some(listener) = admin {
        let router = admin::router(Arc::clone(&app), Arc::clone(&metrics));
        let router = layered(router, &desk(Kind::Admin), None);
        let limits = Limits {
            connections: ADMIN_CONNECTIONS,
            connections_per_address: ADMIN_CONNECTIONS,
            ..limits
        };
        ports.push(open(listener, None, router, limits)?);
    }

    let running: Vec<_> = ports.into_iter().map(Running::start).collect();
    on_ready();
    systemd.ready();
    let ending = async {
        end.await;
        systemd.stopping();
        leave.send_replace(true);
        sleep_until(Instant::now() + drain.notice).await;
        let ending = running.into_iter().map(|port| port.end(drain.timeout));
        for port in ending.collect::<Vec<_>>() {
            port.await?;
        }
        Ok(())
    };
    tokio::select! {
        ended = ending => ended,
        never = renew(renewal) => match never {},
        never = systemd.live() => match never {},
    }
}

/// A listener at work.
struct Running {
    end: oneshot::Sender<Duration>,
    task: JoinHandle<()>,
}

impl Running {
    fn start(listening: Listening) -> Self {
        let (end, ended) = oneshot::channel();
        let task = tokio::spawn(listening.run(ended));
        Self { end, task }
    }

    fn end(self, drain: Duration) -> JoinHandle<()> {
        // Where nobody hears it, it has ended already.
        let _ = self.end.send(drain);
        self.task
    }
}

fn adopt(listener: TcpListener) -> std::io::Result<tokio::net::TcpListener> {
    rustix::net::listen(&listener, BACKLOG)?;
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener)
}

/// From the outside in, last to first: who calls and what became of it, then what may end it early.
fn layered(router: Router, desk: &Arc<Desk>, cors_origins: Option<Origins>) -> Router {
    let timed = router.layer(from_fn_with_state(Arc::clone(desk), requests::limit_time));
    let shared = match cors_origins {
        Some(origins) => timed.layer(from_fn_with_state(Cors::new(origins), cors::apply)),
        None => timed,
    };
    shared
        .layer(from_fn_with_state(
            Arc::clone(desk),
            requests::announce_the_end,
        ))
        .layer(from_fn(requests::check_host))
        .layer(from_fn_with_state(Arc::clone(desk), requests::receive))
}

async fn renew(renewal: Option<Renewal>) -> Infallible {
    match renewal {
        Some(renewal) => renewal.watch().await,
        None => std::future::pending().await,
    }
}
