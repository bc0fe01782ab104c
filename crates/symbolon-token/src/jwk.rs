//! JSON Web Keys (RFC 7517).

use serde::Serialize;

use crate::{Error, ErrorKind};

/// A public key as JSON.
#[derive(Clone, Debug, Serialize)]
pub struct Jwk {}

impl Jwk {
    /// Parses.
    pub fn parse(_json: &[u8]) -> Result<Self, Error> {
        Err(Error::new(ErrorKind::Malformed, "not built yet"))
    }

    /// The RFC 7638 thumbprint.
    pub fn thumbprint(&self) -> String {
        String::new()
    }

    /// The kid.
    pub fn kid(&self) -> Option<&str> {
        None
    }
}

/// A JWK set.
#[derive(Clone, Debug, Serialize)]
pub struct JwkSet {
    /// The keys.
    pub keys: Vec<Jwk>,
}
