//! `symbolon serve`: the server that stays, from `symbolon.toml`.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, Result, bail};

use super::{
    dev,
    folder::{DataFolder, Taken},
    logs, print,
    settings::Settings,
};
use crate::{
    Engine,
    http::serve::{Serving, Systemd, serve},
};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The configuration (default: symbolon.toml in this folder, where there is one)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print one line of JSON for programs once it listens, instead of the line for people
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<()> {
    // Before anything else: a signal from now on ends the server the ordinary way.
    let end = dev::signals()?;
    let settings = Settings::load(arguments.config.as_deref())?;
    logs::start(logs::Format::default(), logs::Level::default());
    let path = settings.data_folder();
    let folder = match DataFolder::open(&path)? {
        Taken::Ours(folder) => folder,
        Taken::Theirs(owner) => bail!(
            "another server or command works on the data folder {} ({owner}); end it, or name another \
             folder with `data`",
            path.display()
        ),
    };
    let listener = dev::listen(settings.listen, "`listen`")?;
    let address = listener.local_addr()?;
    let engine = Engine::open(settings.engine_config()?)
        .await
        .context("can't start")?;
    let serving = Serving {
        systemd: Systemd::from_environment(),
        ..Serving::new(listener)
    };
    let app = Arc::clone(&engine.app);
    let serving = tokio::spawn(serve(app, engine.router(), serving, end));
    // The socket has been listening all the while: whoever reads this can connect.
    print::line(&if arguments.json {
        serde_json::json!({
            "issuer": engine.issuer(),
            "jwks_uri": engine.jwks_uri(),
            "listen": address.to_string(),
        })
        .to_string()
    } else {
        format!("Symbolon serves {} on {address}", engine.issuer())
    });
    serving.await?.context("the server stopped")?;
    engine.shutdown().await;
    drop(folder);
    Ok(())
}
