//! `symbolon bench hash`: what password hashes cost on this machine, and which to ask for.

use std::{fmt::Write, num::NonZero, process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::print;
use crate::{
    PasswordHashing,
    passwords::measure::{Cost, Trial, measure, memory_of_server},
};

const MIB: u64 = 1024 * 1024;
/// From the floor up: the memory first, because that is what makes guessing dear.
const TRIALS: [(u64, u32); 7] = [
    (19, 2),
    (32, 2),
    (46, 2),
    (64, 2),
    (64, 3),
    (128, 2),
    (128, 3),
];
/// How long each is tried.
const AT_LEAST: Duration = Duration::from_millis(700);

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures Argon2id on this machine and proposes parameters for symbolon.toml
    Hash(HashArguments),
}

#[derive(clap::Args)]
struct HashArguments {
    /// How long a hash may take, in milliseconds, while all threads hash
    #[arg(long, value_name = "MS", default_value = "100")]
    within: NonZero<u32>,
    /// Threads that hash, at most one a core (default: one a core)
    #[arg(long, value_name = "NUMBER")]
    threads: Option<NonZero<usize>>,
    /// Print one line of JSON for programs instead of the table for people
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let Command::Hash(arguments) = &arguments.command;
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = arguments.threads.map_or(cores, NonZero::get).min(cores);
    let rows = measure_all(threads)?;
    let within = Duration::from_millis(arguments.within.get().into());
    let found = Found {
        proposal: propose(&rows, within).context("nothing was measured")?,
        threads,
        rows,
    };
    print::line(&if arguments.json {
        found.json()?
    } else {
        found.text(within)
    });
    Ok(ExitCode::SUCCESS)
}

fn measure_all(threads: usize) -> Result<Vec<Row>> {
    // Hidden where stderr is no terminal.
    let bar = ProgressBar::new(TRIALS.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len}, {msg}") {
        bar.set_style(style);
    }
    let mut rows = Vec::new();
    for (mebibytes, iterations) in TRIALS {
        bar.set_message(format!("{mebibytes} MiB, {iterations} iterations"));
        let trial = Trial {
            memory: mebibytes * MIB,
            iterations,
        };
        let cost = measure(trial, threads, AT_LEAST)?;
        rows.push(Row::new(trial, cost, threads));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(rows)
}

/// What one choice of parameters costs.
#[derive(Clone, Copy, Debug, Serialize)]
struct Row {
    memory: u64,
    iterations: u32,
    hash_ms: f64,
    logins_per_second: f64,
    /// What a server would hash in at the most, in bytes.
    peak_memory: u64,
}

impl Row {
    fn new(trial: Trial, cost: Cost, threads: usize) -> Self {
        let tenths = |value: f64| (value * 10.0).round() / 10.0;
        Self {
            memory: trial.memory,
            iterations: trial.iterations,
            hash_ms: tenths(cost.hash.as_secs_f64() * 1e3),
            logins_per_second: tenths(cost.per_second),
            peak_memory: memory_of_server(trial, threads),
        }
    }

    /// What guessing pays: memory, as often as it is gone over.
    fn price(&self) -> (u64, u64) {
        (self.memory * u64::from(self.iterations), self.memory)
    }
}

/// The dearest parameters within the time; the floor where even that takes longer (W3).
fn propose(rows: &[Row], within: Duration) -> Option<Row> {
    let limit = within.as_secs_f64() * 1e3;
    let affordable = rows.iter().filter(|row| row.hash_ms <= limit);
    affordable
        .max_by_key(|row| row.price())
        .or_else(|| rows.iter().min_by_key(|row| row.price()))
        .copied()
}

#[derive(Serialize)]
struct Found {
    threads: usize,
    rows: Vec<Row>,
    proposal: Row,
}

impl Found {
    fn json(&self) -> Result<String> {
        Ok(serde_json::to_string(self)?)
    }

    fn text(&self, within: Duration) -> String {
        let threads = match self.threads {
            1 => "one thread".to_owned(),
            threads => format!("{threads} threads"),
        };
        let mut text = format!("Argon2id on {threads}, all of them busy:\n\n");
        // Writing to a string doesn't fail.
        let _ = writeln!(
            text,
            "{:>8}  {:>10}  {:>9}  {:>8}  {:>11}",
            "memory", "iterations", "a hash", "logins/s", "peak memory"
        );
        for row in &self.rows {
            let _ = writeln!(
                text,
                "{:>8}  {:>10}  {:>9}  {:>8.1}  {:>11}",
                mebibytes(row.memory),
                row.iterations,
                format!("{:.1} ms", row.hash_ms),
                row.logins_per_second,
                mebibytes(row.peak_memory),
            );
        }
        let within = within.as_millis();
        let proposal = &self.proposal;
        if proposal.hash_ms <= f64::from(u32::try_from(within).unwrap_or(u32::MAX)) {
            let _ = writeln!(
                text,
                "\nThe dearest for whoever guesses, within {within} ms a hash:"
            );
        } else {
            let _ = writeln!(
                text,
                "\nNone takes {within} ms or less; the least that is secure:"
            );
        }
        text.push('\n');
        text.push_str(&proposal.lines());
        text
    }
}

impl Row {
    /// What to write into symbolon.toml.
    fn lines(&self) -> String {
        let mut lines = format!(
            "[passwords]\nmemory = \"{}\"\niterations = {}",
            mebibytes(self.memory),
            self.iterations
        );
        let standard = PasswordHashing::default().memory_budget;
        if self.peak_memory > standard {
            let _ = write!(
                lines,
                "\nmemory_budget = \"{}\"",
                mebibytes(self.peak_memory)
            );
        }
        lines
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(MIB))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(memory: u64, iterations: u32, hash_ms: f64) -> Row {
        Row {
            memory: memory * MIB,
            iterations,
            hash_ms,
            logins_per_second: 1.0,
            peak_memory: memory * MIB * 3,
        }
    }

    #[test]
    fn w3_the_dearest_within_the_time_is_proposed_and_never_less_than_the_floor() {
        let rows = [row(19, 2, 30.0), row(64, 2, 99.0), row(64, 3, 150.0)];
        let proposed = |within| {
            let row = propose(&rows, Duration::from_millis(within)).unwrap();
            (row.memory / MIB, row.iterations)
        };
        assert_eq!(proposed(100), (64, 2));
        assert_eq!(proposed(98), (19, 2));
        assert_eq!(proposed(1000), (64, 3));
        assert_eq!(proposed(1), (19, 2));
    }

    #[test]
    fn every_trial_may_be_asked_for() {
        for (mebibytes, iterations) in TRIALS {
            let options = PasswordHashing {
                memory: mebibytes * MIB,
                iterations,
                ..PasswordHashing::default()
            };
            assert!(options.check().is_ok(), "{mebibytes} {iterations}");
        }
    }

    #[test]
    fn the_lines_name_the_budget_where_the_default_is_too_small() {
        let small = row(64, 2, 99.0).lines();
        assert_eq!(small, "[passwords]\nmemory = \"64 MiB\"\niterations = 2");
        let large = row(128, 2, 99.0).lines();
        assert!(large.ends_with("\nmemory_budget = \"384 MiB\""), "{large}");
    }

    #[test]
    fn the_table_and_the_json_say_the_same() {
        let found = Found {
            threads: 2,
            rows: vec![row(19, 2, 31.4)],
            proposal: row(19, 2, 31.4),
        };
        let text = found.text(Duration::from_millis(100));
        assert!(text.contains("on 2 threads"), "{text}");
        assert!(
            text.contains("  19 MiB           2    31.4 ms       1.0       57 MiB"),
            "{text}"
        );
        let slow = found.text(Duration::from_millis(10));
        assert!(slow.contains("None takes 10 ms or less"), "{slow}");
        let json: serde_json::Value = serde_json::from_str(&found.json().unwrap()).unwrap();
        assert_eq!(json["proposal"]["memory"], 19 * MIB);
        assert_eq!(json["rows"][0]["hash_ms"], 31.4);
    }
}
