//! `symbolon init`: a first configuration, to be read and changed.

use std::{fs, io::Write, path::Path};

use anyhow::{Context, Result, bail};

use super::{print, settings};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The URL that people and verifiers will know this server by
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    issuer: String,
    /// Where it shall listen
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    listen: std::net::SocketAddr,
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = settings::FILE)]
    config: std::path::PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    crate::config::check_issuer(&arguments.issuer)?;
    let text = settings::first_file(&arguments.issuer, &arguments.listen.to_string());
    write(&arguments.config, &text)?;
    let shown = arguments.config.display();
    let named = if arguments.config == Path::new(settings::FILE) {
        String::new()
    } else {
        format!(" --config {shown}")
    };
    print::line(&format!(
        "{shown} is written. Next:\n\
         \n\
         \x20   symbolon user add NAME{named}    makes a user\n\
         \x20   symbolon serve{named}            starts the server"
    ));
    Ok(())
}

/// Never over a file that is there: it may hold what somebody has set.
fn write(path: &Path, text: &str) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    // A database's password may come into it.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let shown = path.display();
    let mut file = match options.open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            bail!("{shown} is there already, and stays as it is; --config names another file")
        }
        opened => opened.with_context(|| format!("can't write {shown}"))?,
    };
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a file would keep the next attempt from writing a whole one.
        let _ = fs::remove_file(path);
    }
    written.with_context(|| format!("can't write {shown}"))
}
