//! The keys of one issuer, and which of them a token means.
//!
//! Invariant: at most one key answers to a `kid`, and at most one key without a `kid` to an algorithm,
//! so a token's header picks one key or none; keys are never tried one after another.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    Algorithm, Jwk, VerifyingKey,
    error::{Error, ErrorKind},
    header::Header,
    json::{Object, Value},
};

/// The longest JWK Set document that is read.
const DOCUMENT_LIMIT: usize = 1024 * 1024;

/// The most entries that a JWK Set may have.
const ENTRY_LIMIT: usize = 1024;

/// The keys of one issuer (RFC 7517 §5). Cheap to clone.
///
/// ```
/// use symbolon_token::{Algorithm, KeySet};
///
/// let document = br#"{"keys":[
///     {"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
///     {"kty":"oct","kid":"b","k":"c2VjcmV0"}
/// ]}"#;
/// let parsed = KeySet::from_jwks(document, &[Algorithm::Ed25519, Algorithm::ES256])?;
/// assert_eq!(parsed.keys.len(), 1);
/// assert_eq!(parsed.keys.keys()[0].kid(), Some("a"));
/// assert_eq!(parsed.skipped[0].kid.as_deref(), Some("b"));
///
/// // Keys that are there already, and none.
/// let keys = KeySet::new(parsed.keys.keys().iter().cloned())?;
/// assert!(!keys.is_empty() && KeySet::empty().is_empty());
/// assert!(KeySet::new([keys.keys()[0].clone(), keys.keys()[0].clone()]).is_err());
/// # Ok::<(), symbolon_token::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct KeySet {
    keys: Arc<[VerifyingKey]>,
}

impl KeySet {
    /// Puts keys together. Fails on two keys of one name and on two nameless keys of one algorithm.
    pub fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, Error> {
        let mut names = Names::default();
        let keys = keys
            .into_iter()
            .map(|key| names.claim(&key).map(|()| key))
            .collect::<Result<_, _>>()?;
        Ok(Self { keys })
    }

    /// No keys: every token is refused as signed by an unknown key. For a verifier that is waiting
    /// for its first fetch.
    pub fn empty() -> Self {
        Self {
            keys: Arc::default(),
        }
    }

    /// Reads a JWK Set (RFC 7517 §5), taking the keys that can verify one of `algorithms`.
    ///
    /// A key that can't be used is left out and comes back with its reason: one odd key must not take
    /// a whole service down. A key that doesn't name its algorithm gets the one of `algorithms` that
    /// fits it, and is left out if several do. Of keys that can't be told apart the first counts.
    ///
    /// Fails if the document itself is longer than 1 MiB, has more than 1024 entries or isn't a JWK Set in
    /// strict JSON.
    pub fn from_jwks(document: &[u8], algorithms: &[Algorithm]) -> Result<ParsedKeySet, Error> {
        if document.len() > DOCUMENT_LIMIT {
            return Err(Error::new(
                ErrorKind::TooLarge,
                "the JWK Set is longer than 1 MiB",
            ));
        }
        let keys = Object::parse(document)?
            .members()
            .find(|(name, _)| name.decoded() == "keys");
        let Some((_, Value::Array(entries))) = keys else {
            return Err(Error::new(
                ErrorKind::Malformed,
                "the JWK Set has no list of keys",
            ));
        };
        if entries.items().nth(ENTRY_LIMIT).is_some() {
            return Err(Error::new(
                ErrorKind::TooLarge,
                "the JWK Set has more than 1024 entries",
            ));
        }
        let mut names = Names::default();
        let mut keys = Vec::new();
        let mut skipped = Vec::new();
        for entry in entries.items() {
            let key = import(entry, algorithms).and_then(|key| names.claim(&key).map(|()| key));
            match key {
                Ok(key) => keys.push(key),
                Err(error) => skipped.push(SkippedKey {
                    kid: kid_of(entry),
                    error,
                }),
            }
        }
        Ok(ParsedKeySet {
            keys: Self { keys: keys.into() },
            skipped,
        })
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys in the order in which they were given.
    pub fn keys(&self) -> &[VerifyingKey] {
        &self.keys
    }

    /// Where the key stands that a header means: the one it names; else the nameless one of its algorithm; or, for
    /// a header that names none, the only one of its algorithm.
    pub(crate) fn select(&self, header: &Header<'_>) -> Result<usize, Error> {
        let of_algorithm = |key: &VerifyingKey| key.algorithm() == header.algorithm;
        let keys = || self.keys.iter().enumerate();
        let Some(kid) = header.kid.as_deref() else {
            let mut candidates = keys()
                .filter(|(_, key)| of_algorithm(key))
                .map(|(at, _)| at);
            return match (candidates.next(), candidates.next()) {
                (Some(only), None) => Ok(only),
                (None, _) => Err(unknown_key("there is no key of the token's algorithm")),
                (Some(_), Some(_)) => Err(Error::new(
                    ErrorKind::KidRequired,
                    "the token names no key, and several would fit",
                )),
            };
        };
        if let Some((at, named)) = keys().find(|(_, key)| key.kid() == Some(kid)) {
            // The header may agree with the key's algorithm, never choose it (RFC 8725 §3.1).
            return if of_algorithm(named) {
                Ok(at)
            } else {
                Err(Error::new(
                    ErrorKind::AlgorithmNotAllowed,
                    "the key that the token names has another algorithm",
                ))
            };
        }
        keys()
            .find(|(_, key)| of_algorithm(key) && key.kid().is_none())
            .map(|(at, _)| at)
            .ok_or(unknown_key(
                "there is no key of the name that the token gives",
            ))
    }
}

/// What a JWK Set document held (RFC 7517 §5); an example is at [`KeySet`].
#[derive(Clone, Debug)]
pub struct ParsedKeySet {
    /// The keys that can be used.
    pub keys: KeySet,
    /// The keys that can't, in the order of the document. Worth a line in a log.
    pub skipped: Vec<SkippedKey>,
}

/// A key of a JWK Set that isn't used (RFC 7517 §5); an example is at [`KeySet`].
#[derive(Clone, Debug)]
pub struct SkippedKey {
    /// Its name, where one can be read.
    pub kid: Option<String>,
    /// Why it isn't used.
    pub error: Error,
}

/// The names that are taken, including being the nameless key of an algorithm.
#[derive(Default)]
struct Names(BTreeSet<(Option<String>, Option<Algorithm>)>);

impl Names {
    fn claim(&mut self, key: &VerifyingKey) -> Result<(), Error> {
        let name = match key.kid() {
            Some(kid) => (Some(kid.to_owned()), None),
            None => (None, Some(key.algorithm())),
        };
        if !self.0.insert(name) {
            return Err(Error::new(
                ErrorKind::DuplicateKey,
                "two keys can't be told apart",
            ));
        }
        Ok(())
    }
}

fn import(entry: Value<'_>, algorithms: &[Algorithm]) -> Result<VerifyingKey, Error> {
    let Value::Object(object) = entry else {
        return Err(Error::new(
            ErrorKind::InvalidKey,
            "an entry of the JWK Set isn't an object",
        ));
    };
    let jwk = Jwk::read(object)?;
    let mut fitting = algorithms.iter().filter(|algorithm| {
        jwk.parts().fits(**algorithm)
            && jwk
                .algorithm()
                .is_none_or(|named| named == algorithm.name())
    });
    match (fitting.next(), fitting.next()) {
        (Some(algorithm), None) => VerifyingKey::from_jwk(&jwk, *algorithm),
        (None, _) => Err(Error::new(
            ErrorKind::WrongKey,
            "the key is for none of the configured algorithms",
        )),
        (Some(_), Some(_)) => Err(Error::new(
            ErrorKind::AmbiguousAlgorithm,
            "the key names no algorithm, and several of the configured ones fit it",
        )),
    }
}

fn kid_of(entry: Value<'_>) -> Option<String> {
    match entry {
        Value::Object(object) => Jwk::read_kid(object),
        _ => None,
    }
}

const fn unknown_key(reason: &'static str) -> Error {
    Error::new(ErrorKind::UnknownKey, reason)
}
