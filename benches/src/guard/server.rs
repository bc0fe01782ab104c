//! A program that serves one guarded route, and the processor time that it has used.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use super::tokens::Tokens;

pub(super) struct Server {
    child: Child,
    /// Without a scheme.
    pub(super) address: String,
    pub(super) name: String,
}

impl Server {
    /// One of the kinds of `guard-server`, which is built beside this program.
    pub(super) fn ours(kind: &str, tokens: &Tokens) -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name("guard-server");
        Self::start(Command::new(program).arg(kind), kind, tokens)
    }

    /// Starts it and waits for the line that says where it listens. The keys' folder is its last argument.
    pub(super) fn start(command: &mut Command, name: &str, tokens: &Tokens) -> Result<Self> {
        let mut child = command
            .arg(tokens.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("can't start {name}"))?;
        let output = child.stdout.take().context("it has no output")?;
        let mut server = Self {
            child,
            address: String::new(),
            name: name.to_owned(),
        };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let address = line.trim().strip_prefix("http://");
        ensure!(address.is_some(), "{name} ended without a word");
        address.unwrap_or_default().clone_into(&mut server.address);
        Ok(server)
    }

    /// Microseconds of processor time of all its threads until now (`proc(5)`, schedstat).
    pub(super) fn processor_time(&self) -> Result<f64> {
        let tasks = PathBuf::from(format!("/proc/{}/task", self.child.id()));
        let mut nanoseconds = 0.0;
        for task in fs::read_dir(tasks)? {
            let statistics = fs::read_to_string(task?.path().join("schedstat"))?;
            let spent = statistics.split(' ').next().context("schedstat")?;
            nanoseconds += spent.parse::<f64>()?;
        }
        Ok(nanoseconds / 1e3)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
