//! The bytes of a connection, encrypted or not, whose arrival is told.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Instant,
};
use tokio_rustls::server::TlsStream;

use super::activity::Activity;

/// A connection as HTTP reads it.
pub(super) struct Stream {
    bytes: Bytes,
    activity: Arc<Activity>,
}

/// Where they come from.
pub(super) enum Bytes {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    pub(super) const fn new(bytes: Bytes, activity: Arc<Activity>) -> Self {
        Self { bytes, activity }
    }
}

/// Does the same with whatever it is.
macro_rules! either {
    ($stream:ident, $bytes:ident => $act:expr) => {
        match &mut $stream.bytes {
            Bytes::Plain(bytes) => {
                let $bytes = Pin::new(bytes);
                $act
            }
            Bytes::Tls(bytes) => {
                let $bytes = Pin::new(bytes.as_mut());
                $act
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = either!(self, bytes => bytes.poll_read(context, buffer));
        if buffer.filled().len() > before {
            self.activity.received(Instant::now());
        }
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        either!(self, bytes => bytes.poll_write(context, buffer))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, bytes => bytes.poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, bytes => bytes.poll_shutdown(context))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, bytes => bytes.poll_write_vectored(context, buffers))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.bytes {
            Bytes::Plain(bytes) => bytes.is_write_vectored(),
            Bytes::Tls(bytes) => bytes.is_write_vectored(),
        }
    }
}
