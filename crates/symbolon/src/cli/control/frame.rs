//! Frames: their length in four bytes, and so much JSON.
//!
//! Invariant: a length is believed only up to the limit, and memory is taken as bytes arrive. A frame may
//! hold a password, so its bytes are wiped, and its buffer never grows: a copy would be left behind.

use std::io::{Error, ErrorKind, Result};

use serde::Serialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

/// The longest request: a password of 1024 bytes, and roles.
pub(super) const REQUEST_MAX: usize = 64 * 1024;
/// The longest answer: a page of users.
pub(super) const ANSWER_MAX: usize = 16 * 1024 * 1024;
/// What is reserved at once; no request is longer.
const STEP: usize = 64 * 1024;

/// Reads a frame.
pub(super) async fn read(
    from: &mut (impl AsyncRead + Unpin),
    limit: usize,
) -> Result<Zeroizing<Vec<u8>>> {
    let length = from.read_u32().await?;
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length == 0 || length > limit {
        return Err(Error::new(
            ErrorKind::InvalidData,
            "the length of a message is out of bounds",
        ));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(length.min(STEP)));
    let taken = from.take(length as u64).read_to_end(&mut bytes).await?;
    if taken < length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

/// Writes a frame.
pub(super) async fn write(
    to: &mut (impl AsyncWrite + Unpin),
    message: &impl Serialize,
    limit: usize,
) -> Result<()> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(STEP));
    serde_json::to_writer(&mut *bytes, message)?;
    let length = u32::try_from(bytes.len())
        .ok()
        .filter(|_| bytes.len() <= limit);
    let length = length.ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidInput,
            "a message is longer than is allowed",
        )
    })?;
    to.write_all(&length.to_be_bytes()).await?;
    to.write_all(&bytes).await?;
    to.flush().await
}
