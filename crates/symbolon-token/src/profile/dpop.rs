//! Proofs of possession of a key (`DPoP`, RFC 9449 §4.2, §4.3).
//!
//! Invariant: the key in the header proves nothing but that its owner sent this request. It is bound to
//! something that is trusted by its thumbprint alone: the caller compares `DpopProof::thumbprint` with
//! the `cnf.jkt` of the access token, or stores it with the code.

use std::time::Duration;

use serde::Deserialize;

use super::{absent, check_issued, mismatch};
use crate::{
    Algorithm, Error, Jwk, Timestamp, Typ, VerifyingKey, base64, crypto,
    error::ErrorKind,
    header::{ALGORITHM_NOT_ALLOWED, Header},
    jws::Compact,
    legacy::Legacy,
    policy::missing,
    registered::Unchecked,
    verify::read,
};

/// How old a proof may be. Its `jti` must be remembered for so long, and a minute more.
const AGE_LIMIT: Duration = Duration::from_mins(1);

/// A header with an RSA key of 8192 bits in it, with room to spare.
const HEADER_LIMIT: usize = 4096;

/// The request that a proof must be for (RFC 9449 §4.3); an example is at [`DpopProofs`].
#[derive(Clone, Copy, Debug)]
pub struct ProvenRequest<'a> {
    /// The method, as it stands in the request.
    pub method: &'a str,
    /// The URL as the client sees it; query and fragment don't count (RFC 9449 §4.3).
    pub url: &'a str,
    /// The access token that the request carries, if it carries one; the proof must name its hash.
    pub access_token: Option<&'a str>,
    /// The nonce that the server gave out, if it asks for one.
    pub nonce: Option<&'a str>,
}

/// Proof that whoever owns a key sent this very request (RFC 9449 §4.3). Only [`DpopProofs::verify`] makes
/// one; an example is there.
#[derive(Debug)]
pub struct DpopProof {
    thumbprint: String,
    token_id: String,
    issued_at: Timestamp,
}

impl DpopProof {
    /// The SHA-256 thumbprint of the key, to compare with `cnf.jkt` (RFC 9449 §6.1).
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// The name of the proof, which must not be accepted twice.
    pub fn token_id(&self) -> &str {
        &self.token_id
    }

    /// When it was made: up to a minute ago, or ahead.
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }
}

/// Checks proofs of possession (RFC 9449 §4.3).
///
/// ```
/// use symbolon_token::{
///     Algorithm, Error, Timestamp,
///     profile::{DpopProofs, ProvenRequest},
/// };
///
/// fn thumbprint(proof: &str, access_token: &str, now: Timestamp) -> Result<String, Error> {
///     let request = ProvenRequest {
///         method: "GET",
///         url: "https://api.example/notes?page=2",
///         access_token: Some(access_token),
///         nonce: None,
///     };
///     let proof = DpopProofs::new(vec![Algorithm::ES256])?.verify(proof, request, now)?;
///     println!("{} was made at {}", proof.token_id(), proof.issued_at().as_secs());
///     Ok(proof.thumbprint().to_owned())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct DpopProofs {
    algorithms: Vec<Algorithm>,
}

impl DpopProofs {
    /// Fails if there is no algorithm, or one with a shared secret.
    pub fn new(algorithms: Vec<Algorithm>) -> Result<Self, Error> {
        if algorithms.is_empty() || algorithms.iter().any(|one| one.is_symmetric()) {
            return Err(Error::new(
                ErrorKind::InvalidPolicy,
                "a proof of possession takes algorithms with key pairs, at least one",
            ));
        }
        Ok(Self { algorithms })
    }

    /// Checks a proof for a request, in the order of RFC 9449 §4.3.
    pub fn verify(
        &self,
        proof: &str,
        request: ProvenRequest<'_>,
        now: Timestamp,
    ) -> Result<DpopProof, Error> {
        let compact = Compact::split(proof)?;
        let header = compact.header(HEADER_LIMIT)?;
        let (header, jwk) = Header::parse_with_key(&header)?;
        if !self.algorithms.contains(&header.algorithm) {
            return Err(ALGORITHM_NOT_ALLOWED);
        }
        if !header.typ.is_some_and(|typ| Typ::DPOP.matches(&typ)) {
            return Err(Error::new(
                ErrorKind::WrongTyp,
                "this isn't a proof of possession",
            ));
        }
        let jwk = Jwk::read(jwk)?;
        let key = VerifyingKey::from_jwk(&jwk, header.algorithm)?;
        let payload = compact.payload_signed_by(&key)?;
        let payload = crate::json::utf8(&payload)?;
        let registered = Unchecked::read(payload, Legacy::default())?;
        let issued_at = check_claims(payload, &registered, request, now)?;
        Ok(DpopProof {
            thumbprint: jwk.thumbprint(),
            token_id: registered.to_owned().token_id.ok_or(missing("jti"))?,
            issued_at,
        })
    }
}

#[derive(Deserialize)]
struct Claims {
    htm: String,
    htu: String,
    ath: Option<String>,
    nonce: Option<String>,
}

fn check_claims(
    payload: &str,
    registered: &Unchecked<'_>,
    request: ProvenRequest<'_>,
    now: Timestamp,
) -> Result<Timestamp, Error> {
    if let Some(claim) = absent(payload, &["jti", "htm", "htu", "iat"]) {
        return Err(missing(claim));
    }
    let claims: Claims = read(payload)?;
    if claims.htm != request.method {
        return Err(mismatch("htm", "it is another method"));
    }
    let wanted = normal_url(request.url).ok_or(Error::new(
        ErrorKind::InvalidPolicy,
        "the URL of the request isn't absolute",
    ))?;
    if normal_url(&claims.htu).as_ref() != Some(&wanted) {
        return Err(mismatch("htu", "it is another URL"));
    }
    match (request.nonce, claims.nonce.as_deref()) {
        (Some(_), None) => return Err(missing("nonce")),
        (Some(given), Some(got)) if given != got => {
            return Err(mismatch("nonce", "it isn't the server's"));
        }
        _ => {}
    }
    let issued_at = registered.issued_at.ok_or(missing("iat"))?;
    check_issued(issued_at, now)?;
    if issued_at + AGE_LIMIT < now {
        return Err(Error::claim_refused(
            ErrorKind::Expired,
            "iat",
            "the proof is more than a minute old",
        ));
    }
    if let Some(access_token) = request.access_token {
        let ath = claims.ath.ok_or(missing("ath"))?;
        if base64::decode(ath.as_bytes()) != Some(crypto::sha256(access_token.as_bytes())) {
            return Err(mismatch("ath", "it is the hash of another access token"));
        }
    }
    Ok(issued_at)
}

/// Scheme, authority and path of a URL, normalised as far as it changes nothing (RFC 3986 §6.2.2,
/// §6.2.3): letters of scheme and host, the default port, the empty path.
fn normal_url(url: &str) -> Option<String> {
    let (url, _) = url.split_once(['?', '#']).unwrap_or((url, ""));
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let port = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at_checked(at)?,
        None => (rest, "/"),
    };
    let authority = authority.to_ascii_lowercase();
    let authority = authority.strip_suffix(port).unwrap_or(&authority);
    if authority.is_empty() || authority.contains('@') {
        return None;
    }
    Some(format!("{scheme}://{authority}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_compared_as_far_as_they_mean_the_same() {
        let wanted = normal_url("https://api.example/a?b#c");
        for same in [
            "https://api.example/a",
            "HTTPS://API.example/a",
            "https://api.example:443/a#d",
        ] {
            assert_eq!(normal_url(same), wanted, "{same}");
        }
        for other in [
            "http://api.example/a",
            "https://api.example/A",
            "https://api.example/a/",
            "https://api.example:444/a",
            "https://api.example.evil/a",
            "https://evil@api.example/a",
            "api.example/a",
            "",
        ] {
            assert_ne!(normal_url(other), wanted, "{other}");
        }
        assert_eq!(normal_url("https://a"), normal_url("https://a/"));
    }
}
