//! `symbolon setup-link`: the code by which the first user is made, shown on a terminal and nowhere else.
//!
//! Invariant: the code goes to stdout, and only where somebody looks at it: a pipe or a file would keep it.

use std::io::IsTerminal;

use anyhow::{Result, bail};
use serde_json::json;

use super::{
    control::{Answer, Door, Request},
    installation::{Installation, Which},
    print,
};

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Print one line of JSON for programs instead of the text for people
    #[arg(long)]
    json: bool,
    /// Print the code although stdout is no terminal
    #[arg(long)]
    print: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<()> {
    // Before a code is made: one that nobody sees would take the place of one that somebody has.
    if !arguments.print && !std::io::stdout().is_terminal() {
        bail!(
            "stdout is no terminal, and would keep the code; run this on a terminal, or say --print where \
             nothing is kept"
        );
    }
    let door = Door::open(&Installation::load(&arguments.which)?).await?;
    let answer = door.ask(Request::BeginSetup).await;
    door.close().await;
    let Answer::Setup {
        page,
        code,
        expires_at,
    } = answer?
    else {
        bail!("the server answered something else; is it of another version?");
    };
    let code = code.expose();
    print::line(&if arguments.json {
        json!({ "page": page, "code": code, "expires_at": expires_at }).to_string()
    } else {
        format!(
            "Open this page and type the code into it; it is good once, for an hour:\n\
             \n\
             \x20   page   {page}\n\
             \x20   code   {code}\n"
        )
    });
    Ok(())
}
