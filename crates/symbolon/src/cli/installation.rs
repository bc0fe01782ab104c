//! An installation: a data folder, and the settings of the engine on it.
//!
//! Invariant: only the folder's owner works on it. What root would make in it its server couldn't read.

use std::{ffi::OsStr, path::PathBuf};

use anyhow::{Result, bail};

use super::{
    control::{Place, own_uid},
    settings::Settings,
};
use crate::Config;

/// What the commands of an administrator work on.
pub(super) struct Installation {
    /// Where the control socket is, and everything that a server keeps in files.
    pub(super) folder: PathBuf,
    /// The engine's settings.
    pub(super) config: Config,
}

/// Which installation a command works on.
#[derive(clap::Args)]
pub(super) struct Which {
    /// The configuration (default: symbolon.toml in this folder, where there is one)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Installation {
    /// Reads the settings, as the server does.
    pub(super) fn load(which: &Which) -> Result<Self> {
        let settings = Settings::load(which.config.as_deref())?;
        Ok(Self {
            folder: settings.data_folder(),
            config: settings.engine_config()?,
        })
    }

    /// Refuses whoever isn't the folder's owner, and tells them what to type. A folder that isn't there
    /// yet will be the first comer's.
    pub(super) fn check_owner(&self) -> Result<()> {
        if !self.folder.exists() {
            return Ok(());
        }
        let owner = Place::open(&self.folder)
            .and_then(|place| place.owner())
            .or_else(|_| owner_of(&self.folder))?;
        if owner == own_uid() {
            return Ok(());
        }
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        bail!(
            "the data folder {} belongs to another user; run\n  {}",
            self.folder.display(),
            line_of_owner(&user_name(owner, &passwd), std::env::args_os())
        );
    }
}

/// Of a folder that can't be opened.
fn owner_of(folder: &std::path::Path) -> Result<u32> {
    Ok(std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(
        folder,
    )?))
}

/// The name of a user by `/etc/passwd`, or their number as `sudo` takes it.
fn user_name(uid: u32, passwd: &str) -> String {
    let mut users = passwd.lines().map(|line| line.split(':'));
    let name = users.find_map(|mut fields| {
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| format!("#{uid}"))
}

/// The same command, as the owner.
fn line_of_owner(owner: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> String {
    let arguments = arguments.into_iter();
    let quoted = arguments.map(|argument| quoted(&argument.as_ref().to_string_lossy()));
    let quoted: Vec<_> = quoted.collect();
    format!("sudo -u {} {}", self::quoted(owner), quoted.join(" "))
}

/// A word as a POSIX shell reads it.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_for_the_owner_means_the_same() {
        let arguments = [
            "./symbolon",
            "user",
            "rename",
            "o'brien",
            "a b",
            "",
            "--json",
        ];
        assert_eq!(
            line_of_owner("symbolon", arguments),
            r"sudo -u symbolon ./symbolon user rename 'o'\''brien' 'a b' '' --json"
        );
        assert_eq!(line_of_owner("#1234", ["x"]), "sudo -u '#1234' x");
        assert_eq!(
            line_of_owner("me", ["홍길동", "$(x)"]),
            "sudo -u me '홍길동' '$(x)'"
        );
    }

    #[test]
    fn an_owner_has_a_name_or_a_number() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\nsymbolon:x:997:990::/:/x\n";
        assert_eq!(user_name(997, passwd), "symbolon");
        assert_eq!(user_name(0, passwd), "root");
        assert_eq!(user_name(5, passwd), "#5");
    }
}
