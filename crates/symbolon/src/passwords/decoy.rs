//! What an unknown name's login costs: what some user's does.
//!
//! While imported hashes of several schemes are there, one cost for all unknown names would tell
//! who is known. So each name draws a scheme, in the proportions that the store's users have them,
//! by a keyed function: the same name costs the same today, tomorrow and on every node, and nobody
//! without the key can tell which (W4).

use std::sync::{Arc, Mutex, PoisonError};

use symbolon_rules::user::Username;

use super::Scheme;
use crate::keys::NameKey;

/// The salt of hashes that nobody has.
pub(super) const SALT: &[u8; 16] = b"symbolon-nobody!";

/// Draws schemes for unknown names.
#[derive(Debug)]
pub(crate) struct Decoys {
    key: NameKey,
    /// Of new passwords: what unknown names cost while there are no users to be like.
    current: Scheme,
    shares: Mutex<Arc<[Share]>>,
}

/// A scheme, and how many users have it or one that stands before it.
#[derive(Debug)]
struct Share {
    up_to: u64,
    scheme: Scheme,
}

impl Decoys {
    /// Every name costs what a new password does, until the store's users are counted.
    pub(crate) fn new(key: NameKey, current: Scheme) -> Self {
        Self {
            key,
            current,
            shares: Mutex::new(Arc::new([])),
        }
    }

    /// Takes the number of users a scheme. What this version can't compute is left out: a user who
    /// has it can't be compared with either.
    pub(crate) fn set(&self, counts: impl IntoIterator<Item = (Scheme, u64)>) {
        let mut counts: Vec<_> = counts.into_iter().collect();
        // In one order always: a name changes its scheme only where a border passes it.
        counts.sort();
        let mut up_to = 0;
        let shares = counts.into_iter().map(|(scheme, count)| {
            up_to += count;
            Share { up_to, scheme }
        });
        *self.shares.lock().unwrap_or_else(PoisonError::into_inner) = shares.collect();
    }

    /// The scheme that this name draws.
    pub(crate) fn draw(&self, name: &Username) -> Scheme {
        let shares = Arc::clone(&self.shares.lock().unwrap_or_else(PoisonError::into_inner));
        let total = shares.last().map_or(0, |share| share.up_to);
        // A 64-bit fraction of the total: the bias is below anything that could be measured.
        let drawn = (u128::from(self.key.number(name.as_str())) * u128::from(total)) >> 64;
        shares
            .iter()
            .find(|share| drawn < u128::from(share.up_to))
            .map_or(&self.current, |share| &share.scheme)
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passwords::stored::StoredHash;

    const WERKZEUG: &str = "scrypt:32768:8:1$BNM0C0J6WtSnlcbG$ac176e49c7e9a71f73947486728b2957026f5261800769c3db07c6472ebb52217e94af99c12c496a70a5ce6eae69dd869078d077b7ed1f30456db51d160c3de4";

    fn decoys(key: &str) -> Decoys {
        Decoys::new(NameKey::of(key.as_bytes()), Scheme::DEFAULT)
    }

    fn scrypt() -> Scheme {
        StoredHash::parse(WERKZEUG).unwrap().scheme().clone()
    }

    fn names() -> impl Iterator<Item = Username> {
        (0..2000).map(|number| Username::parse(&format!("nobody-{number}")).unwrap())
    }

    #[test]
    fn w4_an_unknown_name_draws_the_same_scheme_after_a_restart() {
        let (first, second) = (decoys("0123456789abcdef"), decoys("0123456789abcdef"));
        let other = decoys("fedcba9876543210");
        for decoys in [&first, &second, &other] {
            decoys.set([(scrypt(), 50), (Scheme::DEFAULT, 50)]);
        }
        let mut differing = 0;
        for name in names() {
            assert_eq!(first.draw(&name), second.draw(&name));
            differing += usize::from(first.draw(&name) != other.draw(&name));
        }
        // Without the key nobody can tell: another one draws otherwise for half of them.
        assert!((800..1200).contains(&differing), "{differing}");
    }

    #[test]
    fn w4_schemes_are_drawn_in_the_proportions_of_the_users() {
        let decoys = decoys("0123456789abcdef");
        let drawn = |decoys: &Decoys| names().filter(|name| decoys.draw(name) == scrypt()).count();
        assert_eq!(drawn(&decoys), 0);
        decoys.set([(scrypt(), 300), (Scheme::DEFAULT, 100)]);
        let drawn_first = drawn(&decoys);
        assert!((1400..1600).contains(&drawn_first), "{drawn_first}");
        decoys.set([(scrypt(), 7)]);
        assert_eq!(drawn(&decoys), 2000);
        decoys.set([(scrypt(), 0), (Scheme::DEFAULT, 9)]);
        assert_eq!(drawn(&decoys), 0);
    }
}
