//! The key-encryption key: where it comes from, and what it does to private keys at rest.
//!
//! AES-256-GCM. The associated data names the store, the key and its use, so that a sealed key can't
//! be moved to another row or another database. A backup of the database alone signs nothing.

use std::{
    fmt, fs,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest,
};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use symbolon_rules::{Entropy, id::StoreId};
use zeroize::Zeroizing;

/// First byte of a sealed key: AES-256-GCM, nonce of 12 bytes, ciphertext, tag of 16.
const FORMAT: u8 = 1;

/// 256 bits that private keys are encrypted with; silent in `Debug`, wiped when dropped.
#[derive(Clone)]
pub struct KeyEncryptionKey(Zeroizing<[u8; 32]>);

impl KeyEncryptionKey {
    /// A new key.
    pub fn generate(entropy: &mut impl Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(&mut *bytes);
        Self(bytes)
    }

    /// Reads the text form: 32 bytes as 64 hexadecimal digits or as 43 characters of base64url.
    pub fn parse(text: &str) -> Result<Self, KeySourceError> {
        let text = text.trim().as_bytes();
        let decoded = match text.len() {
            64 => HEXLOWER_PERMISSIVE.decode(text),
            43 => BASE64URL_NOPAD.decode(text),
            _ => return Err(KeySourceError::Malformed),
        };
        let decoded = Zeroizing::new(decoded.map_err(|_| KeySourceError::Malformed)?);
        let mut bytes = Zeroizing::new([0; 32]);
        bytes.copy_from_slice(&decoded);
        // A run of one byte is what somebody typed to get past this check.
        if bytes.iter().all(|byte| *byte == bytes[0]) {
            return Err(KeySourceError::Malformed);
        }
        Ok(Self(bytes))
    }

    /// A name for this key that tells nothing of it: the start of a hash.
    pub fn id(&self) -> String {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"symbolon key-encryption key id\0");
        context.update(self.0.as_slice());
        HEXLOWER.encode(&context.finish().as_ref()[..8])
    }

    /// Encrypts a private key for its row.
    pub(super) fn seal(
        &self,
        plain: &[u8],
        place: &Place<'_>,
        entropy: &mut impl Entropy,
    ) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce);
        let mut sealed = vec![FORMAT];
        sealed.extend_from_slice(&nonce);
        let mut body = Zeroizing::new(plain.to_vec());
        let tag = self
            .cipher()?
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.associated_data()),
                &mut body,
            )
            .ok()?;
        sealed.extend_from_slice(&body);
        sealed.extend_from_slice(tag.as_ref());
        Some(sealed)
    }

    /// Decrypts a private key; `None` if it was sealed elsewhere, with another key, or was altered.
    pub(super) fn unseal(&self, sealed: &[u8], place: &Place<'_>) -> Option<Zeroizing<Vec<u8>>> {
        let (&FORMAT, rest) = sealed.split_first()? else {
            return None;
        };
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>()?;
        let mut plain = Zeroizing::new(body.to_vec());
        let length = self
            .cipher()?
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(place.associated_data()),
                &mut plain,
            )
            .ok()?
            .len();
        plain.truncate(length);
        Some(plain)
    }

    fn cipher(&self) -> Option<LessSafeKey> {
        UnboundKey::new(&AES_256_GCM, self.0.as_slice())
            .ok()
            .map(LessSafeKey::new)
    }
}

impl fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyEncryptionKey({})", self.id())
    }
}

/// Where a sealed key belongs.
pub(super) struct Place<'a> {
    pub(super) store: StoreId,
    pub(super) kid: &'a str,
    pub(super) algorithm: &'a str,
    pub(super) purpose: &'a str,
}

impl Place<'_> {
    /// Each part with its length in front, so that no two places share their bytes.
    fn associated_data(&self) -> Vec<u8> {
        let mut data = self.store.as_uuid().as_bytes().to_vec();
        for part in [self.kid, self.algorithm, self.purpose] {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data
    }
}

/// Where the key-encryption key comes from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum KeySource {
    /// This key.
    Given(KeyEncryptionKey),
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
            }
        }
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
    /// The store holds keys, and the file that opens them is gone.
    #[error(
        "{} is gone, and without it the keys in the database can't be read; put it back, or start \
         with a new database", .0.display()
    )]
    Missing(PathBuf),
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
    let text = Zeroizing::new(BASE64URL_NOPAD.encode(key.0.as_slice()));
    writeln!(file, "{}", text.as_str())?;
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
    use uuid::Uuid;

    use super::*;
    use crate::Randomness;

    fn place(kid: &str) -> Place<'_> {
        Place {
            store: StoreId::from_uuid(Uuid::from_u128(1)),
            kid,
            algorithm: "ES256",
            purpose: "access",
        }
    }

    #[test]
    fn a_sealed_key_opens_in_its_place_only() {
        let mut entropy = Randomness::system();
        let key = KeyEncryptionKey::generate(&mut entropy);
        let sealed = key.seal(b"private", &place("a"), &mut entropy).unwrap();
        assert_eq!(&**key.unseal(&sealed, &place("a")).unwrap(), b"private");
        assert!(key.unseal(&sealed, &place("b")).is_none());
        let elsewhere = Place {
            store: StoreId::from_uuid(Uuid::from_u128(2)),
            ..place("a")
        };
        assert!(key.unseal(&sealed, &elsewhere).is_none());
        let other = KeyEncryptionKey::generate(&mut entropy);
        assert!(other.unseal(&sealed, &place("a")).is_none());
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(key.unseal(&altered, &place("a")).is_none(), "byte {at}");
            assert!(key.unseal(&sealed[..at], &place("a")).is_none());
        }
    }

    #[test]
    fn only_32_bytes_that_vary_are_a_key() {
        let hex = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
        assert!(KeyEncryptionKey::parse(hex).is_ok());
        assert!(KeyEncryptionKey::parse(&format!(" {hex}\n")).is_ok());
        for text in ["", "secret", &hex[1..], &"0".repeat(64), &"g".repeat(64)] {
            assert!(KeyEncryptionKey::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn g23_a_key_is_silent_in_debug() {
        let key = KeyEncryptionKey::parse(&"0123456789abcdef".repeat(4)).unwrap();
        let shown = format!("{:?}", KeySource::Given(key));
        assert!(!shown.contains("0123456789abcdef"), "{shown}");
    }

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
