//! A program under measurement, from its start to its end.
//!
//! It is ready when it has said its first line. It is asked to end, as an operator would, so that the
//! next start finds what an orderly end leaves behind; dropped before that, it is killed.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use rustix::{
    fs::{Advice, fadvise},
    process::{Pid, Signal, kill_process},
};

use crate::clock::Stopwatch;

/// Has the next start read the program from its disk, as the first one after a boot does.
///
/// How large the pieces are in which the kernel maps a program, and so how much of it is resident, depends on
/// how its file came into memory: one that was just written comes in larger ones.
pub(super) fn forget(program: &Path) -> Result<()> {
    let file =
        fs::File::open(program).with_context(|| format!("{} isn't built", program.display()))?;
    // What isn't on the disk yet stays in memory.
    file.sync_all()?;
    fadvise(&file, 0, None, Advice::DontNeed)?;
    Ok(())
}

/// A running program and when it said what.
pub(super) struct Program {
    child: Child,
    stopwatch: Stopwatch,
    line: String,
    line_age: f64,
}

impl Program {
    /// Starts it and waits for its first line.
    pub(super) fn start(program: &Path, arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let stopwatch = Stopwatch::start();
        let child = command
            .spawn()
            .with_context(|| format!("can't start {}", program.display()))?;
        let mut program = Self {
            child,
            stopwatch,
            line: String::new(),
            line_age: 0.0,
        };
        let output = program.child.stdout.as_mut().context("it has no output")?;
        BufReader::new(output).read_line(&mut program.line)?;
        program.line_age = program.age();
        ensure!(!program.line.is_empty(), "it ended without a word");
        Ok(program)
    }

    pub(super) fn line(&self) -> &str {
        self.line.trim_end()
    }

    /// Milliseconds from its start to its line.
    pub(super) const fn line_age(&self) -> f64 {
        self.line_age
    }

    /// Milliseconds since its start.
    pub(super) fn age(&self) -> f64 {
        self.stopwatch.milliseconds()
    }

    /// Its resident memory now, in mebibytes (`proc_pid_status(5)`).
    pub(super) fn resident(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kibibytes: f64 = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|value| value.trim().strip_suffix(" kB"))
            .context("the kernel doesn't say how much memory is resident")?
            .parse()?;
        Ok(kibibytes / 1024.0)
    }

    /// Asks it to end and waits until it has.
    pub(super) fn end(mut self) -> Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.context("its number is out of range")?, Signal::TERM)?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
