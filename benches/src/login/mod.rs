//! `login`: how near logins come to the raw hash, and what token checks and logins feel of each other.
//!
//! The server is a program that embeds an engine and guards a route, `login-server`, on the same machine as
//! the clients: theirs is part of what competes for the cores, as a reverse proxy's would be, and all of
//! them sleep while they wait. In a round each situation has its turn: the raw hash, logins alone, checks
//! alone, checks with logins at half of what can be had, checks in a storm of a thousand logins, and logins
//! while checks keep every core busy.
//!
//! Every row is a cost beside what it is measured by: the raw hash, the idle server, what memory may be
//! taken, the deadline.

mod checks;
mod http;
mod logins;
mod raw;
mod server;

use std::{cell::Cell, num::NonZero, thread};

use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

pub(crate) use self::raw::Raw;
use self::{
    checks::{p99_during, saturated_during},
    logins::{as_many_as_can_be, at_a_pace, connect_many, storm},
    server::Server,
};
use crate::{
    clock::Stopwatch,
    report::{Other, Row, Standing, Unit},
    rounds::{Figure, interleave},
};

/// Milliseconds that a situation lasts in each round.
const TURN: f64 = 2000.0;
/// What the server allows itself by default: mebibytes for hashing, and milliseconds of waiting.
const BUDGET: f64 = 256.0;
const DEADLINE: f64 = 5000.0;

pub(crate) fn measure(rounds: usize) -> Result<Vec<Row>> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    allow_files()?;
    let server = Server::start()?;
    let base = server.resident()?;
    let mut raw = Raw::new(cores);
    // Each situation gives some figures, always in the same order.
    let login = Cell::new(0.0);
    let mut hash = || -> Result<Vec<f64>> { Ok(vec![raw.run(TURN)?]) };
    let mut alone = || -> Result<Vec<f64>> {
        let served = as_many_as_can_be(&server, cores * 4, TURN)?;
        login.set(served.each);
        Ok(vec![served.each])
    };
    let mut idle = || -> Result<Vec<f64>> {
        let (p99, ()) = p99_during(&server, || {
            Stopwatch::start().reach(TURN);
            Ok(())
        })?;
        Ok(vec![p99.answered, p99.read])
    };
    let mut half = || -> Result<Vec<f64>> {
        let every = login.get() * 2.0;
        let (p99, ()) = p99_during(&server, || at_a_pace(&server, every, TURN))?;
        Ok(vec![p99.answered, p99.read])
    };
    let mut stormy = || -> Result<Vec<f64>> {
        server.forget_peak()?;
        let mut connections = connect_many(&server)?;
        let (p99, storm) = p99_during(&server, || storm(&mut connections))?;
        let peak = server.peak()?;
        Ok(vec![
            p99.answered,
            p99.read,
            peak,
            storm.served,
            storm.turned_away,
        ])
    };
    let mut busy = || -> Result<Vec<f64>> {
        let clients = cores * 2;
        let logins = || as_many_as_can_be(&server, clients, TURN);
        let served = saturated_during(&server, cores, logins)?;
        Ok(vec![served.each, served.slowest])
    };
    let measured = interleave(
        rounds,
        &mut [
            &mut hash,
            &mut alone,
            &mut idle,
            &mut half,
            &mut stormy,
            &mut busy,
        ],
    )?;
    let [hash, alone, idle, half, stormy, busy] = <[Vec<Vec<f64>>; 6]>::try_from(measured)
        .ok()
        .context("each situation has its figures")?;
    Ok(rows(&Measured {
        base,
        hash: Turns(hash),
        alone: Turns(alone),
        idle: Turns(idle),
        half: Turns(half),
        stormy: Turns(stormy),
        busy: Turns(busy),
    }))
}

/// One for each connection of a storm, and some more.
fn allow_files() -> Result<()> {
    let files = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: files.maximum,
            maximum: files.maximum,
        },
    )?;
    Ok(())
}

struct Measured {
    base: f64,
    hash: Turns,
    alone: Turns,
    idle: Turns,
    half: Turns,
    stormy: Turns,
    busy: Turns,
}

/// What a situation gave, round by round.
struct Turns(Vec<Vec<f64>>);

impl Turns {
    fn figure(&self, at: usize) -> Figure {
        Figure::of(self.0.iter().filter_map(|turn| turn.get(at).copied()))
    }
}

fn rows(measured: &Measured) -> Vec<Row> {
    let Measured {
        base,
        hash,
        alone,
        idle,
        half,
        stormy,
        busy,
    } = measured;
    let fixed = |value| Figure::of([value]);
    let row = |name: &str, unit, ours, beside| Row {
        name: name.to_owned(),
        unit,
        ours,
        others: vec![Other {
            standing: Standing::Limit,
            name: "beside",
            figure: beside,
        }],
    };
    let answers = |name: &str, at| Row {
        name: name.to_owned(),
        unit: Unit::Answers,
        ours: stormy.figure(at),
        others: Vec::new(),
    };
    vec![
        row(
            "a login, beside the raw hash",
            Unit::Milliseconds,
            alone.figure(0),
            hash.figure(0),
        ),
        row(
            "p99 of checks, logins at half capacity, beside idle",
            Unit::Microseconds,
            half.figure(0),
            idle.figure(0),
        ),
        row(
            "p99 at half capacity, to a client on the machine",
            Unit::Microseconds,
            half.figure(1),
            idle.figure(1),
        ),
        row(
            "p99 of checks, storm of 1,000 logins, beside idle",
            Unit::Microseconds,
            stormy.figure(0),
            idle.figure(0),
        ),
        row(
            "p99 in the storm, to a client on the machine",
            Unit::Microseconds,
            stormy.figure(1),
            idle.figure(1),
        ),
        row(
            "peak of memory in the storm, beside base and budget",
            Unit::Mebibytes,
            stormy.figure(2),
            fixed(base + BUDGET),
        ),
        answers("the storm: hashed and answered", 3),
        answers("the storm: told to come back", 4),
        row(
            "a login, checks on every core, beside logins alone",
            Unit::Milliseconds,
            busy.figure(0),
            alone.figure(0),
        ),
        row(
            "the slowest of them, beside the deadline",
            Unit::Milliseconds,
            busy.figure(1),
            fixed(DEADLINE),
        ),
    ]
}
