//! `guard`: what guarding a route costs, against the same program without a guard and against
//! `jsonwebtoken` called by hand. `guard-peers`: the same against what other languages offer.
//!
//! Every candidate is a program of its own that serves one route over HTTP on loopback; what is measured is
//! the processor time that it spends on a request, the kernel's part included, so that it doesn't matter how
//! fast the requests come. The requests carry 10,000 different live tokens in turn; the guards with a cache
//! hold 10,000 denials besides. What is called directly is measured in this process.
//!
//! Invariant: before anything is timed, every candidate lets each kind of token in and refuses one that was
//! changed.

mod direct;
mod load;
mod peers;
mod server;
mod tokens;

use anyhow::{Context, Result};

use self::{load::Load, server::Server, tokens::Tokens};
use crate::{
    report::{Other, Row, Standing, Unit},
    rounds::{Candidate, Figure, interleave},
};

pub(crate) use self::peers::measure as measure_peers;

/// How many tokens are alive.
const TOKENS: usize = 10_000;

/// Requests in a round: what is fast gets more of them.
const MANY: usize = 10_000;
const FEW: usize = 2_000;

pub(crate) fn measure(rounds: usize) -> Result<Vec<Row>> {
    let tokens = Tokens::new(TOKENS)?;
    let ours = |kind| Server::ours(kind, &tokens);
    let mut servers = [
        (ours("bare")?, Load::new(&tokens.hs256, MANY)),
        (ours("bare-layer")?, Load::new(&tokens.hs256, MANY)),
        (ours("cached-hs256")?, Load::new(&tokens.hs256, MANY)),
        (ours("cached-es256")?, Load::new(&tokens.es256, MANY)),
        (ours("layer-hs256")?, Load::new(&tokens.hs256, MANY)),
        (ours("plain-hs256")?, Load::new(&tokens.hs256, MANY)),
        (ours("plain-es256")?, Load::new(&tokens.es256, FEW)),
        (ours("by-hand-hs256")?, Load::new(&tokens.hs256, MANY)),
        (ours("by-hand-es256")?, Load::new(&tokens.es256, FEW)),
    ];
    let figures = served(rounds, &mut servers)?;
    let [
        bare,
        bare_layer,
        cached,
        cached_es,
        layer,
        plain,
        plain_es,
        hand,
        hand_es,
    ] = <[Figure; 9]>::try_from(figures)
        .ok()
        .context("each server has its figure")?;
    let row = |name: &str, ours, limit, by_hand| Row {
        name: name.to_owned(),
        unit: Unit::Microseconds,
        ours,
        others: vec![
            other(Standing::Limit, "bare axum", limit),
            other(Standing::Peer, "jsonwebtoken by hand", by_hand),
        ],
    };
    let mut rows = vec![
        row("HS256, remembered", cached, bare, hand),
        row("HS256, remembered, by layer", layer, bare, hand),
        row("the same, beside a bare layer", layer, bare_layer, hand),
        row("ES256, remembered", cached_es, bare, hand_es),
        row("HS256, each verified", plain, bare, hand),
        row("ES256, each verified", plain_es, bare, hand_es),
    ];
    drop(servers);
    rows.extend(direct::measure(rounds, &tokens, bare)?);
    Ok(rows)
}

/// Microseconds of processor time a request, of each server.
fn served(rounds: usize, servers: &mut [(Server, Load<'_>)]) -> Result<Vec<Figure>> {
    for (server, load) in &mut *servers {
        load.check(server)?;
    }
    let mut runs: Vec<_> = servers
        .iter_mut()
        .map(|(server, load)| move || load.run(server))
        .collect();
    let mut candidates: Vec<Candidate<'_, f64>> = Vec::new();
    for run in &mut runs {
        candidates.push(run);
    }
    let measured = interleave(rounds, &mut candidates)?;
    Ok(measured.into_iter().map(Figure::of).collect())
}

const fn other(standing: Standing, name: &'static str, figure: Figure) -> Other {
    Other {
        standing,
        name,
        figure,
    }
}
