//! A token in a cookie.
//!
//! RFC 6265bis §4.1.3.2 (`__Host-`: Secure, Path=/, no Domain, so that no neighbour under the same domain can
//! set it), §4.2.1 (the `Cookie` field). What keeps foreign pages from using it is in `csrf.rs`.
//!
//! Invariant: two cookies of the name are refused: one of them was planted.

use std::{fmt, time::Duration};

use http::{HeaderName, HeaderValue, header::COOKIE};

use super::{Absent, Carrier, Credential, Malformed, Sent, is_b64token, is_tchar};
use crate::{CrossSite, csrf::Demand};

const PREFIX: &str = "__Host-";

/// A cookie that holds a token, and what a request with it has to show.
///
/// The cookie's name begins with `__Host-`, which browsers accept only over https (and on `localhost`), for
/// one host and for all of its paths. A request that may change something (any method but GET, HEAD and
/// OPTIONS) must repeat the [`CsrfValue`](crate::CsrfValue) of the token in a header, `X-CSRF-Token` unless
/// said otherwise, and must not be said to come from another site by `Sec-Fetch-Site`. Whoever issues the
/// token puts the value's hash into it, as the claim [`CSRF_CLAIM`](crate::CSRF_CLAIM).
///
/// ```
/// use std::time::Duration;
/// use symbolon_guard::TokenCookie;
///
/// let cookie = TokenCookie::new("access_token")?;
/// assert_eq!(cookie.name(), "__Host-access_token");
///
/// let set_cookie = cookie.set("a.b.c", Duration::from_secs(600)).unwrap();
/// assert_eq!(
///     set_cookie,
///     "__Host-access_token=a.b.c; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax",
/// );
/// # Ok::<(), symbolon_guard::TokenCookieError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenCookie {
    name: String,
    demand: Demand,
}

/// For pages that were there before, and to sign out:
///
/// ```
/// use http::HeaderName;
/// use symbolon_guard::TokenCookie;
///
/// let angular = TokenCookie::new("session")?.csrf_header(HeaderName::from_static("x-xsrf-token"));
/// let signed_out = angular.unset().unwrap();
/// assert!(signed_out.to_str().unwrap().starts_with("__Host-session=; Path=/; Max-Age=0;"));
///
/// // As Flask-JWT-Extended named it, of an issuer that writes no hash into its tokens.
/// let as_before = TokenCookie::dangerous_without_prefix("access_token_cookie")?.dangerous_sec_fetch_only();
/// assert_eq!(as_before.name(), "access_token_cookie");
/// # Ok::<(), symbolon_guard::TokenCookieError>(())
/// ```
impl TokenCookie {
    /// The cookie `__Host-` and this name.
    ///
    /// Fails if the name can't be one of a cookie (RFC 6265bis §4.1.1), or has the prefix already.
    pub fn new(name: &str) -> Result<Self, TokenCookieError> {
        if has_prefix(name) {
            return Err(TokenCookieError::Prefixed);
        }
        Self::named(format!("{PREFIX}{name}"))
    }

    /// A cookie of exactly this name.
    ///
    /// Dangerous: without `__Host-` a page under the same domain, or anybody on a plain http connection, can
    /// set it, and so sign somebody in as somebody else.
    pub fn dangerous_without_prefix(name: impl Into<String>) -> Result<Self, TokenCookieError> {
        Self::named(name.into())
    }

    /// The CSRF value comes in this header.
    pub fn csrf_header(self, name: HeaderName) -> Self {
        Self {
            demand: Demand::Value(name),
            ..self
        }
    }

    /// Wants no CSRF value, and instead that the browser says `Sec-Fetch-Site: same-origin`: for tokens of
    /// an issuer that puts no hash into them. Browsers older than 2023 don't send it and are refused.
    ///
    /// Dangerous: one header of the browser is then all that keeps foreign pages off.
    pub fn dangerous_sec_fetch_only(self) -> Self {
        Self {
            demand: Demand::SameOrigin,
            ..self
        }
    }

    /// The cookie's whole name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The `Set-Cookie` that gives a browser the token for so long. `None` if the token isn't one.
    pub fn set(&self, token: &str, max_age: Duration) -> Option<HeaderValue> {
        if !is_b64token(token) {
            return None;
        }
        self.field(token, max_age.as_secs())
    }

    /// The `Set-Cookie` that takes the token from a browser.
    pub fn unset(&self) -> Option<HeaderValue> {
        self.field("", 0)
    }

    fn field(&self, value: &str, max_age: u64) -> Option<HeaderValue> {
        let name = &self.name;
        let field =
            format!("{name}={value}; Path=/; Max-Age={max_age}; Secure; HttpOnly; SameSite=Lax");
        let mut field = HeaderValue::try_from(field).ok()?;
        field.set_sensitive(true);
        Some(field)
    }

    fn named(name: String) -> Result<Self, TokenCookieError> {
        if name.is_empty() || name == PREFIX || !name.bytes().all(is_tchar) {
            return Err(TokenCookieError::NotAName);
        }
        Ok(Self {
            name,
            demand: Demand::Value(HeaderName::from_static("x-csrf-token")),
        })
    }

    pub(super) fn credential<'a>(&'a self, request: Carrier<'a>) -> Credential<'a> {
        let mut found = None;
        for field in request.headers.get_all(COOKIE) {
            for pair in field.as_bytes().split(|byte| *byte == b';') {
                let Some(value) = self.value_in(pair.trim_ascii()) else {
                    continue;
                };
                if found.is_some() {
                    return Credential::Malformed(Malformed::Repeated);
                }
                found = Some(value);
            }
        }
        let Some(text) = found else {
            return Credential::Absent(Absent::Nowhere);
        };
        if text.is_empty() {
            return Credential::Malformed(Malformed::NoToken);
        }
        if !Demand::applies_to(request.method()) {
            return Credential::Token(Sent::in_place(text, None));
        }
        // What the browser says against it needs no token to be heard.
        match self.demand.check(request.headers, None) {
            Err(CrossSite::Sender) => Credential::CrossSite(CrossSite::Sender),
            _ => Credential::Token(Sent::in_place(text, Some(&self.demand))),
        }
    }

    fn value_in<'a>(&self, pair: &'a [u8]) -> Option<&'a [u8]> {
        pair.strip_prefix(self.name.as_bytes())?.strip_prefix(b"=")
    }
}

/// Browsers compare the prefix without regard to case.
fn has_prefix(name: &str) -> bool {
    let prefix = name.get(..PREFIX.len());
    prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(PREFIX))
}

/// Why a name is no [`TokenCookie`]'s.
///
/// ```
/// use symbolon_guard::{TokenCookie, TokenCookieError};
///
/// assert_eq!(TokenCookie::new("a b"), Err(TokenCookieError::NotAName));
/// assert_eq!(TokenCookie::new("__Host-token"), Err(TokenCookieError::Prefixed));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenCookieError {
    /// It is empty, or holds what the name of a cookie can't.
    NotAName,
    /// It begins with `__Host-`, which is added here.
    Prefixed,
}

impl fmt::Display for TokenCookieError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAName => "this is no name for a cookie",
            Self::Prefixed => "__Host- is put before the name of a token's cookie by itself",
        })
    }
}

impl std::error::Error for TokenCookieError {}
