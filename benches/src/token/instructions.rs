//! `token-instructions`: how many instructions one signature or verification takes.
//!
//! Counted by `valgrind --tool=callgrind` over this very program, which calls itself with none and with
//! some repetitions; the difference is theirs. Unlike times, counts hardly move with what else the
//! machine does. Big-number code that chooses its way by the processor may choose another one there.

use std::{hint::black_box, process::Command};

use anyhow::{Context, Result, bail, ensure};

use super::{Candidate, case::Case, limit::Limit, ours::Ours, peer::Peer};
use crate::{
    report::{Other, Row, Standing, Unit},
    rounds::Figure,
};

const REPETITIONS: u32 = 64;

const WHO: [&str; 3] = ["ours", "limit", "peer"];

const ALGORITHMS: [(&str, symbolon_token::Algorithm); 4] = [
    ("HS256", symbolon_token::Algorithm::HS256),
    ("RS256", symbolon_token::Algorithm::RS256),
    ("ES256", symbolon_token::Algorithm::ES256),
    ("Ed25519", symbolon_token::Algorithm::EdDSA),
];

pub(crate) fn measure() -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for what in ["verify", "sign"] {
        for (algorithm, _) in ALGORITHMS {
            let count = |who| -> Result<f64> {
                let run = |times| counted(&[who, algorithm, what], times);
                let (none, some) = (run(0)?, run(REPETITIONS)?);
                Ok(f64::from(u32::try_from(some.saturating_sub(none))?) / f64::from(REPETITIONS))
            };
            let [ours, limit, peer] = WHO.map(count);
            let figure = |count: f64| Figure::of([count]);
            rows.push(Row {
                name: format!("{algorithm} {what}"),
                unit: Unit::Instructions,
                ours: figure(ours?),
                others: vec![
                    Other {
                        standing: Standing::Limit,
                        name: "raw aws-lc-rs",
                        figure: figure(limit?),
                    },
                    Other {
                        standing: Standing::Peer,
                        name: "jsonwebtoken 11",
                        figure: figure(peer?),
                    },
                ],
            });
        }
    }
    Ok(rows)
}

/// Runs this program under callgrind and reads the sum that it prints.
fn counted(work: &[&str], times: u32) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .arg("token-repeat")
        .args(work)
        .arg(times.to_string())
        .output()
        .context("valgrind is needed to count instructions")?;
    let report = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{report}");
    let (_, sum) = report
        .split_once("Collected : ")
        .context("callgrind printed no sum")?;
    let sum = sum.split_whitespace().next().unwrap_or_default();
    Ok(sum.parse()?)
}

/// The other side of it: signs or verifies so many times and does nothing else.
pub(crate) fn repeat(words: &[String]) -> Result<()> {
    let [who, algorithm, what, times] = words else {
        bail!("token-repeat WHO ALGORITHM sign|verify TIMES");
    };
    let (_, algorithm) = ALGORITHMS
        .into_iter()
        .find(|(name, _)| name == algorithm)
        .context("no such algorithm")?;
    let case = Case::repeatable(algorithm)?;
    let candidate: Box<dyn Candidate> = match who.as_str() {
        "ours" => Box::new(Ours::new(&case)?),
        "limit" => Box::new(Limit::new(&case)?),
        "peer" => Box::new(Peer::new(&case)?),
        other => bail!("{other:?} isn't measured"),
    };
    let token = case.token()?;
    // The first of each fills caches, ours and the backend's; both runs have it.
    candidate.verify(&token)?;
    candidate.sign(&case.claims)?;
    for _ in 0..times.parse::<u32>()? {
        match what.as_str() {
            "verify" => candidate.verify(black_box(&token))?,
            _ => drop(black_box(candidate.sign(black_box(&case.claims))?)),
        }
    }
    Ok(())
}
