//! The command line.
//!
//! `./bench` passes on what it was given and adds where the built program is, so people rarely meet
//! the options that aren't in its list.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

/// A bench that can be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bench {
    Token,
    TokenInstructions,
    TokenPeers,
    TokenRefusals,
    Guard,
    GuardPeers,
    Login,
    Start,
}

impl Bench {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::TokenInstructions => "token-instructions",
            Self::TokenPeers => "token-peers",
            Self::TokenRefusals => "token-refusals",
            Self::Guard => "guard",
            Self::GuardPeers => "guard-peers",
            Self::Login => "login",
            Self::Start => "start",
        }
    }

    /// Enough for a steady median, within a minute or so on two cores.
    const fn rounds(self) -> usize {
        match self {
            Self::Token | Self::TokenRefusals => 161,
            Self::TokenPeers => 41,
            Self::Guard => 15,
            Self::GuardPeers | Self::Login => 7,
            Self::Start => 15,
            // Counts don't move, so one is enough.
            Self::TokenInstructions => 1,
        }
    }
}

/// How the figures are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Table,
    Json,
}

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) bench: Bench,
    pub(crate) format: Format,
    pub(crate) svg: Option<PathBuf>,
    pub(crate) rounds: usize,
    /// The `symbolon` binary that `start` starts.
    pub(crate) program: PathBuf,
    /// Where the programs are that `guard-peers` and `token-peers` start.
    pub(crate) peers: PathBuf,
}

impl Arguments {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let bench = match words.next().as_deref() {
            Some("token") => Bench::Token,
            Some("token-instructions") => Bench::TokenInstructions,
            Some("token-peers") => Bench::TokenPeers,
            Some("token-refusals") => Bench::TokenRefusals,
            Some("guard") => Bench::Guard,
            Some("guard-peers") => Bench::GuardPeers,
            Some("login") => Bench::Login,
            Some("start") => Bench::Start,
            Some(other) => bail!("there is no bench {other:?}"),
            None => bail!("which bench?"),
        };
        let mut arguments = Self {
            bench,
            format: Format::Table,
            svg: None,
            rounds: bench.rounds(),
            program: PathBuf::from("target/dist/symbolon"),
            peers: PathBuf::from("benches/peers"),
        };
        while let Some(word) = words.next() {
            let mut value = || {
                let value = words.next();
                value.with_context(|| format!("{word} wants a value"))
            };
            match word.as_str() {
                "--json" => arguments.format = Format::Json,
                "--svg" => arguments.svg = Some(value()?.into()),
                "--peers" => arguments.peers = value()?.into(),
                "--program" => arguments.program = value()?.into(),
                "--rounds" => arguments.rounds = rounds(&value()?)?,
                other => bail!("there is no option {other:?}"),
            }
        }
        Ok(arguments)
    }
}

fn rounds(word: &str) -> Result<usize> {
    match word.parse() {
        Ok(0) | Err(_) => bail!("--rounds wants a number from 1 up, not {word:?}"),
        Ok(rounds) => Ok(rounds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Result<Arguments> {
        Arguments::parse(words.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_taken_in_any_order() {
        let arguments = parse("start --rounds 3 --svg a.svg --json --program p").unwrap();
        assert_eq!(arguments.bench, Bench::Start);
        assert_eq!(arguments.format, Format::Json);
        assert_eq!(arguments.rounds, 3);
        assert_eq!(arguments.svg, Some("a.svg".into()));
        assert_eq!(arguments.program, PathBuf::from("p"));
    }

    #[test]
    fn what_is_unknown_or_incomplete_is_refused() {
        for words in [
            "",
            "nothing",
            "token --fast",
            "token --svg",
            "token --rounds 0",
        ] {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }
}
