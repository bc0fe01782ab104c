//! `token-peers`: the same token and the same checks in other libraries of Rust, Python and Node.
//!
//! Ours and jsonwebtoken run in this process; the others are programs of their own (`benches/token-peers`,
//! `benches/peers`), because their libraries of C don't share a process well, or because they are of
//! another language. Each measures its own processor time, and they take turns round by round.
//!
//! Invariant: before anything is timed, each takes what every other signed, and refuses a token that was
//! changed, is over or is of another kind.

use std::{hint::black_box, path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use symbolon_token::Algorithm;

use super::{Candidate, agreement, batch, case::Case, ours, peer, program::Program};
use crate::{
    report::{Other, Row, Standing, Unit},
    rounds::{Figure, interleave},
};

const ALGORITHMS: [(&str, Algorithm); 4] = [
    ("HS256", Algorithm::HS256),
    ("RS256", Algorithm::RS256),
    ("ES256", Algorithm::ES256),
    ("Ed25519", Algorithm::EdDSA),
];

const RUST: [(&str, &str); 2] = [
    ("jwt-simple", "token-peer-jwt-simple"),
    ("josekit", "token-peer-josekit"),
];
const PYTHON: [&str; 2] = ["PyJWT", "joserfc"];
const NODE: [&str; 2] = ["jose", "fast-jwt"];

pub(crate) fn measure(rounds: usize, folder: &Path) -> Result<Vec<Row>> {
    let (mut verify, mut sign) = (Vec::new(), Vec::new());
    for (name, algorithm) in ALGORITHMS {
        let case = Case::new(algorithm)?;
        let inside: [(&str, Box<dyn Candidate>); 2] = [
            ("ours", Box::new(ours::OursOwned(ours::Ours::new(&case)?))),
            ("jsonwebtoken 11", Box::new(peer::Peer::new(&case)?)),
        ];
        let files = tempfile::tempdir()?;
        case.write(files.path())?;
        let mut programs = start(folder, &case, files.path())?;
        check(&inside, &mut programs, &case)?;

        let token = case.token()?;
        let verifying = inside
            .each_ref()
            .map(|(name, peer)| (*name, || peer.verify(black_box(&token))));
        verify.push(row(
            format!("{name} verify"),
            rounds,
            &verifying,
            &mut programs,
        )?);
        let signing = inside.each_ref().map(|(name, peer)| {
            (*name, || {
                peer.sign(black_box(&case.claims)).map(black_box).map(drop)
            })
        });
        sign.push(row(
            format!("{name} sign"),
            rounds,
            &signing,
            &mut programs,
        )?);
    }
    Ok([verify, sign].concat())
}

/// Starts one of each for this key.
fn start(folder: &Path, case: &Case, files: &Path) -> Result<Vec<Program>> {
    let mut programs = Vec::new();
    let mut add = |name, command: &mut Command| -> Result<()> {
        let command = command.arg(case.algorithm.name()).arg(files);
        programs.push(Program::start(name, command)?);
        Ok(())
    };
    for (name, file) in RUST {
        // They are built beside this program.
        let program = std::env::current_exe()?.with_file_name(file);
        add(name, &mut Command::new(program))?;
    }
    for name in PYTHON {
        let mut command = Command::new(folder.join(".venv/bin/python"));
        add(name, command.arg(folder.join("tokens.py")).arg(name))?;
    }
    for name in NODE {
        let mut command = Command::new("node");
        add(name, command.arg(folder.join("tokens.mjs")).arg(name))?;
    }
    Ok(programs)
}

/// Fails if somebody refuses what somebody else signed, or takes what must be refused.
fn check(
    inside: &[(&str, Box<dyn Candidate>)],
    programs: &mut [Program],
    case: &Case,
) -> Result<()> {
    let mut good = vec![("the case", case.token()?)];
    for (name, peer) in inside {
        good.push((name, peer.sign(&case.claims)?));
    }
    for program in &mut *programs {
        good.push((program.name(), program.token()?));
    }
    let bad = agreement::refused(case)?;
    let algorithm = case.algorithm;
    for (signer, token) in &good {
        for (name, peer) in inside {
            peer.verify(token)
                .with_context(|| format!("{algorithm}: {name} refuses what {signer} signed"))?;
        }
        for program in &mut *programs {
            let name = program.name();
            ensure!(
                program.accepts(token)?,
                "{algorithm}: {name} refuses what {signer} signed"
            );
        }
    }
    for token in &bad {
        for (name, peer) in inside {
            ensure!(
                peer.verify(token).is_err(),
                "{algorithm}: {name} takes a token that it must refuse"
            );
        }
        for program in &mut *programs {
            let name = program.name();
            ensure!(
                !program.accepts(token)?,
                "{algorithm}: {name} takes a token that it must refuse"
            );
        }
    }
    Ok(())
}

/// Lets all of them do one thing, in turns. The name of the row ends with what a program is told.
fn row<W: Fn() -> Result<()>>(
    name: String,
    rounds: usize,
    inside: &[(&'static str, W)],
    programs: &mut [Program],
) -> Result<Row> {
    let what = name.rsplit(' ').next().unwrap_or_default().to_owned();
    let mut names = Vec::new();
    let mut turns: Vec<Box<dyn FnMut() -> Result<f64> + '_>> = Vec::new();
    for (name, work) in inside {
        names.push(*name);
        turns.push(Box::new(batch(work)?));
    }
    for program in programs {
        names.push(program.name());
        let times = program.batch_of(&what)?;
        let what = what.as_str();
        turns.push(Box::new(move || {
            Ok(program.repeat(what, times)? / f64::from(times))
        }));
    }
    let mut turns: Vec<_> = turns
        .iter_mut()
        .map(|turn| turn as &mut dyn FnMut() -> Result<f64>)
        .collect();
    let measured = interleave(rounds, &mut turns)?;
    let mut figures = names.into_iter().zip(measured.into_iter().map(Figure::of));
    let (_, ours) = figures.next().context("ours is the first")?;
    let others = figures.map(|(name, figure)| Other {
        standing: Standing::Peer,
        name,
        figure,
    });
    let others = others.collect();
    Ok(Row {
        name,
        unit: Unit::Microseconds,
        ours,
        others,
    })
}
