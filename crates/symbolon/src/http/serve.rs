//! Serving a router on a socket: time limits on slow clients, and an end that lets requests finish.

use std::{future::Future, net::TcpListener, time::Duration};

use axum::{
    Router,
    extract::Request,
    http::{Version, header},
    middleware::{Next, from_fn},
    response::Response,
};
use axum_server::Handle;
use hyper_util::rt::TokioTimer;

use super::error::{Language, Problem};

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
    server
        .serve(router.layer(from_fn(check_host)).into_make_service())
        .await
}

/// RFC 9112 §3.2: a request of HTTP/1.1 has one `Host`. Two of them, and a proxy in front may have read
/// the other one.
async fn check_host(language: Language, request: Request, next: Next) -> Response {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    if request.version() == Version::HTTP_11 && hosts != 1 {
        return Problem::Host.answer(language);
    }
    next.run(request).await
}
