//! Requests that a foreign page makes a browser send: told apart where a token came in a cookie.
//!
//! A cookie goes along with whatever a page asks for, so it doesn't show that the page meant it. The signed
//! token carries the SHA-256 of a random value, and a header must repeat the value, which a foreign page
//! can't read. `Sec-Fetch-Site` (Fetch Metadata) says besides where the request comes from, where the
//! browser knows it.
//!
//! Invariant: methods other than GET, HEAD and OPTIONS are served to a cookie only with both checks passed.
//! What is compared is compared in constant time.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use http::{HeaderMap, HeaderName, Method};
use serde::Deserialize;

use crate::digest::Sha256;

/// The claim of a token that holds the hash of its CSRF value.
///
/// ```
/// use symbolon_guard::{CSRF_CLAIM, CsrfValue};
///
/// let mut claims = serde_json::json!({ "sub": "ada" });
/// claims[CSRF_CLAIM] = CsrfValue::from_random([7; 32]).claim().into();
/// ```
pub const CSRF_CLAIM: &str = "csrf_sha256";

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A random value that goes with one token: the page gets it, the token holds its hash.
///
/// For whoever issues tokens that travel in cookies; see [`TokenCookie`](crate::TokenCookie).
///
/// ```
/// use symbolon_guard::CsrfValue;
///
/// # let random = [7; 32];
/// let value = CsrfValue::from_random(random); // 32 octets of the system's randomness
/// let in_the_token = serde_json::json!({ "csrf_sha256": value.claim() });
/// let to_the_page = value.as_str();
/// ```
#[derive(Clone)]
pub struct CsrfValue(String);

impl CsrfValue {
    /// The value for these random octets.
    pub fn from_random(random: [u8; 32]) -> Self {
        Self(BASE64URL_NOPAD.encode(&random))
    }

    /// What the page repeats in the header.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands in the token, as the claim [`CSRF_CLAIM`].
    pub fn claim(&self) -> String {
        Sha256::of(self.0.as_bytes()).to_base64url()
    }
}

impl fmt::Debug for CsrfValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsrfValue").finish_non_exhaustive()
    }
}

/// Why a request with a cookie isn't believed to come from the program's own pages: 403.
///
/// ```
/// use symbolon_guard::{CrossSite, Invalid, Reason, Rejection};
///
/// fn is_foreign(rejection: &Rejection) -> bool {
///     matches!(rejection.reason(), Reason::Invalid(Invalid::CrossSite(CrossSite::Sender)))
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CrossSite {
    /// The browser says that another site sent it, or doesn't say what a guard wants to know.
    Sender,
    /// The header that must repeat the CSRF value isn't there, is there twice, or the token has no hash to
    /// compare it with.
    NoValue,
    /// The header holds another value than the token's.
    WrongValue,
}

impl fmt::Display for CrossSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sender => "the request comes from another site",
            Self::NoValue => "the CSRF value is missing",
            Self::WrongValue => "the CSRF value is not that of the token",
        })
    }
}

/// How much a cookie's request has to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Demand {
    /// The value in this header, and nothing against it in `Sec-Fetch-Site`.
    Value(HeaderName),
    /// `Sec-Fetch-Site: same-origin`, and nothing else.
    SameOrigin,
}

impl Demand {
    /// RFC 9110 §9.2.1: safe methods change nothing. An unknown method may.
    pub(crate) fn applies_to(method: Option<&Method>) -> bool {
        !method.is_some_and(|method| {
            *method == Method::GET || *method == Method::HEAD || *method == Method::OPTIONS
        })
    }

    pub(crate) fn check(
        &self,
        headers: &HeaderMap,
        digest: Option<&Sha256>,
    ) -> Result<(), CrossSite> {
        let mut sites = headers.get_all(SEC_FETCH_SITE).iter();
        let site = match (sites.next(), sites.next()) {
            (None, _) => None,
            (Some(site), None) => Some(site.as_bytes()),
            (Some(_), Some(_)) => return Err(CrossSite::Sender),
        };
        let name = match (self, site) {
            (Self::SameOrigin, Some(b"same-origin")) => return Ok(()),
            // `none` is the user's own doing. `same-site` may be a neighbour that somebody else runs.
            (Self::Value(name), None | Some(b"same-origin" | b"none")) => name,
            _ => return Err(CrossSite::Sender),
        };
        let mut values = headers.get_all(name).iter();
        let (Some(value), None, Some(digest)) = (values.next(), values.next(), digest) else {
            return Err(CrossSite::NoValue);
        };
        if Sha256::of(value.as_bytes()).equals(digest) {
            Ok(())
        } else {
            Err(CrossSite::WrongValue)
        }
    }
}

/// The claim alone.
#[derive(Deserialize)]
pub(crate) struct Claim {
    pub(crate) csrf_sha256: String,
}
