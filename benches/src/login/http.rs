//! As much of an HTTP client as asking one thing after another over a connection that stays open takes.
//! Whoever waits here sleeps in the kernel: a program that spins would take the processors from those that
//! are measured.

use std::{
    io::{IoSliceMut, Write},
    net::TcpStream,
    os::fd::AsRawFd,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt::ReceiveTimestampns,
};

/// Far beyond any deadline of the server: one that hangs ends the bench.
const HANGS: Duration = Duration::from_secs(60);

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) retry_after: Option<u64>,
    pub(super) body: String,
}

pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// When the last of it came, by the system's clock.
    arrived: Duration,
}

impl Connection {
    pub(super) fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(HANGS))?;
        setsockopt(&stream, ReceiveTimestampns, &true)?;
        Ok(Self {
            stream,
            buffer: Vec::new(),
            arrived: Duration::ZERO,
        })
    }

    pub(super) fn send(&mut self, request: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(request)?)
    }

    /// Waits for the answer to what was sent.
    pub(super) fn receive(&mut self) -> Result<Answer> {
        loop {
            if let Some((answer, length)) = parse(&self.buffer)? {
                self.buffer.drain(..length);
                return Ok(answer);
            }
            self.read()?;
        }
    }

    fn read(&mut self) -> Result<()> {
        let mut part = [0; 4096];
        let mut parts = [IoSliceMut::new(&mut part)];
        let mut control = nix::cmsg_space!(nix::sys::time::TimeSpec);
        let received = recvmsg::<()>(
            self.stream.as_raw_fd(),
            &mut parts,
            Some(&mut control),
            MsgFlags::empty(),
        )?;
        for message in received.cmsgs()? {
            if let ControlMessageOwned::ScmTimestampns(at) = message {
                self.arrived = at.into();
            }
        }
        let read = received.bytes;
        ensure!(read > 0, "the connection ended");
        self.buffer.extend(part.get(..read).unwrap_or_default());
        Ok(())
    }

    /// When the last octet of the last answer was there to be read, as the kernel noted it, since the Unix
    /// epoch: what the reader waited for a core after that is not in it.
    pub(super) fn arrived(&self) -> Duration {
        self.arrived
    }

    pub(super) fn ask(&mut self, request: &[u8]) -> Result<Answer> {
        self.send(request)?;
        self.receive()
    }
}

/// An answer with a length (RFC 9112 §6.2), if all of it is there, and how long it is.
fn parse(text: &[u8]) -> Result<Option<(Answer, usize)>> {
    let text = std::str::from_utf8(text).context("an answer that is no text")?;
    let Some((head, rest)) = text.split_once("\r\n\r\n") else {
        ensure!(text.len() < 64 * 1024, "a head without an end");
        return Ok(None);
    };
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let status = status.context("an answer without a status")?.parse()?;
    let (mut length, mut retry_after) = (None, None);
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            bail!("a header without a colon");
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = Some(value.trim().parse::<usize>()?),
            "retry-after" => retry_after = Some(value.trim().parse()?),
            _ => {}
        }
    }
    let length = length.context("an answer without a length")?;
    Ok(rest.get(..length).map(|body| {
        let answer = Answer {
            status,
            retry_after,
            body: body.to_owned(),
        };
        (answer, head.len() + 4 + length)
    }))
}

pub(super) fn get_with(path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n")
        .into_bytes()
}

pub(super) fn post_json(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_to_its_end_and_no_further() {
        let text =
            b"HTTP/1.1 503 Busy\r\nRetry-After: 4\r\nContent-Length: 2\r\n\r\nabHTTP/1.1 200";
        let (answer, length) = parse(text).unwrap().unwrap();
        assert_eq!((answer.status, answer.retry_after), (503, Some(4)));
        assert_eq!(answer.body, "ab");
        assert_eq!(text.get(length..).unwrap(), b"HTTP/1.1 200");
        for short in [10, 40, length - 1] {
            assert!(parse(text.get(..short).unwrap()).unwrap().is_none());
        }
        assert!(parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
