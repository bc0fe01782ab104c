//! `symbolon user`: the users of an installation, from the command line.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use super::{
    control::{Change, State},
    dev::key_source,
    print,
};

mod acts;
mod import;
mod view;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a user who may sign in at once; the password is asked for, or read from standard input
    Add(acts::Add),
    /// List users, by name
    List(acts::List),
    /// Show a user and what hangs on them
    Show(acts::Named),
    /// Keep a user from signing in; their sessions end
    Disable(acts::Named),
    /// Let a disabled user sign in again
    Enable(acts::Named),
    /// Give a user another name; they stay signed in
    Rename(acts::Rename),
    /// Give a user a new password; their sessions end
    SetPassword(acts::SetPassword),
    /// Give a user a role
    GrantRole(acts::OfRole),
    /// Take a role from a user
    RevokeRole(acts::OfRole),
    /// Remove a user, their sessions and all that hangs on them
    Remove(acts::Remove),
    /// Take over the users of another program, with their passwords as they are hashed there
    Import(import::Arguments),
}

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode> {
    match arguments.command {
        Command::Add(arguments) => acts::add(arguments).await,
        Command::List(arguments) => acts::list(arguments).await,
        Command::Show(arguments) => acts::show(arguments).await,
        Command::Disable(arguments) => acts::set_state(arguments, State::Disabled).await,
        Command::Enable(arguments) => acts::set_state(arguments, State::Enabled).await,
        Command::Rename(arguments) => acts::rename(arguments).await,
        Command::SetPassword(arguments) => acts::set_password(arguments).await,
        Command::GrantRole(arguments) => acts::change_role(arguments, Change::Grant).await,
        Command::RevokeRole(arguments) => acts::change_role(arguments, Change::Revoke).await,
        Command::Remove(arguments) => acts::remove(arguments).await,
        Command::Import(arguments) => import::run(arguments).await,
    }
}
