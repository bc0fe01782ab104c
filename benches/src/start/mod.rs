//! `start`: how long the server takes from its start to its first answer, and what it weighs.
//!
//! The limit is `bare-axum`, which listens and answers and does nothing else. A round starts ours on a
//! new database file, logs in a hundred times, ends it, and starts it on the same file again; then the
//! bare program. Both say a line once they answer, and the first request follows that line at once.
//!
//! Memory is what the kernel counts as resident (`VmRSS`) at a fixed event, the arrival of an answer. Both
//! programs are read from their disk once, in the round that isn't kept.
//!
//! What it hashes passwords with is beside the same hash as in `login`: the program is optimised for its size
//! in part, and that part mustn't grow to the hash.

mod program;
mod web;

use std::{
    fs,
    num::NonZero,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use anyhow::{Context, Result};
use serde::Deserialize;

use self::program::Program;
use crate::{
    login::Raw,
    report::{Other, Row, Standing, Unit},
    rounds::{Figure, interleave},
};

const REQUESTS: usize = 100;
/// For how many milliseconds the raw hash is measured in each round.
const RAW: f64 = 1000.0;

/// What one start comes to: milliseconds until line and answer, mebibytes at the first answer and at
/// the last.
struct Start {
    line: f64,
    answer: f64,
    idle: f64,
    worked: f64,
}

const FIRST: usize = 0;
const AGAIN: usize = 1;

/// The line that `symbolon dev --json` prints, as far as it matters here.
#[derive(Deserialize)]
struct Said {
    issuer: String,
    username: String,
    password: String,
}

pub(crate) fn measure(rounds: usize, symbolon: &Path) -> Result<Vec<Row>> {
    let bare = bare_program()?;
    program::forget(symbolon)?;
    program::forget(&bare)?;
    let mut measured = interleave(
        rounds,
        &mut [&mut || starts_of(symbolon), &mut || start_of_bare(&bare)],
    )?
    .into_iter();
    let (ours, limit) = (Starts::of(measured.next()), Starts::of(measured.next()));
    let row = |name: &str, unit, which, value: fn(&Start) -> f64| {
        compared(
            name,
            unit,
            ours.figure(which, value),
            limit.figure(FIRST, value),
        )
    };
    let time = |name, which, value| row(name, Unit::Milliseconds, which, value);
    let memory = |name, which, value| row(name, Unit::Mebibytes, which, value);
    Ok(vec![
        time("first answer, new database", FIRST, |start| start.answer),
        time("first answer, same database", AGAIN, |start| start.answer),
        time("line of JSON, new database", FIRST, |start| start.line),
        time("line of JSON, same database", AGAIN, |start| start.line),
        memory("resident, idle, new database", FIRST, |start| start.idle),
        memory("resident, idle, same database", AGAIN, |start| start.idle),
        memory("resident, after 100 logins", FIRST, |start| start.worked),
        compared("binary", Unit::Mebibytes, size(symbolon)?, size(&bare)?),
        hash(rounds, symbolon)?,
    ])
}

/// What `symbolon bench hash` says of the parameters that are the default, beside the raw hash.
fn hash(rounds: usize, symbolon: &Path) -> Result<Row> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let mut raw = Raw::new(cores);
    let measured = interleave(
        rounds,
        &mut [&mut || hash_of(symbolon), &mut || raw.run(RAW)],
    )?;
    let mut figures = measured.into_iter().map(Figure::of);
    let mut figure = || figures.next().context("each has its figures");
    Ok(Row {
        name: "a hash, on all cores".to_owned(),
        unit: Unit::Milliseconds,
        ours: figure()?,
        others: vec![Other {
            standing: Standing::Limit,
            name: "raw hash",
            figure: figure()?,
        }],
    })
}

fn hash_of(symbolon: &Path) -> Result<f64> {
    #[derive(Deserialize)]
    struct Said {
        rows: Vec<Tried>,
    }
    #[derive(Deserialize)]
    struct Tried {
        logins_per_second: f64,
    }
    let output = Command::new(symbolon)
        .args(["bench", "hash", "--json"])
        .output()?;
    let said: Said = serde_json::from_slice(&output.stdout)?;
    // The first are the default.
    let tried = said.rows.first().context("it tried none")?;
    Ok(1e3 / tried.logins_per_second)
}

/// The rounds of one candidate, each with the starts it took.
struct Starts(Vec<Vec<Start>>);

impl Starts {
    fn of(rounds: Option<Vec<Vec<Start>>>) -> Self {
        Self(rounds.unwrap_or_default())
    }

    fn figure(&self, which: usize, value: fn(&Start) -> f64) -> Figure {
        let starts = self.0.iter().filter_map(|round| round.get(which));
        Figure::of(starts.map(value))
    }
}

fn compared(name: &str, unit: Unit, ours: Figure, limit: Figure) -> Row {
    Row {
        name: name.to_owned(),
        unit,
        ours,
        others: vec![Other {
            standing: Standing::Limit,
            name: "bare axum",
            figure: limit,
        }],
    }
}

/// One on a new database, and one on the same again.
fn starts_of(symbolon: &Path) -> Result<Vec<Start>> {
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("symbolon.db");
    let database = database.to_str().context("the temporary folder's name")?;
    let arguments = [
        "dev",
        "--json",
        "--listen",
        "127.0.0.1:0",
        "--database",
        database,
    ];
    let start = || -> Result<Start> {
        let program = Program::start(symbolon, &arguments)?;
        let said: Said = serde_json::from_str(program.line())?;
        let address = address(&said.issuer)?;
        let credentials = serde_json::json!({
            "username": said.username,
            "password": said.password,
        });
        let login = web::post_json("/api/login", &credentials.to_string());
        measure_start(program, address, &login)
    };
    Ok(vec![start()?, start()?])
}

fn start_of_bare(bare: &Path) -> Result<Vec<Start>> {
    let program = Program::start(bare, &[])?;
    let address = address(program.line())?.to_owned();
    let start = measure_start(program, &address, &web::get("/healthz"))?;
    Ok(vec![start])
}

fn measure_start(program: Program, address: &str, work: &str) -> Result<Start> {
    web::ask(address, &web::get("/healthz"))?;
    let answer = program.age();
    let idle = program.resident()?;
    for _ in 0..REQUESTS {
        web::ask(address, work)?;
    }
    let worked = program.resident()?;
    let line = program.line_age();
    program.end()?;
    Ok(Start {
        line,
        answer,
        idle,
        worked,
    })
}

fn address(url: &str) -> Result<&str> {
    url.strip_prefix("http://")
        .with_context(|| format!("{url:?} is no address of a program on this machine"))
}

/// It is built beside this program.
fn bare_program() -> Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("bare-axum"))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no program is larger than 2^53 octets"
)]
fn size(program: &Path) -> Result<Figure> {
    let octets = fs::metadata(program)
        .with_context(|| format!("{} isn't built", program.display()))?
        .len();
    Ok(Figure::of([octets as f64 / 1024.0 / 1024.0]))
}
