//! `token`: what signing and verifying a token costs beyond the cryptography.
//!
//! Three candidates share key, claims and token: ours, the raw limit (the backend called by hand, with
//! nothing but what a token can't do without) and a peer. Each reads the clock itself, as a service
//! does for each request. Ed25519 runs under its old name `EdDSA`, the only one that the peer knows.
//!
//! Invariant: before anything is timed, every candidate takes what every other signed.

mod agreement;
mod case;
pub(crate) mod instructions;
mod limit;
mod ours;
mod peer;
pub(crate) mod peers;
mod program;
pub(crate) mod refusals;

use std::hint::black_box;

use anyhow::Result;
use symbolon_token::Algorithm;

use self::case::{Case, Claims};
use crate::{
    allocations,
    clock::ThreadStopwatch,
    report::{Other, Row, Standing, Unit},
    rounds::{Figure, interleave},
};

const ALGORITHMS: [(&str, Algorithm); 6] = [
    ("HS256", Algorithm::HS256),
    ("RS256", Algorithm::RS256),
    ("PS256", Algorithm::PS256),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("Ed25519", Algorithm::EdDSA),
];

/// How long a candidate runs in a round, at the least: less than the scheduler's slices, so that most
/// turns aren't interrupted.
const BATCH_MICROSECONDS: f64 = 1_000.0;

/// A library that does the two things which are measured.
trait Candidate {
    fn sign(&self, claims: &Claims) -> Result<String>;

    /// Checks signature, kind and time, and reads the claims, which it lets go of again.
    fn verify(&self, token: &str) -> Result<()>;
}

/// In the order in which they are reported: ours first.
const NAMES: [(Standing, &str); 3] = [
    (Standing::Limit, "raw aws-lc-rs"),
    (Standing::Peer, "ours, owned claims"),
    (Standing::Peer, "jsonwebtoken 11"),
];

fn candidates(case: &Case) -> Result<[Box<dyn Candidate>; 4]> {
    Ok([
        Box::new(ours::Ours::new(case)?),
        Box::new(limit::Limit::new(case)?),
        Box::new(ours::OursOwned(ours::Ours::new(case)?)),
        Box::new(peer::Peer::new(case)?),
    ])
}

pub(crate) fn measure(rounds: usize) -> Result<Vec<Row>> {
    let mut verify_times = Vec::new();
    let mut sign_times = Vec::new();
    let mut verify_allocations = Vec::new();
    let mut sign_allocations = Vec::new();
    for (name, algorithm) in ALGORITHMS {
        let case = Case::new(algorithm)?;
        let candidates = candidates(&case)?;
        agreement::check(&candidates, &case)?;
        let token = case.token()?;

        let verify = candidates
            .each_ref()
            .map(|candidate| || candidate.verify(black_box(&token)));
        verify_times.push(times(format!("{name} verify"), rounds, &verify)?);
        verify_allocations.push(allocations(format!("{name} verify"), &verify)?);

        let sign = candidates
            .each_ref()
            .map(|candidate| || candidate.sign(black_box(&case.claims)).map(drop));
        sign_times.push(times(format!("{name} sign"), rounds, &sign)?);
        sign_allocations.push(allocations(format!("{name} sign"), &sign)?);
    }
    Ok([
        verify_times,
        sign_times,
        verify_allocations,
        sign_allocations,
    ]
    .concat())
}

fn times(name: String, rounds: usize, work: &[impl Fn() -> Result<()>; 4]) -> Result<Row> {
    let mut turns = Vec::new();
    for work in work {
        turns.push(batch(work)?);
    }
    let mut turns: Vec<_> = turns
        .iter_mut()
        .map(|turn| turn as &mut dyn FnMut() -> Result<f64>)
        .collect();
    let measured = interleave(rounds, &mut turns)?;
    let figures = measured.into_iter().map(Figure::of);
    Ok(row(name, Unit::Microseconds, &NAMES, figures))
}

/// Work repeated as often as fits into a turn, which gives the microseconds of a single time.
fn batch(work: impl Fn() -> Result<()>) -> Result<impl FnMut() -> Result<f64>> {
    let repeat = move |times: u32| -> Result<f64> {
        let stopwatch = ThreadStopwatch::start();
        for _ in 0..times {
            work()?;
        }
        Ok(stopwatch.microseconds())
    };
    let mut times = 1;
    while repeat(times)? < BATCH_MICROSECONDS {
        times *= 2;
    }
    Ok(move || Ok(repeat(times)? / f64::from(times)))
}

/// The count of a single time: it is the same every time.
fn allocations(name: String, work: &[impl Fn() -> Result<()>; 4]) -> Result<Row> {
    let mut counts = Vec::new();
    for work in work {
        let before = allocations::count();
        work()?;
        let count = allocations::count().wrapping_sub(before);
        counts.push(Figure::of([f64::from(count)]));
    }
    Ok(row(name, Unit::Allocations, &NAMES, counts))
}

/// The first figure is ours, the rest belong to these names.
fn row(
    name: String,
    unit: Unit,
    names: &[(Standing, &'static str)],
    figures: impl IntoIterator<Item = Figure>,
) -> Row {
    let mut figures = figures.into_iter();
    let ours = figures.next().unwrap_or_else(|| Figure::of([]));
    let others = names
        .iter()
        .zip(figures)
        .map(|(&(standing, name), figure)| Other {
            standing,
            name,
            figure,
        });
    Row {
        name,
        unit,
        ours,
        others: others.collect(),
    }
}
