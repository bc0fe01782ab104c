//! What a peer of `./bench token-peers` hears and says.
//!
//! It is started with `ALGORITHM FOLDER`, finds keys and claims in the folder, and says `ready`. Then, a
//! line for a line: `token` asks for a signed token; `check TOKEN` is answered `yes` or `no`; `sign N` and
//! `verify N` do it so many times and answer with the microseconds of processor time that all of it took.

use std::{
    fs,
    hint::black_box,
    io::{BufRead, Write},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// The payload.
#[derive(Clone, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub sub: String,
    pub aud: String,
    pub exp: i64,
    pub iat: i64,
    pub jti: String,
    pub roles: Vec<String>,
    pub scope: String,
}

/// What the header has besides the algorithm.
#[derive(Deserialize)]
pub struct Header {
    pub typ: String,
    pub kid: String,
}

/// What a peer finds in its folder.
pub struct Case {
    pub algorithm: String,
    pub header: Header,
    pub claims: Claims,
    folder: PathBuf,
}

impl Case {
    fn new(algorithm: String, folder: PathBuf) -> Result<Self> {
        let header = serde_json::from_slice(&fs::read(folder.join("header.json"))?)?;
        let claims = serde_json::from_slice(&fs::read(folder.join("claims.json"))?)?;
        Ok(Self {
            algorithm,
            header,
            claims,
            folder,
        })
    }

    /// One of `secret`, `private.pem` and `public.pem`.
    pub fn file(&self, name: &str) -> Result<String> {
        Ok(fs::read_to_string(self.folder.join(name))?)
    }
}

/// A library that signs the claims and verifies tokens: signature, `typ`, `iss`, `aud` and `exp`.
pub trait Peer {
    fn sign(&self) -> Result<String>;

    /// Checks all of it, and reads the claims into a struct.
    fn verify(&self, token: &str) -> Result<()>;
}

/// Answers until nobody asks any more.
pub fn serve<P: Peer>(peer: impl FnOnce(&Case) -> Result<P>) -> Result<()> {
    let mut words = std::env::args().skip(1);
    let (Some(algorithm), Some(folder), None) = (words.next(), words.next(), words.next()) else {
        bail!("ALGORITHM FOLDER");
    };
    let case = Case::new(algorithm, folder.into())?;
    let token = case.file("token")?;
    let peer = peer(&case)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "ready")?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (what, with) = line.split_once(' ').unwrap_or((&line, ""));
        match what {
            "token" => writeln!(out, "{}", peer.sign()?)?,
            "check" if peer.verify(with).is_ok() => writeln!(out, "yes")?,
            "check" => writeln!(out, "no")?,
            "sign" => writeln!(out, "{}", timed(with, || peer.sign().map(drop))?)?,
            "verify" => writeln!(out, "{}", timed(with, || peer.verify(black_box(&token)))?)?,
            _ => bail!("{what}?"),
        }
        out.flush()?;
    }
    Ok(())
}

fn timed(times: &str, work: impl Fn() -> Result<()>) -> Result<f64> {
    let times: u32 = times.parse()?;
    let start = clock_gettime(ClockId::ProcessCPUTime);
    for _ in 0..times {
        work()?;
    }
    let since = clock_gettime(ClockId::ProcessCPUTime) - start;
    let since = Duration::try_from(since).ok().context("time went back")?;
    Ok(since.as_secs_f64() * 1e6)
}
