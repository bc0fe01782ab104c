//! The data folder: made for its owner alone, and used by one server at a time.
//!
//! Invariant: nothing of it is used before its owner and mode are known. What others can write they could
//! have put there, and what they can read holds the keys.

use std::{
    fs::{self, File, TryLockError},
    io::{Read, Write},
    path::Path,
};

use anyhow::{Context, Result, bail};

/// Held by whoever works on the folder; its text says who that is.
pub(super) const LOCK: &str = "symbolon.lock";

/// A data folder that is ours until this is dropped.
#[derive(Debug)]
pub(super) struct DataFolder {
    _lock: File,
}

/// Whether somebody else works on the folder.
pub(super) enum Taken {
    Ours(DataFolder),
    /// A server or another command; what it wrote about itself.
    Theirs(String),
}

impl DataFolder {
    /// Makes the folder if it isn't there, and takes it.
    pub(super) fn open(path: &Path) -> Result<Taken> {
        if !path.exists() {
            crate::config::make_folder(path)
                .with_context(|| format!("can't make the data folder {}", path.display()))?;
        }
        check(path)?;
        let at = path.join(LOCK);
        let mut options = File::options();
        options.create(true).truncate(false).read(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut lock = options
            .open(&at)
            .with_context(|| format!("can't write {}", at.display()))?;
        match lock.try_lock() {
            Ok(()) => {
                lock.set_len(0)
                    .and_then(|()| write!(lock, "process {}", std::process::id()))
                    .with_context(|| format!("can't write {}", at.display()))?;
                Ok(Taken::Ours(Self { _lock: lock }))
            }
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                // The name only helps to find it; that it is taken is known without.
                let _ = lock.take(64).read_to_string(&mut owner);
                Ok(Taken::Theirs(owner))
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("can't lock {}", at.display()))
            }
        }
    }
}

#[cfg(unix)]
fn check(path: &Path) -> Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let metadata = fs::metadata(path)?;
    let shown = path.display();
    if !metadata.is_dir() {
        bail!("the data folder {shown} is no folder; name another with `data`");
    }
    let us = rustix::process::geteuid().as_raw();
    if metadata.uid() != us {
        bail!(
            "the data folder {shown} belongs to the user with the number {}, and this runs as {us}; run \
             it as its owner, as in: sudo -u '#{}' symbolon serve",
            metadata.uid(),
            metadata.uid()
        );
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        bail!("others can read or write the data folder {shown}; run: chmod 700 {shown}");
    }
    Ok(())
}

#[cfg(not(unix))]
fn check(_path: &Path) -> Result<()> {
    Ok(())
}
