//! How a client proves to its provider that it is the one: RFC 6749 §2.3.1, RFC 7523 §2.2.
//!
//! Invariant: a secret and a key can't both be given, and neither shows in `Debug`.

use std::{fmt, sync::Arc};

use arc_swap::ArcSwap;
use data_encoding::BASE64;
use http::HeaderValue;
use symbolon_token::{JwkSet, SigningKey};
use zeroize::Zeroizing;

use super::{RegistrationError, form};

/// How a client authenticates at the token endpoint.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Authentication {
    /// Not at all: a public client, by `client_id` alone. PKCE is what protects its codes.
    None,
    /// By a shared secret in `Authorization: Basic` (`client_secret_basic`).
    SecretBasic(ClientSecret),
    /// By a shared secret in the form (`client_secret_post`).
    SecretPost(ClientSecret),
    /// By assertions that it signs (`private_key_jwt`, RFC 7523): the provider knows the public key
    /// only, and nothing that can be stolen there opens anything.
    PrivateKeyJwt(ClientKeys),
}

/// A secret that a provider gave; silent in `Debug`, wiped when dropped.
#[derive(Clone)]
pub struct ClientSecret(Zeroizing<String>);

impl ClientSecret {
    /// The secret as the provider shows it.
    ///
    /// Fails if it is empty or has a character that no secret has (RFC 6749 appendix A.2), such as the
    /// line end of a file.
    pub fn new(secret: impl Into<String>) -> Result<Self, RegistrationError> {
        let secret = Zeroizing::new(secret.into());
        let is_secret = !secret.is_empty()
            && secret.bytes().all(|byte| (0x20..0x7f).contains(&byte))
            && secret.trim().len() == secret.len();
        is_secret
            .then_some(Self(secret))
            .ok_or(RegistrationError::Secret)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// RFC 6749 §2.3.1: both parts are form-encoded before they are joined (row A7).
    pub(super) fn basic(&self, client_id: &str) -> Option<HeaderValue> {
        let secret = Zeroizing::new(form::escape(&self.0));
        let joined = Zeroizing::new(format!("{}:{}", form::escape(client_id), *secret));
        let text = Zeroizing::new(format!("Basic {}", BASE64.encode(joined.as_bytes())));
        let mut value = HeaderValue::try_from(text.as_str()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(..)")
    }
}

/// The keys that a client signs its assertions with. Clones share them.
///
/// Providers fetch the public halves from [`Engine::client_keys_route`](crate::Engine::client_keys_route)
/// and keep them for a while. So a key is turned over in three steps, each after a provider has had the
/// time to look again: [`announce`](Self::announce) the next, [`turn_over`](Self::turn_over) to it, and
/// later [`forget_old`](Self::forget_old).
#[derive(Clone)]
pub struct ClientKeys(Arc<ArcSwap<Ring>>);

#[derive(Clone)]
struct Ring {
    signing: SigningKey,
    next: Option<SigningKey>,
    old: Option<SigningKey>,
}

impl ClientKeys {
    /// One key. It is named by its thumbprint (RFC 7638) if it has no name.
    ///
    /// Fails for a shared secret, which can't be published.
    pub fn new(key: SigningKey) -> Result<Self, RegistrationError> {
        Ok(Self(Arc::new(ArcSwap::from_pointee(Ring {
            signing: named(key)?,
            next: None,
            old: None,
        }))))
    }

    /// Publishes the key that signs next.
    pub fn announce(&self, next: SigningKey) -> Result<(), RegistrationError> {
        let next = named(next)?;
        self.0.rcu(|ring| Ring {
            next: Some(next.clone()),
            ..Ring::clone(ring)
        });
        Ok(())
    }

    /// Signs with the announced key from now on; the one that signed until now stays published. False,
    /// and nothing happens, if none was announced.
    pub fn turn_over(&self) -> bool {
        let before = self.0.rcu(|ring| match &ring.next {
            Some(next) => Ring {
                signing: next.clone(),
                next: None,
                old: Some(ring.signing.clone()),
            },
            None => Ring::clone(ring),
        });
        before.next.is_some()
    }

    /// Publishes the key that signed before no longer.
    pub fn forget_old(&self) {
        self.0.rcu(|ring| Ring {
            old: None,
            ..Ring::clone(ring)
        });
    }

    /// The public halves, the one that signs first.
    pub fn public(&self) -> JwkSet {
        let ring = self.0.load();
        let keys = [Some(&ring.signing), ring.next.as_ref(), ring.old.as_ref()];
        JwkSet {
            keys: keys
                .into_iter()
                .flatten()
                .filter_map(SigningKey::public_jwk)
                .collect(),
        }
    }

    pub(super) fn signing(&self) -> SigningKey {
        self.0.load().signing.clone()
    }
}

fn named(key: SigningKey) -> Result<SigningKey, RegistrationError> {
    let public = key.public_jwk().ok_or(RegistrationError::Key)?;
    Ok(match key.kid() {
        Some(_) => key,
        None => key.with_kid(public.thumbprint()),
    })
}

impl fmt::Debug for ClientKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientKeys").field(&self.signing()).finish()
    }
}

#[cfg(test)]
mod tests {
    use symbolon_token::Algorithm;

    use super::*;

    #[test]
    fn a7_basic_joins_what_is_form_encoded() {
        let secret = ClientSecret::new("a:b%+é".replace('é', "e")).unwrap();
        let value = secret.basic("id:1").unwrap();
        let encoded = value.to_str().unwrap().strip_prefix("Basic ").unwrap();
        let joined = BASE64.decode(encoded.as_bytes()).unwrap();
        assert_eq!(joined, b"id%3A1:a%3Ab%25%2Be");
        assert!(value.is_sensitive());
        assert_eq!(format!("{secret:?}"), "ClientSecret(..)");
    }

    #[test]
    fn p4_11_a_secret_is_what_the_provider_shows() {
        for secret in ["", " ", "a\n", " a", "a ", "비밀"] {
            assert!(ClientSecret::new(secret).is_err(), "{secret:?}");
        }
    }

    #[test]
    fn keys_are_published_before_they_sign_and_after() {
        let key = |kid: &str| {
            let key = SigningKey::generate(Algorithm::ES256).unwrap();
            key.with_kid(kid)
        };
        let keys = ClientKeys::new(key("a")).unwrap();
        let published = || {
            let set = keys.public().keys;
            let names = set.iter().filter_map(|key| key.kid().map(str::to_owned));
            names.collect::<Vec<_>>().join(" ")
        };
        assert!(!keys.turn_over());
        keys.announce(key("b")).unwrap();
        assert_eq!(
            (keys.signing().kid(), published()),
            (Some("a"), "a b".to_owned())
        );
        assert!(keys.turn_over());
        assert_eq!(
            (keys.signing().kid(), published()),
            (Some("b"), "b a".to_owned())
        );
        keys.forget_old();
        assert_eq!(published(), "b");
        let nameless = SigningKey::generate(Algorithm::Ed25519).unwrap();
        let der = nameless.to_pkcs8_der().unwrap();
        let nameless = SigningKey::from_pkcs8_der(Algorithm::Ed25519, &der).unwrap();
        assert_eq!(nameless.kid(), None);
        assert!(ClientKeys::new(nameless).unwrap().signing().kid().is_some());
        let secret = SigningKey::hmac(Algorithm::HS256, &[7, 8, 9, 10].repeat(8)).unwrap();
        assert_eq!(ClientKeys::new(secret).err(), Some(RegistrationError::Key));
    }
}
