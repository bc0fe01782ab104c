//! `symbolon setup-link`: the code by which the first user is made, shown on a terminal and nowhere else.
//!
//! Invariant: the code goes to stdout, and only where somebody looks at it: a pipe or a file would keep it.

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::{
    folder::{DataFolder, Taken},
    print,
    settings::Settings,
};
use crate::{Engine, app::SetupLink};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The configuration (default: symbolon.toml in this folder, where there is one)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
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
    let settings = Settings::load(arguments.config.as_deref())?;
    let link = here(&settings, &settings.data_folder()).await?;
    print::line(&if arguments.json {
        json!({
            "page": link.page,
            "code": *link.code,
            "expires_at": link.expires_at.as_secs(),
        })
        .to_string()
    } else {
        format!(
            "Open this page and type the code into it; it is good once, for an hour:\n\
             \n\
             \x20   page   {}\n\
             \x20   code   {}\n",
            link.page, *link.code
        )
    });
    Ok(())
}

/// On the database itself, which no server has open.
async fn here(settings: &Settings, folder: &Path) -> Result<SetupLink> {
    let held = match DataFolder::open(folder)? {
        Taken::Ours(folder) => folder,
        Taken::Theirs(owner) => bail!(
            "a server works on the data folder {} ({owner}); end it, or name another folder with `data`",
            folder.display()
        ),
    };
    let engine = Engine::open(settings.engine_config()?)
        .await
        .context("can't open the database")?;
    let link = engine.app.begin_setup().await;
    engine.shutdown().await;
    drop(held);
    Ok(link?)
}
