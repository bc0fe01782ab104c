//! Requests with tokens in turn, over a few connections that stay open, to loopback and bounded in number.
//!
//! Whoever waits here doesn't sleep: waking a sleeper costs the program that is measured about a microsecond
//! an answer, the more often the slower it is.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
};

use anyhow::{Context, Result, bail, ensure};

use super::server::Server;
use crate::clock::Stopwatch;

/// So many requests are under way at once.
const CONNECTIONS: usize = 32;

/// In milliseconds, far beyond anything that is measured: a program that hangs ends the bench.
const DEADLINE: f64 = 30_000.0;

pub(super) struct Load<'t> {
    requests: Vec<Vec<u8>>,
    tokens: &'t [String],
    count: usize,
    next: usize,
    connections: Vec<TcpStream>,
}

impl<'t> Load<'t> {
    pub(super) fn new(tokens: &'t [String], count: usize) -> Self {
        Self {
            requests: tokens.iter().map(|token| request(token)).collect(),
            tokens,
            count,
            next: 0,
            connections: Vec::new(),
        }
    }

    /// A good token is let in and a changed one isn't; then each is sent once, so that what remembers them
    /// has seen them all.
    pub(super) fn check(&mut self, server: &Server) -> Result<()> {
        let token = self.tokens.first().context("there are tokens")?;
        let mut changed = token.clone().into_bytes();
        let last = changed.len().saturating_sub(20);
        if let Some(letter) = changed.get_mut(last) {
            *letter = if *letter == b'A' { b'B' } else { b'A' };
        }
        let changed = String::from_utf8(changed)?;
        ensure!(
            self.ask(server, &request(token))? == 200,
            "{} refuses a good token",
            server.name
        );
        let refused = self.ask(server, &request(&changed))?;
        ensure!(
            server.name.starts_with("bare") || (400..500).contains(&refused),
            "{} answers {refused} to a forged token",
            server.name
        );
        if self.count >= self.tokens.len() {
            self.run(server)?;
        }
        Ok(())
    }

    /// Microseconds of the server's processor time for each request.
    pub(super) fn run(&mut self, server: &Server) -> Result<f64> {
        while self.connections.len() < CONNECTIONS {
            self.connections.push(connect(server)?);
        }
        let before = server.processor_time()?;
        let mut sent = 0;
        while sent < self.count {
            let first = self.next;
            for connection in &mut self.connections {
                let request = self.requests.get(self.next).context("a request")?;
                if connection.write_all(request).is_err() {
                    *connection = connect(server)?;
                    connection.write_all(request)?;
                }
                self.next = (self.next + 1) % self.requests.len();
            }
            for (number, connection) in self.connections.iter_mut().enumerate() {
                let answer = match read_answer(connection) {
                    Ok(answer) => answer,
                    // Closed by the server between two requests: asked again on a new one.
                    Err(_) => {
                        *connection = connect(server)?;
                        let again = (first + number) % self.requests.len();
                        connection.write_all(self.requests.get(again).context("a request")?)?;
                        read_answer(connection)?
                    }
                };
                ensure!(answer == 200, "{} answers {answer}", server.name);
                sent += 1;
            }
        }
        let spent = server.processor_time()? - before;
        #[expect(clippy::cast_precision_loss, reason = "some ten thousand requests")]
        let sent = sent as f64;
        Ok(spent / sent)
    }

    fn ask(&self, server: &Server, request: &[u8]) -> Result<u16> {
        let mut connection = connect(server)?;
        connection.write_all(request)?;
        read_answer(&mut connection)
    }
}

fn request(token: &str) -> Vec<u8> {
    format!("GET /me HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n").into_bytes()
}

fn connect(server: &Server) -> Result<TcpStream> {
    let connection = TcpStream::connect(&server.address)?;
    connection.set_nonblocking(true)?;
    connection.set_nodelay(true)?;
    Ok(connection)
}

/// Reads one answer with a length, to its end; gives its status.
fn read_answer(connection: &mut TcpStream) -> Result<u16> {
    let mut answer = [0; 8192];
    let mut filled = 0;
    let waiting = Stopwatch::start();
    loop {
        let rest = answer.get_mut(filled..).unwrap_or_default();
        ensure!(!rest.is_empty(), "an answer of more than 8 KiB");
        match connection.read(rest) {
            Ok(0) => bail!("the connection ended"),
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                ensure!(waiting.milliseconds() < DEADLINE, "no answer came");
                for _ in 0..200 {
                    std::hint::spin_loop();
                }
            }
            Err(error) => return Err(error.into()),
        }
        let text = String::from_utf8_lossy(answer.get(..filled).unwrap_or_default());
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                let is_length = name.eq_ignore_ascii_case("content-length");
                is_length.then(|| value.trim().parse::<usize>().ok())?
            });
            if body.len() >= length.context("an answer without a length")? {
                let status = head.split(' ').nth(1).context("a status")?;
                return Ok(status.parse()?);
            }
        }
    }
}
