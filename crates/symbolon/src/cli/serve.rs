//! `symbolon serve`: the server that stays, from `symbolon.toml`.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::{
    control, dev,
    folder::{DataFolder, Taken},
    print,
    settings::Settings,
};
use crate::{Engine, http::serve::serve};

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
    let (ended, end_of_control) = tokio::sync::oneshot::channel();
    let until = async {
        // An error says that the other end is gone: over as well.
        let _: Result<(), _> = end_of_control.await;
    };
    let control = control::serve(engine.clone(), &path, &folder, until)?;
    let serving = tokio::spawn(serve(listener, engine.router(), end));
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
    let served = serving.await?;
    drop(ended);
    control.await?;
    engine.shutdown().await;
    drop(folder);
    served.context("the server stopped")
}
