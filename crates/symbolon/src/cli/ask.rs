//! Asking whoever sits at the terminal: for a password, without showing it, and whether they mean it.
//!
//! Invariant: a password comes from the terminal or from standard input, never from an argument, which every
//! user of the machine can read and every shell remembers. It is read past the buffer of `stdin`, into memory
//! that is wiped, and the terminal shows again what is typed however the question ends.

use std::{
    ffi::OsString,
    fs::File,
    io::{IsTerminal as _, Read as _, Write as _},
    os::fd::{AsFd as _, OwnedFd},
};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::error::ErrorKind;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use symbolon_rules::password::PlainPassword;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
};
use zeroize::Zeroizing;

use super::{Usage, control::Secret};

/// More than any password and any answer; never grown, since a copy would be left behind.
const LINE_MAX: usize = 8 * 1024;

/// How a command takes a new password.
#[derive(clap::Args)]
pub(super) struct PasswordArguments {
    /// Read the password from standard input, one line, without asking
    #[arg(long)]
    password_stdin: bool,
}

/// What to say instead of the parser's own words, which would repeat a password that somebody put into the
/// command.
pub(super) fn misplaced_password(
    error: &clap::Error,
    arguments: impl IntoIterator<Item = OsString>,
) -> Option<anyhow::Error> {
    let words: Vec<_> = arguments.into_iter().skip(1).take(2).collect();
    let takes_one = words.first().is_some_and(|word| word == "user")
        && words
            .get(1)
            .is_some_and(|word| word == "add" || word == "set-password");
    let repeats = matches!(
        error.kind(),
        ErrorKind::UnknownArgument | ErrorKind::TooManyValues | ErrorKind::InvalidValue
    );
    (takes_one && repeats).then(|| {
        Usage::error(
            "there is something in this command that doesn't belong there. If it is a password: that is \
             never an argument, since whoever is on this machine sees it, and your shell keeps it. Take \
             another one, and type it when you are asked, or give it on standard input",
        )
    })
}

impl PasswordArguments {
    /// Takes a new password: asks twice at a terminal, and else takes the one line of standard input.
    pub(super) async fn read(&self) -> Result<Secret> {
        let at_terminal = std::io::stdin().is_terminal();
        if self.password_stdin || !at_terminal {
            let typed = if at_terminal {
                hidden_line("").await?
            } else {
                standard_input()?
            };
            check_new(&typed)?;
            return Ok(Secret::new(typed));
        }
        let typed = hidden_line("New password: ").await?;
        check_new(&typed)?;
        let again = hidden_line("The same again: ").await?;
        if *typed != *again {
            bail!("the two are not the same; nothing was changed");
        }
        Ok(Secret::new(typed))
    }
}

fn check_new(typed: &str) -> Result<()> {
    match PlainPassword::parse_new(typed) {
        Ok(_) => Ok(()),
        Err(reason) => bail!("this can't be a password: {reason}"),
    }
}

/// Whether whoever sits here means it. Where nobody does, `--yes` has to.
pub(super) async fn confirm(question: &str, yes: bool) -> Result<()> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Usage::error(
            "there is nobody to ask whether this is meant; say so with --yes",
        ));
    }
    let signals = Signals::begin()?;
    say(&format!("{question} [y/N] "));
    let answer = signals.or_end(one_line).await?;
    if !matches!(answer.trim(), "y" | "Y" | "yes") {
        bail!("nothing was changed");
    }
    Ok(())
}

/// A line of the terminal that it doesn't show.
async fn hidden_line(prompt: &str) -> Result<Zeroizing<String>> {
    // First of all: a signal must not find a terminal that is silent and nobody to set it right.
    let signals = Signals::begin()?;
    let hidden = Hidden::begin()?;
    say(prompt);
    let line = signals.or_end(one_line).await;
    drop(hidden);
    say("\n");
    line
}

fn say(text: &str) {
    let mut stderr = std::io::stderr().lock();
    // Whoever has closed stderr is told nothing.
    let _ = stderr
        .write_all(text.as_bytes())
        .and_then(|()| stderr.flush());
}

/// The terminal shows nothing that is typed, until this is dropped.
struct Hidden {
    terminal: OwnedFd,
    before: Termios,
}

impl Hidden {
    fn begin() -> Result<Self> {
        let terminal = std::io::stdin().as_fd().try_clone_to_owned()?;
        let before = tcgetattr(&terminal).context("can't hide what is typed")?;
        let mut silent = before.clone();
        silent.local_modes -= LocalModes::ECHO;
        tcsetattr(&terminal, OptionalActions::Flush, &silent)
            .context("can't hide what is typed")?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // There is nobody left to show anything to where this fails.
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}

/// What ends a question instead of the program.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn begin() -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Reads in a thread of its own, so that Ctrl-C ends the question and not the program: it has a terminal
    /// to set right. A thread that still reads ends with the program.
    async fn or_end(
        mut self,
        read: impl FnOnce() -> Result<Zeroizing<String>> + Send + 'static,
    ) -> Result<Zeroizing<String>> {
        let (reply, line) = oneshot::channel();
        std::thread::Builder::new()
            .name("terminal".to_owned())
            .spawn(move || reply.send(read()))?;
        tokio::select! {
            line = line => line.map_err(|_| anyhow!("the terminal can't be read"))?,
            _ = self.interrupt.recv() => bail!("broken off; nothing was changed"),
            _ = self.terminate.recv() => bail!("broken off; nothing was changed"),
        }
    }
}

/// One line of a terminal, which gives one a read.
fn one_line() -> Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(vec![0; LINE_MAX]);
    let mut stdin = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let count = stdin.read(&mut bytes)?;
    if count == 0 {
        bail!("nothing was typed; nothing was changed");
    }
    line_of(&bytes[..count])
}

/// All of standard input, which must be one line.
fn standard_input() -> Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(vec![0; LINE_MAX]);
    let mut stdin = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let mut count = 0;
    loop {
        let room = bytes.get_mut(count..).unwrap_or_default();
        if room.is_empty() {
            bail!("standard input is longer than any password");
        }
        match stdin.read(room)? {
            0 => break,
            more => count += more,
        }
    }
    if count == 0 {
        bail!("there is no password on standard input");
    }
    line_of(&bytes[..count])
}

/// A line without its end. More lines than one are somebody's mistake, and so is what is no UTF-8.
fn line_of(bytes: &[u8]) -> Result<Zeroizing<String>> {
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let line = line
        .strip_suffix(b"\r")
        .filter(|_| line.len() < bytes.len())
        .unwrap_or(line);
    if line.contains(&b'\n') {
        bail!("standard input has more lines than one");
    }
    let text = std::str::from_utf8(line).map_err(|_| anyhow!("what was given is no UTF-8"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_loses_its_end_and_nothing_else() {
        for (bytes, expected) in [
            ("password\n", "password"),
            ("password\r\n", "password"),
            ("password", "password"),
            ("password\r", "password\r"),
            (" pass word\t\n", " pass word\t"),
            ("비밀번호 😀\u{1}\n", "비밀번호 😀\u{1}"),
            ("\n", ""),
        ] {
            assert_eq!(*line_of(bytes.as_bytes()).unwrap(), expected);
        }
        assert!(line_of(b"one\ntwo\n").is_err());
        assert!(line_of(b"\xff\n").is_err());
    }
}
