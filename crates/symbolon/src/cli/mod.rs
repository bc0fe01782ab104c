//! The command line: reads arguments, calls the engine, prints for people or for programs.
//!
//! What a program may read goes to stdout, everything else to stderr.

mod ask;
mod bench;
mod control;
mod db;
mod dev;
mod explain;
mod folder;
mod init;
mod installation;
mod key;
pub(crate) mod logs;
mod manual;
mod print;
mod serve;
mod settings;
mod setup_link;
mod table;
mod time;
mod user;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

/// Authentication for web APIs.
#[derive(Parser)]
#[command(name = "symbolon", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Try it: a server on this machine with a demo user and a token, ready in a moment
    Dev(dev::Arguments),
    /// Writes a first symbolon.toml into this folder
    Init(init::Arguments),
    /// The server, from symbolon.toml
    Serve(serve::Arguments),
    /// A code for the first user, shown on this terminal: good once, for an hour
    SetupLink(setup_link::Arguments),
    /// Shows what a token says and what would be wrong with it, without trusting it
    Explain(explain::Arguments),
    /// Users: made, listed, changed, removed, imported
    User(user::Arguments),
    /// The signing keys: listed, turned over, revoked, exported
    Key(key::Arguments),
    /// The database: what it is, and its schema brought up to date
    Db(db::Arguments),
    /// Print what a shell needs to complete these commands
    Completions(manual::Completions),
    /// Print or write the manual pages
    Man(manual::Manual),
    /// Measures this machine
    Bench(bench::Arguments),
}

/// Runs the program and gives its exit code: 0 when it did what was asked, 1 when it couldn't, 2
/// when it was asked wrongly.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => match ask::misplaced_password(&error, std::env::args_os()) {
            Some(misplaced) => {
                print::error(&misplaced);
                return ExitCode::from(2);
            }
            None => error.exit(),
        },
    };
    crate::entropy::warm_up();
    // The server logs as its configuration says.
    let logging = match &arguments.command {
        Command::Serve(_) => Ok(()),
        _ => logs::start(logs::Format::default(), logs::Level::default()),
    };
    let result = logging
        .and_then(|()| {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            Ok(builder.enable_all().build()?)
        })
        .and_then(|runtime| {
            runtime.block_on(async {
                match arguments.command {
                    Command::Dev(arguments) => {
                        dev::run(arguments).await.map(|()| ExitCode::SUCCESS)
                    }
                    Command::Init(arguments) => init::run(&arguments).map(|()| ExitCode::SUCCESS),
                    Command::Serve(arguments) => {
                        serve::run(arguments).await.map(|()| ExitCode::SUCCESS)
                    }
                    Command::SetupLink(arguments) => {
                        setup_link::run(arguments).await.map(|()| ExitCode::SUCCESS)
                    }
                    Command::Explain(arguments) => explain::run(&arguments),
                    Command::User(arguments) => user::run(arguments).await,
                    Command::Key(arguments) => key::run(arguments).await,
                    Command::Db(arguments) => db::run(arguments).await,
                    Command::Completions(arguments) => {
                        manual::complete(Arguments::command(), &arguments)
                            .map(|()| ExitCode::SUCCESS)
                    }
                    Command::Man(arguments) => {
                        manual::write(Arguments::command(), &arguments).map(|()| ExitCode::SUCCESS)
                    }
                    Command::Bench(arguments) => bench::run(&arguments),
                }
            })
        });
    match result {
        Ok(code) => code,
        Err(error) => {
            print::error(&error);
            if error.is::<Usage>() {
                return ExitCode::from(2);
            }
            ExitCode::FAILURE
        }
    }
}

/// A command that was asked wrongly, as only this program can tell.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(&'static str);

impl Usage {
    fn error(text: &'static str) -> anyhow::Error {
        Self(text).into()
    }
}
