//! Secrets of the store's own, made at its first start and kept encrypted among the signing keys.
//!
//! Invariant: of nodes that make one at the same time all use the one that got in; and it stays what it is
//! when the key-encryption key turns over.

use data_encoding::BASE64URL_NOPAD;
use symbolon_rules::{Entropy, key_ring::KeyFacts};
use symbolon_token::Algorithm;
use zeroize::Zeroizing;

use super::ring::{Opening, RingError};
use crate::store::ListKeys;

/// What a secret is for. Tokens never carry its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Signing.
    Signing,
    /// Functions of names.
    Names,
}

impl Use {
    const fn kid(self) -> &'static str {
        match self {
            Self::Signing => "shared-secret",
            Self::Names => "names",
        }
    }

    const fn number(self) -> i64 {
        match self {
            Self::Signing => 1,
            Self::Names => 2,
        }
    }
}

/// The secret for a use, 384 bits as base64url; made where there is none.
pub(super) async fn kept(
    opening: &Opening<'_>,
    usage: Use,
) -> Result<Zeroizing<String>, RingError> {
    if let Some(secret) = find(opening, usage).await? {
        return Ok(secret);
    }
    let mut random = Zeroizing::new([0; 48]);
    opening.randomness.clone().fill(&mut *random);
    let text = Zeroizing::new(BASE64URL_NOPAD.encode(&*random));
    let facts = KeyFacts {
        kid: usage.kid().to_owned(),
        algorithm: Algorithm::HS256,
        number: usage.number(),
        created_at: opening.now,
        activates_at: Some(opening.now),
        revoked_at: None,
    };
    opening.keep(facts, text.as_bytes()).await?;
    // Whether it was this node's that got in or another's, it is the one.
    find(opening, usage).await?.ok_or(RingError::NoKey)
}

async fn find(opening: &Opening<'_>, usage: Use) -> Result<Option<Zeroizing<String>>, RingError> {
    let keys = opening.store.run(ListKeys).await?;
    let Some(sealed) = keys.into_iter().find(|key| key.facts.kid == usage.kid()) else {
        return Ok(None);
    };
    let text = opening.unseal(&sealed)?;
    let text = str::from_utf8(&text).map_err(|_| RingError::NoKey)?;
    Ok(Some(Zeroizing::new(text.to_owned())))
}
