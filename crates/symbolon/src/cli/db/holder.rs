//! Who works on a data folder, found out without taking anything: trying its lock would, for a moment, keep
//! a server from starting.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use anyhow::Result;
use serde::Serialize;

use super::super::{control::Door, folder::LOCK};

/// Somebody who works on it.
#[derive(Debug, Serialize)]
pub(super) struct Holder {
    /// `server` where it takes commands, else `process`.
    kind: &'static str,
    /// The server's version.
    version: Option<String>,
    process: Option<u32>,
}

impl Holder {
    /// Whoever answers on the control socket, or else has the lock.
    pub(super) async fn find(folder: &Path) -> Result<Option<Self>> {
        let process = fs::metadata(folder.join(LOCK)).ok().and_then(|lock| {
            let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
            holder_of(lock.ino(), &locks)
        });
        if let Some(Door::Remote(_, hello)) = Door::remote(folder).await? {
            return Ok(Some(Self {
                kind: "server",
                version: Some(hello.version),
                process,
            }));
        }
        Ok(process.map(|process| Self {
            kind: "process",
            version: None,
            process: Some(process),
        }))
    }

    pub(super) fn text(&self) -> String {
        let process = self.process.map(|process| format!("process {process}"));
        match (&self.version, process) {
            (Some(version), Some(process)) => format!("by the server {version}, {process}"),
            (Some(version), None) => format!("by the server {version}"),
            (None, process) => format!("by {}", process.unwrap_or_default()),
        }
    }
}

/// The process with a lock on a file, by `/proc/locks` (proc(5)). Waiters have an arrow in front.
fn holder_of(inode: u64, locks: &str) -> Option<u32> {
    locks.lines().find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let [_, "FLOCK", _, _, process, file, ..] = fields[..] else {
            return None;
        };
        let found: u64 = file.rsplit(':').next()?.parse().ok()?;
        // The process of another namespace has no number here.
        let process = process.parse().ok().filter(|process| *process > 0)?;
        (found == inode).then_some(process)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_with_a_lock_is_found() {
        let locks = "1: POSIX  ADVISORY  READ 11 08:01:77 128 128\n\
                     1: -> FLOCK  ADVISORY  WRITE 12 08:01:77 0 EOF\n\
                     2: FLOCK  ADVISORY  WRITE 13 08:01:77 0 EOF\n\
                     3: FLOCK  ADVISORY  WRITE -1 08:01:78 0 EOF\n";
        assert_eq!(holder_of(77, locks), Some(13));
        assert_eq!(holder_of(78, locks), None);
        assert_eq!(holder_of(8, locks), None);
    }
}
