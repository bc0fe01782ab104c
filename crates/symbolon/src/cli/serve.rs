//! `symbolon serve`: the server that stays, from `symbolon.toml`.

use std::{net::TcpListener, path::PathBuf, sync::Arc};

use anyhow::{Context, Result, bail};

use super::{
    control, dev,
    folder::{DataFolder, Taken},
    logs, print,
    settings::Settings,
};
use crate::{
    Engine, UserQuery,
    http::serve::{Serving, serve},
};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The configuration (default: symbolon.toml in this folder, where there is one)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print one line of JSON for programs once it listens, instead of the line for people
    #[arg(long)]
    json: bool,
    /// Start although the clock is behind what the database has seen: what expired meanwhile counts again
    #[arg(long)]
    dangerous_accept_clock: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<()> {
    // Before anything else: a signal from now on ends the server the ordinary way.
    let end = dev::signals()?;
    let settings = Settings::load(arguments.config.as_deref())?;
    logs::start(settings.log_format, settings.log_level)?;
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
    let mut config = settings.engine_config()?;
    config.dangerous_accept_clock = arguments.dangerous_accept_clock;
    let engine = Engine::open(config).await.context("can't start")?;
    let serving = settings.serving(listener)?;
    let admin = serving
        .admin
        .as_ref()
        .map(TcpListener::local_addr)
        .transpose()?;
    let (ended, end_of_control) = tokio::sync::oneshot::channel();
    let until = async {
        // An error says that the other end is gone: over as well.
        let _: Result<(), _> = end_of_control.await;
    };
    let control = control::serve(engine.clone(), &path, &folder, until)?;
    let line = if arguments.json {
        serde_json::json!({
            "issuer": engine.issuer(),
            "jwks_uri": engine.jwks_uri(),
            "listen": address.to_string(),
            "admin_listen": admin.map(|address| address.to_string()),
        })
        .to_string()
    } else {
        format!("Symbolon serves {} on {address}", engine.issuer())
    };
    let serving = Serving {
        // Not before the certificate has been read: whoever reads this can connect.
        on_ready: Box::new(move || print::line(&line)),
        ..serving
    };
    let app = Arc::clone(&engine.app);
    let serving = tokio::spawn(serve(app, engine.router(), serving, end));
    if nobody_is_there(&engine).await {
        tracing::warn!(
            "there is no user yet: `symbolon user add NAME` makes one, `symbolon setup-link` lets the first \
             one choose their password"
        );
    }
    let served = serving.await?;
    drop(ended);
    control.await?;
    engine.shutdown().await;
    drop(folder);
    served.context("the server stopped")
}

/// A store that can't be asked just now has said so elsewhere.
async fn nobody_is_there(engine: &Engine) -> bool {
    let anybody = engine.list_users(UserQuery::newest().at_most(1)).await;
    anybody.is_ok_and(|users| users.is_empty())
}
