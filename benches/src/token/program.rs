//! A peer that is a program of its own, in whatever language, and the conversation with it.
//!
//! What it hears and says is written down in `benches/token-peers/protocol`.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context, Result, ensure};

/// How long a batch takes at the least: more than for our own, because just-in-time compilers warm up.
const BATCH_MICROSECONDS: f64 = 10_000.0;

pub(super) struct Program {
    name: &'static str,
    child: Child,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Program {
    pub(super) fn start(name: &'static str, command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("can't start {name}"))?;
        let asked = child.stdin.take().context("it has no input")?;
        let answers = child.stdout.take().context("it has no output")?;
        let mut program = Self {
            name,
            child,
            asked,
            answers: BufReader::new(answers),
        };
        let ready = program.answer()?;
        ensure!(ready == "ready", "{name} says {ready:?} instead of ready");
        Ok(program)
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// A token that it signed.
    pub(super) fn token(&mut self) -> Result<String> {
        self.ask("token")
    }

    pub(super) fn accepts(&mut self, token: &str) -> Result<bool> {
        let answer = self.ask(&format!("check {token}"))?;
        ensure!(
            ["yes", "no"].contains(&answer.as_str()),
            "{} says {answer:?} about a token",
            self.name
        );
        Ok(answer == "yes")
    }

    /// How often it does something in a batch: what a batch of the least length takes, found by doubling.
    pub(super) fn batch_of(&mut self, what: &str) -> Result<u32> {
        let mut times = 1;
        while self.repeat(what, times)? < BATCH_MICROSECONDS {
            times *= 2;
        }
        Ok(times)
    }

    /// Microseconds of its processor time for so many times.
    pub(super) fn repeat(&mut self, what: &str, times: u32) -> Result<f64> {
        let answer = self.ask(&format!("{what} {times}"))?;
        let name = self.name;
        answer
            .parse()
            .with_context(|| format!("{name} says {answer:?} to {what}"))
    }

    fn ask(&mut self, question: &str) -> Result<String> {
        writeln!(self.asked, "{question}")?;
        self.asked.flush()?;
        self.answer()
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        ensure!(!line.is_empty(), "{} ended without a word", self.name);
        Ok(line.trim().to_owned())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<Program> {
        Program::start("a shell", Command::new("sh").arg("-c").arg(script))
    }

    #[test]
    fn a_program_is_asked_line_by_line() {
        let script = r#"echo ready
            while read -r what with; do
                case $what in
                    token) echo a.b.c ;;
                    check) [ "$with" = a.b.c ] && echo yes || echo no ;;
                    *) echo "$((with * 3000))" ;;
                esac
            done"#;
        let mut program = shell(script).unwrap();
        assert_eq!(program.token().unwrap(), "a.b.c");
        assert!(program.accepts("a.b.c").unwrap());
        assert!(!program.accepts("a.b.d").unwrap());
        assert_eq!(program.batch_of("sign").unwrap(), 4);
        assert!((program.repeat("verify", 5).unwrap() - 15_000.0).abs() < 0.1);
    }

    #[test]
    fn a_program_that_ends_or_talks_nonsense_is_an_error() {
        assert!(shell("exit 3").is_err());
        assert!(shell("echo steady").is_err());
        let mut program = shell("echo ready; read -r line; echo perhaps").unwrap();
        assert!(program.accepts("a.b.c").is_err());
        assert!(program.token().is_err());
    }
}
