//! The data folder, and the socket in it.
//!
//! Invariant: a socket file is removed only by whoever holds the folder's lock: then nobody can be
//! listening on it, and it is what a killed server left.
//!
//! A socket's address has room for 107 bytes. A longer path is reached through the open folder, as
//! `/proc/self/fd/N/control.sock`: the folder a program stands in is every thread's, and not ours to change.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{Error, ErrorKind},
    os::{
        fd::AsRawFd as _,
        unix::{
            fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
            net::{SocketAddr, UnixListener},
        },
    },
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use rustix::fs::OFlags;

use crate::cli::folder::DataFolder;

const SOCKET: &str = "control.sock";

/// An open data folder.
#[derive(Debug)]
pub(in crate::cli) struct Place {
    folder: PathBuf,
    handle: File,
}

impl Place {
    /// Opens the folder.
    pub(in crate::cli) fn open(folder: &Path) -> Result<Self> {
        let directory = flags(OFlags::DIRECTORY);
        let handle = OpenOptions::new()
            .read(true)
            .custom_flags(directory)
            .open(folder)
            .with_context(|| format!("can't open the data folder {}", folder.display()))?;
        Ok(Self {
            folder: folder.to_owned(),
            handle,
        })
    }

    /// The user id of its owner.
    pub(in crate::cli) fn owner(&self) -> Result<u32> {
        Ok(self.handle.metadata()?.uid())
    }

    /// Listens, in place of what a killed server left. The folder is the caller's, which its lock shows.
    pub(super) fn listen(&self, _ours: &DataFolder) -> Result<UnixListener> {
        let shown = self.folder.join(SOCKET);
        match fs::symlink_metadata(&shown) {
            Ok(found) if found.file_type().is_socket() => fs::remove_file(&shown)?,
            Ok(_) => bail!("{} is no socket; remove it", shown.display()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        let listening = UnixListener::bind_addr(&SocketAddr::from_pathname(self.address()?)?)
            .with_context(|| format!("can't listen on {}", shown.display()))?;
        // Whatever the umask left: nobody else comes into the folder meanwhile.
        fs::set_permissions(&shown, Permissions::from_mode(0o600))?;
        listening.set_nonblocking(true)?;
        Ok(listening)
    }

    /// Takes the socket away at the end.
    pub(super) fn remove(&self) {
        if let Err(error) = fs::remove_file(self.folder.join(SOCKET)) {
            tracing::warn!(%error, "the control socket could not be removed");
        }
    }

    /// The socket's path as an address can hold it; `None` where there is no socket.
    pub(super) fn find_socket(&self) -> Result<Option<PathBuf>> {
        let path = self.folder.join(SOCKET);
        let found = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            found => found.with_context(|| path.display().to_string())?,
        };
        if !found.file_type().is_socket() || found.uid() != self.owner()? {
            bail!("{} is no socket of the folder's owner", path.display());
        }
        Ok(Some(self.address()?))
    }

    fn address(&self) -> Result<PathBuf> {
        let path = self.folder.join(SOCKET);
        if SocketAddr::from_pathname(&path).is_ok() {
            return Ok(path);
        }
        let through = PathBuf::from(format!("/proc/self/fd/{}", self.handle.as_raw_fd()));
        if !through.is_dir() {
            return Err(Error::new(
                ErrorKind::InvalidFilename,
                format!(
                    "the path {} is too long for a socket; put the data folder higher up",
                    path.display()
                ),
            )
            .into());
        }
        Ok(through.join(SOCKET))
    }
}

/// The user that this process acts as.
pub(in crate::cli) fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn flags(flags: OFlags) -> i32 {
    flags.bits().cast_signed()
}
