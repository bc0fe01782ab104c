//! Where the key-encryption key comes from: given, or a file that only its owner can read.
//!
//! Invariant: a key is made for an empty store only. For one that holds keys, a missing file is an
//! error: a new key would open nothing.

use std::{
    fs,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use symbolon_rules::Entropy;
use zeroize::Zeroizing;

use super::KeyEncryptionKey;

/// Where the key-encryption key comes from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum KeySource {
    /// This key.
    Given(KeyEncryptionKey),
    /// A new key that nobody keeps, for a store that goes away with the engine.
    #[cfg(feature = "cli")]
    #[doc(hidden)]
    Ephemeral,
    /// A file that only its owner can read. Made, with a new key, where the store is empty.
    File(PathBuf),
}

impl KeySource {
    /// Takes the key, or makes one for an empty store.
    pub(crate) fn load(
        &self,
        store: StoreContent,
        entropy: &mut impl Entropy,
    ) -> Result<KeyEncryptionKey, KeySourceError> {
        let path = match self {
            Self::Given(key) => return Ok(key.clone()),
            #[cfg(feature = "cli")]
            Self::Ephemeral => return Ok(KeyEncryptionKey::generate(entropy)),
            Self::File(path) => path,
        };
        match (read(path), store) {
            (Err(error), StoreContent::Empty) if error.kind() == ErrorKind::NotFound => {
                let key = KeyEncryptionKey::generate(entropy);
                write(path, &key).map_err(|error| unreadable(path, &error))?;
                Ok(key)
            }
            (Err(error), StoreContent::Keys) if error.kind() == ErrorKind::NotFound => {
                Err(KeySourceError::Missing(path.clone()))
            }
            (Err(error), _) => Err(unreadable(path, &error)),
            (Ok(text), _) => {
                check_mode(path)?;
                KeyEncryptionKey::parse(&text)
                    .map_err(|_| KeySourceError::MalformedFile(path.clone()))
            }
        }
    }

    /// Takes the key that was the store's until now; it is never made.
    pub(crate) fn load_previous(
        &self,
        entropy: &mut impl Entropy,
    ) -> Result<KeyEncryptionKey, KeySourceError> {
        let loaded = self.load(StoreContent::Keys, entropy);
        loaded.map_err(|error| match error {
            KeySourceError::Missing(path) => KeySourceError::PreviousMissing(path),
            error => error,
        })
    }
}

/// Whether a store holds keys that were encrypted already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreContent {
    /// Nothing yet: a new key may be made for it.
    Empty,
    /// Keys: only theirs will do.
    Keys,
}

/// Why there is no key-encryption key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeySourceError {
    /// The text is no key.
    #[error(
        "the key-encryption key must be 32 random bytes, as 64 hexadecimal digits or 43 characters \
         of base64url; `openssl rand -hex 32` makes one"
    )]
    Malformed,
    /// The file holds something else than a key.
    #[error(
        "{} holds no key-encryption key: that is 32 random bytes, as 64 hexadecimal digits or 43 \
         characters of base64url; put the right one back", .0.display()
    )]
    MalformedFile(PathBuf),
    /// The store holds keys, and the file that opens them is gone.
    #[error(
        "{} is gone, and without it the keys in the database can't be read; put it back, or start \
         with a new database", .0.display()
    )]
    Missing(PathBuf),
    /// The key that a turnover began with is gone.
    #[error(
        "the previous key-encryption key {} is gone; if the turnover had ended, take the setting \
         out, else put the file back", .0.display()
    )]
    PreviousMissing(PathBuf),
    /// Others can read the file.
    #[error("{} can be read by others; run: chmod 600 {}", .0.display(), .0.display())]
    Exposed(PathBuf),
    /// The file can't be read or made.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

fn unreadable(path: &Path, error: &std::io::Error) -> KeySourceError {
    KeySourceError::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

fn read(path: &Path) -> std::io::Result<Zeroizing<String>> {
    fs::read_to_string(path).map(Zeroizing::new)
}

/// Written beside its place and linked into it, so that a crash leaves no half a key behind, and two
/// starts at once agree on one.
fn write(path: &Path, key: &KeyEncryptionKey) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = options.open(&beside)?;
    writeln!(file, "{}", key.to_text().as_str())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(unix)]
fn check_mode(path: &Path) -> Result<(), KeySourceError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(KeySourceError::Exposed(path.to_owned()));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_path: &Path) -> Result<(), KeySourceError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Randomness;

    #[cfg(unix)]
    #[test]
    fn a_key_file_is_made_once_private_and_missed_when_gone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let source = KeySource::File(path.clone());
        let mut entropy = Randomness::system();
        let first = source.load(StoreContent::Empty, &mut entropy).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = source.load(StoreContent::Keys, &mut entropy).unwrap();
        assert_eq!(first.id(), again.id());

        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let exposed = source.load(StoreContent::Keys, &mut entropy);
        assert!(matches!(exposed, Err(KeySourceError::Exposed(_))));
        fs::remove_file(&path).unwrap();
        let missing = source.load(StoreContent::Keys, &mut entropy);
        assert!(matches!(missing, Err(KeySourceError::Missing(_))));
        assert!(!path.exists());
    }
}
