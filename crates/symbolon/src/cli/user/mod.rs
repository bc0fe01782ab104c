//! `symbolon user`: users of a database, from the command line.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use super::{dev::key_source, print};

mod import;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Take over the users of another program, with their passwords as they are hashed there
    Import(import::Arguments),
}

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        Command::Import(arguments) => import::run(arguments).await,
    }
}
