//! `guard-peers`: other guards for axum and other languages' programs, which guard one route the way their
//! documents show it.
//!
//! They are in `benches/guard-peers` and `benches/peers`, with what they need pinned; `./bench guard-peers`
//! builds and installs them. Each runs as one process on its own, and its processor time counts with all its
//! threads.

use std::{path::Path, process::Command};

use anyhow::{Context, Result};

use super::{FEW, Load, MANY, Server, TOKENS, Tokens, other, served};
use crate::{
    report::{Row, Standing, Unit},
    rounds::Figure,
};

/// In the order in which they are reported.
const RUST: [&str; 2] = ["axum-jwt-auth", "jwt-authorizer"];
const NODE: [&str; 2] = ["Fastify, cached", "Express + jose"];
const PYTHON: [&str; 2] = ["FastAPI + PyJWT", "Flask-JWT-Extended"];

pub(crate) fn measure(rounds: usize, folder: &Path) -> Result<Vec<Row>> {
    let tokens = Tokens::new(TOKENS)?;
    let mut rows = Vec::new();
    for algorithm in ["HS256", "ES256"] {
        let (ours, flask) = match algorithm {
            "HS256" => (&tokens.hs256, &tokens.flask_hs256),
            _ => (&tokens.es256, &tokens.flask_es256),
        };
        let kind = algorithm.to_lowercase();
        let mut servers = vec![
            (Server::ours("bare", &tokens)?, Load::new(ours, MANY)),
            (
                Server::ours(&format!("cached-{kind}"), &tokens)?,
                Load::new(ours, MANY),
            ),
            (
                Server::ours(&format!("by-hand-{kind}"), &tokens)?,
                Load::new(ours, FEW),
            ),
        ];
        for name in RUST {
            let program = format!("guard-peer-{name}");
            let mut command = Command::new(std::env::current_exe()?.with_file_name(program));
            command.arg(algorithm);
            servers.push((
                Server::start(&mut command, name, &tokens)?,
                Load::new(ours, FEW),
            ));
        }
        let node = folder.join("node.mjs");
        let python = folder.join("python.py");
        for name in NODE {
            let mut command = Command::new("node");
            command.arg(&node).arg(name).arg(algorithm);
            // Fastify's cache is to have seen them all, as ours has.
            let count = if name == "Fastify, cached" { MANY } else { FEW };
            servers.push((
                Server::start(&mut command, name, &tokens)?,
                Load::new(ours, count),
            ));
        }
        for name in PYTHON {
            let mut command = Command::new(folder.join(".venv/bin/python"));
            command.arg(&python).arg(name).arg(algorithm);
            let with = if name == "Flask-JWT-Extended" {
                flask
            } else {
                ours
            };
            servers.push((
                Server::start(&mut command, name, &tokens)?,
                Load::new(with, FEW),
            ));
        }
        let mut figures = served(rounds, &mut servers)?.into_iter();
        let mut next = || figures.next().context("each server has its figure");
        let (bare, ours): (Figure, Figure) = (next()?, next()?);
        let mut others = vec![
            other(Standing::Limit, "bare axum", bare),
            other(Standing::Peer, "jsonwebtoken by hand", next()?),
        ];
        for name in RUST.into_iter().chain(NODE).chain(PYTHON) {
            others.push(other(Standing::Peer, name, next()?));
        }
        rows.push(Row {
            name: format!("{algorithm}, remembered"),
            unit: Unit::Microseconds,
            ours,
            others,
        });
    }
    Ok(rows)
}
