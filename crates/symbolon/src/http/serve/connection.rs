//! One connection: its handshake, its requests, and its end, each under a deadline.

use std::{
    convert::Infallible,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body};
use hyper::{
    body::{Frame, Incoming, SizeHint},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, watch},
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

use super::{
    activity::{Activity, Mode, Over, UnderWay},
    listening::Place,
    metrics::OpenConnection,
    options::Limits,
    stream::{Bytes, Stream},
};

/// RFC 9113 §6.5.2 and §10.5: what one peer may make us hold.
const WINDOW: u32 = 64 * 1024;
const FRAME: u32 = 16 * 1024;
const SEND_BUFFER: usize = 64 * 1024;
/// Streams that were reset before they were answered (CVE-2023-44487): a few are ordinary.
const RESETS: usize = 20;
/// Streams that we reset because of the peer's own errors (CVE-2025-8671).
const LOCAL_RESETS: usize = 64;
/// A peer that has gone without a word is found out.
const PING_EVERY: Duration = Duration::from_secs(30);
const PONG_WITHIN: Duration = Duration::from_secs(10);
/// How long a connection that was told goodbye may take to go.
const GOODBYE: Duration = Duration::from_secs(5);
/// As many header lines as anybody needs.
const HEADER_LINES: usize = 100;
/// The least that hyper reads at once.
const BUFFER_MIN: usize = 8 * 1024;

/// What is counted as long as the connection is there.
pub(super) struct Slot {
    pub(super) _permit: OwnedSemaphorePermit,
    pub(super) _place: Place,
    pub(super) _gauge: OpenConnection,
}

pub(super) struct Connection {
    pub(super) address: IpAddr,
    pub(super) limits: Limits,
    pub(super) router: Router,
    pub(super) mode: watch::Receiver<Mode>,
    pub(super) slot: Slot,
}

/// The other end of the connection, which is the client or a proxy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

impl Connection {
    pub(super) async fn run(self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        let opened = Instant::now();
        let bytes = match tls {
            None => Bytes::Plain(stream),
            Some(tls) => {
                let deadline = opened + self.limits.header_timeout;
                match timeout_at(deadline, tls.accept(stream)).await {
                    Ok(Ok(stream)) => Bytes::Tls(Box::new(stream)),
                    Ok(Err(error)) => {
                        tracing::debug!(client = %self.address, %error, "no TLS handshake");
                        return;
                    }
                    Err(_elapsed) => {
                        tracing::debug!(client = %self.address, "the TLS handshake took too long");
                        return;
                    }
                }
            }
        };
        let activity = Activity::new(opened);
        let stream = Stream::new(bytes, Arc::clone(&activity));
        self.serve(stream, activity).await;
    }

    async fn serve(self, stream: Stream, activity: Arc<Activity>) {
        let Self {
            address,
            limits,
            router,
            mut mode,
            slot,
        } = self;
        let counted = Arc::clone(&activity);
        let service = service_fn(move |request: http::Request<Incoming>| {
            let under_way = counted.begin(request.version(), Instant::now());
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(address));
            let answer = router.clone().call(request);
            async move {
                let answer = answer.await?;
                Ok::<_, Infallible>(answer.map(|body| Answer {
                    body,
                    _under_way: under_way,
                }))
            }
        });
        let builder = builder(&limits);
        let serving = builder.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(serving);
        let mut draining = mode.clone();
        let mut told = false;
        let over = loop {
            tokio::select! {
                // What has come in time is read before anybody looks at the clock.
                biased;
                ended = serving.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(client = %address, %error, "the connection ended early");
                    }
                    return;
                }
                over = activity.over(&limits, &mut mode) => break over,
                // Whatever is being answered says that it is the last.
                _ = draining.wait_for(|mode| *mode == Mode::Draining), if !told => {
                    told = true;
                    serving.as_mut().graceful_shutdown();
                }
            }
        };
        match over {
            Over::Idle => {
                serving.as_mut().graceful_shutdown();
                // Whatever it says to that, it is gone then.
                let _ = timeout(GOODBYE, serving).await;
            }
            Over::Overdue => {
                tracing::debug!(client = %address, "cut off a client that took too long");
            }
        }
        drop(slot);
    }
}

fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    let buffer = usize::try_from(limits.header_bytes).unwrap_or(usize::MAX);
    builder
        .http1()
        .timer(TokioTimer::new())
        // Ours tells a slow head from an idle connection; hyper's counts both as one.
        .header_read_timeout(None)
        .max_headers(HEADER_LINES)
        .max_buf_size(buffer.max(BUFFER_MIN));
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(PING_EVERY))
        .keep_alive_timeout(PONG_WITHIN)
        .max_concurrent_streams(limits.streams)
        .max_pending_accept_reset_streams(RESETS)
        .max_local_error_reset_streams(LOCAL_RESETS)
        .max_header_list_size(limits.header_bytes)
        .max_frame_size(FRAME)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW * 4)
        .max_send_buf_size(SEND_BUFFER);
    builder
}

/// A body that holds its request under way until it is gone.
struct Answer {
    body: Body,
    _under_way: UnderWay,
}

impl hyper::body::Body for Answer {
    type Data = axum::body::Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
