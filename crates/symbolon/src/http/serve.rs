//! Serving a router on a socket: time limits on slow clients, and an end that lets requests finish.

use std::{future::Future, net::TcpListener, time::Duration};

use axum::Router;
use axum_server::Handle;
use hyper_util::rt::TokioTimer;

/// How long a client may take to send its headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long requests under way may take once the end has come.
const DRAIN: Duration = Duration::from_secs(5);

/// Serves until `end` comes, then lets requests under way finish.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    end: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let handle = Handle::new();
    let draining = handle.clone();
    tokio::spawn(async move {
        end.await;
        draining.graceful_shutdown(Some(DRAIN));
    });
    let mut server = axum_server::from_tcp(listener)?.handle(handle);
    server
        .http_builder()
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT);
    server
        .http_builder()
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(Duration::from_secs(30)));
    server.serve(router.into_make_service()).await
}
