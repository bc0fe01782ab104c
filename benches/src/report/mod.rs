//! What a bench found, and its forms: a table for people, JSON lines for programs, a chart.
//!
//! Invariant: every unit is a cost, so less is better everywhere and a ratio under 1 means that ours
//! costs less than what it is compared with.

mod json;
mod svg;
mod table;

use std::io::{self, Write};

use anyhow::Result;

pub(crate) use self::{
    json::json,
    svg::svg,
    table::{table, tall},
};
use crate::rounds::Figure;

/// One thing that was measured, for us and for what we are compared with.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) unit: Unit,
    pub(crate) ours: Figure,
    pub(crate) others: Vec<Other>,
}

/// Who else did the same work, and at what cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Other {
    pub(crate) standing: Standing,
    pub(crate) name: &'static str,
    pub(crate) figure: Figure,
}

/// What a comparison means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The least that the work can cost with the same building blocks.
    Limit,
    /// Another library for the same job.
    Peer,
}

impl Other {
    fn ratio(self, ours: Figure) -> f64 {
        ours.median / self.figure.median
    }

    /// The ratio with digits that mean something: a third one where the second would be the first.
    fn shown_ratio(self, ours: Figure) -> String {
        let ratio = self.ratio(ours);
        let digits = if ratio < 0.095 { 3 } else { 2 };
        format!("{ratio:.digits$}")
    }
}

/// What figures are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Microseconds,
    Milliseconds,
    Mebibytes,
    Allocations,
    Instructions,
    Answers,
}

impl Unit {
    const fn name(self) -> &'static str {
        match self {
            Self::Microseconds => "µs",
            Self::Milliseconds => "ms",
            Self::Mebibytes => "MiB",
            Self::Allocations => "allocations",
            Self::Instructions => "instructions",
            Self::Answers => "answers",
        }
    }

    /// As many digits as mean something.
    fn show(self, value: f64) -> String {
        let digits = match self {
            Self::Allocations | Self::Instructions | Self::Answers => 0,
            Self::Microseconds | Self::Milliseconds | Self::Mebibytes if value < 10.0 => 2,
            Self::Microseconds | Self::Milliseconds | Self::Mebibytes => 1,
        };
        format!("{value:.digits$}")
    }
}

/// Writes a report to standard output.
pub(crate) fn print(report: &str) -> Result<()> {
    io::stdout().write_all(report.as_bytes())?;
    Ok(())
}

/// Says on standard error why there is no report.
pub(crate) fn complain(error: &anyhow::Error) {
    // Where even that fails, the exit code has to do.
    let _ = writeln!(io::stderr(), "bench: {error:#}");
}

#[cfg(test)]
fn example() -> Vec<Row> {
    let figure = |median| Figure {
        median,
        min: median / 2.0,
        max: median * 2.0,
    };
    vec![Row {
        name: "verify <A&B>".to_owned(),
        unit: Unit::Microseconds,
        ours: figure(3.0),
        others: vec![
            Other {
                standing: Standing::Limit,
                name: "raw",
                figure: figure(2.0),
            },
            Other {
                standing: Standing::Peer,
                name: "peer",
                figure: figure(12.0),
            },
        ],
    }]
}
