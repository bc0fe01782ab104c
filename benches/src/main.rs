//! Runs one bench and reports it: `symbolon-bench NAME [--json] [--svg FILE] [--rounds N]`.
//!
//! `./bench` at the root of the repository builds what a bench needs and calls this. Nothing is
//! asserted about the figures: machines differ and are noisy. What is compared must do the same work,
//! and that is checked before anything is timed.

mod allocations;
mod arguments;
mod clock;
mod guard;
mod login;
mod report;
mod rounds;
mod start;
mod token;

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::{
    allocations::CountingAllocator,
    arguments::{Arguments, Bench, Format},
};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [first, work @ ..] = words.as_slice()
        && first == "token-repeat"
    {
        return token::instructions::repeat(work);
    }
    let arguments = Arguments::parse(words.into_iter())?;
    let rows = match arguments.bench {
        Bench::Token => token::measure(arguments.rounds)?,
        Bench::TokenInstructions => token::instructions::measure()?,
        Bench::TokenPeers => token::peers::measure(arguments.rounds, &arguments.peers)?,
        Bench::TokenRefusals => token::refusals::measure(arguments.rounds)?,
        Bench::Guard => guard::measure(arguments.rounds)?,
        Bench::GuardPeers => guard::measure_peers(arguments.rounds, &arguments.peers)?,
        Bench::Login => login::measure(arguments.rounds)?,
        Bench::Start => start::measure(arguments.rounds, &arguments.program)?,
    };
    let name = arguments.bench.name();
    if let Some(file) = &arguments.svg {
        std::fs::write(file, report::svg(name, &rows))
            .with_context(|| format!("can't write {}", file.display()))?;
    }
    report::print(&match arguments.format {
        Format::Table => match arguments.bench {
            Bench::TokenPeers | Bench::GuardPeers => report::tall(&rows),
            _ => report::table(&rows),
        },
        Format::Json => report::json(name, &rows)?,
    })
}
