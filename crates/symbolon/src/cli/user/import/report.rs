//! What became of the rows: while they come, and at the end, for people and for programs.

use std::{fmt::Write, process::ExitCode};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::print;
use crate::app::{Imported, Kind};

/// Counts, and the rows that were left out.
pub(super) struct Report {
    counts: Counts,
    bad: Vec<Bad>,
    run: Run,
    /// Hidden where stderr is no terminal.
    bar: ProgressBar,
}

/// Whether what is reported has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// It has.
    Import,
    /// It would.
    Rehearsal,
}

#[derive(Default, Serialize)]
struct Counts {
    /// Added now.
    imported: u64,
    /// Added before.
    already_there: u64,
    /// Of those added now: whose passwords stood there in clear.
    plain_text: u64,
    /// Of those added now: who have no password.
    without_password: u64,
}

#[derive(Serialize)]
struct Bad {
    line: u64,
    reason: String,
}

impl Report {
    pub(super) fn begin(rows: u64, run: Run) -> Self {
        let bar = ProgressBar::new(rows);
        let template = "{bar:30} {human_pos} of {human_len}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self {
            counts: Counts::default(),
            bad: Vec::new(),
            run,
            bar,
        }
    }

    pub(super) fn add(&mut self, line: u64, imported: Imported) {
        match imported {
            Imported::Added(kind) => {
                self.counts.imported += 1;
                match kind {
                    Kind::Hash => {}
                    Kind::Plain => self.counts.plain_text += 1,
                    Kind::Unset => self.counts.without_password += 1,
                }
                self.bar.inc(1);
            }
            Imported::There => {
                self.counts.already_there += 1;
                self.bar.inc(1);
            }
            Imported::Bad(reason) => self.bad(line, reason.to_string()),
        }
    }

    pub(super) fn bad(&mut self, line: u64, reason: String) {
        self.bar
            .suspend(|| print::note(&format!("line {line} left out: {reason}")));
        self.bad.push(Bad { line, reason });
        self.bar.inc(1);
    }

    /// How far it came, for whoever reads why it went no further.
    pub(super) fn progress(&self) -> String {
        self.bar.finish_and_clear();
        format!(
            "{} users are imported; the same command goes on with the rest",
            self.counts.imported + self.counts.already_there
        )
    }

    pub(super) fn text(&self) -> String {
        self.bar.finish_and_clear();
        let Counts {
            imported,
            already_there,
            plain_text,
            without_password,
        } = self.counts;
        let verb = match self.run {
            Run::Import => "imported",
            Run::Rehearsal => "would be imported",
        };
        let mut text = format!(
            "{imported} users {verb}, {already_there} there already, {} rows left out",
            self.bad.len()
        );
        if without_password > 0 {
            let _ = write!(text, "\n{without_password} of them have no password");
        }
        if plain_text > 0 {
            let _ = write!(
                text,
                "\nWarning: {plain_text} passwords stood in clear where they came from. They are \
                 hashed here; whoever has a copy of the old table or of this file can still sign \
                 in with them. Delete the copies, and have those users choose new passwords."
            );
        }
        text
    }

    pub(super) fn json(&self) -> String {
        self.bar.finish_and_clear();
        let mut report = serde_json::json!(self.counts);
        report["dry_run"] = (self.run == Run::Rehearsal).into();
        report["bad"] = serde_json::json!(self.bad);
        report.to_string()
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        if self.bad.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
