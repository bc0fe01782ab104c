//! How signing keys turn over, as a program chooses it.

use std::time::Duration;

use symbolon_rules::key_ring::{ANNOUNCE, ROTATE_EVERY, Turnover};
use symbolon_token::Algorithm;

/// Which signing keys there are, and how they turn over: `keys` of a [`Config`](crate::Config).
///
/// A standby is always published. When the key that signs comes of age, the standby's first signature is
/// announced ahead, so that verifiers hold the key by then; afterwards the old one stays published until
/// its last token is dead.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyOptions {
    /// The first one signs access tokens; keys of the others are published and kept ready. Asymmetric
    /// ones only. Empty, as it is unless said otherwise, means the one of [`Signing::Published`](crate::Signing::Published); if it
    /// isn't, it counts instead of that.
    ///
    /// A new one signs only after its key was announced, and the old one goes on until then.
    pub algorithms: Vec<Algorithm>,
    /// How long a key signs; 90 days unless said otherwise, twice [`KeyOptions::announce`] at the least.
    pub rotate_every: Duration,
    /// How long before its first signature a key's time is fixed; 24 hours unless said otherwise, a
    /// quarter of an hour at the least: as long as verifiers keep the JWKS, and ten minutes.
    pub announce: Duration,
}

impl Default for KeyOptions {
    fn default() -> Self {
        Self {
            algorithms: Vec::new(),
            rotate_every: ROTATE_EVERY,
            announce: ANNOUNCE,
        }
    }
}

impl KeyOptions {
    /// How keys turn over where these are the only settings but for one algorithm.
    pub(crate) fn turnover(&self, algorithm: Algorithm) -> Turnover {
        let algorithms = match self.algorithms.as_slice() {
            [] => vec![algorithm],
            named => named.to_vec(),
        };
        Turnover {
            algorithms,
            rotate_every: self.rotate_every,
            announce: self.announce,
        }
    }
}
