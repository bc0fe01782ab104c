//! Where in a request a token may sit.
//!
//! RFC 6750 §2.1 (`Bearer` and a b64token) unless a program says otherwise; RFC 9110 §11.4 (credentials) and
//! §11.1 (schemes compare case-insensitively). A token in the query or the body is looked at by explicit
//! choice only: it ends up in logs and histories (RFC 6750 §5.3, row A14).
//!
//! Invariant: what looks like a mangled credential of a kind we take is `Malformed`, never `Absent`; a
//! request that tried and failed must not be served as an anonymous one.
//! Invariant: two credentials in one request are refused, wherever they sit: what is in front of us may have
//! judged the one and we the other.

mod cookie;
mod field;
mod header;
mod query;
mod reason;
mod scheme;

use http::{HeaderMap, Method, request::Parts};

pub(crate) use self::field::BodyToken;
pub use self::{
    cookie::{TokenCookie, TokenCookieError},
    reason::{Absent, Malformed},
    scheme::{Scheme, SchemeError},
};
use crate::{CrossSite, csrf};

/// Where a guard takes tokens from, in the order in which its refusals name them to the client.
///
/// `Authorization: Bearer` alone unless said otherwise (RFC 6750 §2.1). What is added is taken besides,
/// never instead: two `Authorization` fields, or two credentials in different places, are refused whatever
/// they hold.
///
/// ```
/// use symbolon_guard::{Scheme, Sources, TokenCookie};
///
/// let as_flask_jwt_did = Sources::scheme(Scheme::JWT);
/// let moving_over = Sources::bearer().and_scheme(Scheme::JWT);
/// let no_scheme_at_all = Sources::raw_token();
/// let browsers_and_programs = Sources::bearer().and_cookie(TokenCookie::new("access_token")?);
/// let browsers_alone = Sources::cookie(TokenCookie::new("access_token")?);
/// let whatever_came_before = Sources::bearer()
///     .and_raw_token()
///     .dangerous_and_query("access_token")
///     .dangerous_and_json_field("access_token");
/// # Ok::<(), symbolon_guard::TokenCookieError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    order: Vec<Source>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Scheme(Scheme),
    RawToken,
    Cookie(TokenCookie),
    Query(String),
    JsonField(String),
}

impl Sources {
    /// `Authorization: Bearer <token>`.
    pub fn bearer() -> Self {
        Self::scheme(Scheme::BEARER)
    }

    /// `Authorization: <scheme> <token>`. The scheme is read in any case (RFC 9110 §11.1).
    pub fn scheme(scheme: Scheme) -> Self {
        Self {
            order: vec![Source::Scheme(scheme)],
        }
    }

    /// `Authorization: <token>`, without a scheme, which no RFC knows.
    ///
    /// The whole field is then taken for a token: a credential of another scheme is one that can't be
    /// read, and not the absence of one.
    pub fn raw_token() -> Self {
        Self {
            order: vec![Source::RawToken],
        }
    }

    /// A cookie, and nothing else. See [`TokenCookie`].
    pub fn cookie(cookie: TokenCookie) -> Self {
        Self {
            order: vec![Source::Cookie(cookie)],
        }
    }

    /// The same sources, and this scheme too.
    pub fn and_scheme(self, scheme: Scheme) -> Self {
        self.and(Source::Scheme(scheme))
    }

    /// The same sources, and a token without a scheme; see [`Sources::raw_token`].
    pub fn and_raw_token(self) -> Self {
        self.and(Source::RawToken)
    }

    /// The same sources, and a cookie too.
    ///
    /// A browser sends its cookie along with an `Authorization` that a page sets itself; such a request has
    /// two credentials and is refused.
    pub fn and_cookie(self, cookie: TokenCookie) -> Self {
        self.and(Source::Cookie(cookie))
    }

    /// The same sources, and this parameter of the query too.
    ///
    /// Dangerous: URLs are kept in logs, histories and `Referer` fields, and the token with them
    /// (RFC 6750 §2.3 and §5.3). It is looked at by layers and extractors, and by
    /// [`Guard::require_request`](crate::Guard::require_request); not where only headers are judged.
    pub fn dangerous_and_query(self, parameter: impl Into<String>) -> Self {
        self.and(Source::Query(parameter.into()))
    }

    /// The same sources, and this one member of a JSON object in the body too.
    ///
    /// Dangerous: bodies are kept in logs that leave `Authorization` out, and the body is read before
    /// anything is known of who sent it. It is looked at by
    /// [`GuardLayer::dangerous_read_body`](crate::GuardLayer::dangerous_read_body) only (feature `axum`).
    pub fn dangerous_and_json_field(mut self, member: impl Into<String>) -> Self {
        self.order
            .retain(|source| !matches!(source, Source::JsonField(_)));
        self.and(Source::JsonField(member.into()))
    }

    pub(crate) fn in_order(&self) -> &[Source] {
        &self.order
    }

    /// The member of a JSON body that may hold a token.
    #[cfg(feature = "axum")]
    pub(crate) fn json_field(&self) -> Option<&str> {
        self.order.iter().find_map(|source| match source {
            Source::JsonField(member) => Some(member.as_str()),
            _ => None,
        })
    }

    fn and(mut self, source: Source) -> Self {
        if !self.order.contains(&source) {
            self.order.push(source);
        }
        self
    }

    pub(crate) fn credential<'a>(&'a self, request: Carrier<'a>) -> Credential<'a> {
        let mut found = self.in_authorization(request.headers);
        // Nearly every guard takes tokens from there alone.
        if let [Source::Scheme(_) | Source::RawToken] = self.order.as_slice() {
            return found;
        }
        for source in &self.order {
            let next = match source {
                Source::Scheme(_) | Source::RawToken => continue,
                Source::Cookie(cookie) => cookie.credential(request),
                Source::Query(parameter) => query::credential(request.query(), parameter),
                Source::JsonField(_) => field::credential(request.body()),
            };
            found = found.together_with(next);
        }
        found
    }
}

impl Default for Sources {
    fn default() -> Self {
        Self::bearer()
    }
}

/// What of a request may hold a credential, as far as it is known.
#[derive(Clone, Copy)]
pub(crate) struct Carrier<'a> {
    pub(crate) headers: &'a HeaderMap,
    /// What few guards look at is looked for only then.
    parts: Option<&'a Parts>,
}

impl<'a> Carrier<'a> {
    pub(crate) fn of(parts: &'a Parts) -> Self {
        Self {
            headers: &parts.headers,
            parts: Some(parts),
        }
    }

    pub(crate) fn headers(headers: &'a HeaderMap) -> Self {
        Self {
            headers,
            parts: None,
        }
    }

    /// Unknown is as good as one that changes something.
    fn method(self) -> Option<&'a Method> {
        self.parts.map(|parts| &parts.method)
    }

    fn query(self) -> Option<&'a str> {
        self.parts?.uri.query()
    }

    fn body(self) -> Option<&'a BodyToken> {
        self.parts?.extensions.get()
    }
}

/// What a request offers as its credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credential<'a> {
    Absent(Absent),
    Token(Sent<'a>),
    Malformed(Malformed),
    CrossSite(CrossSite),
}

/// Something in the place of a token, not looked at yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent<'a> {
    pub(crate) text: &'a [u8],
    /// For one that was no part of a request: it is judged as a token, however it is written.
    alone: Option<&'a str>,
    /// For one that a browser sends by itself: what shows that its page meant it.
    pub(crate) demand: Option<&'a csrf::Demand>,
}

impl<'a> Credential<'a> {
    pub(crate) fn token(text: &'a [u8]) -> Self {
        if text.is_empty() {
            return Self::Malformed(Malformed::NoToken);
        }
        Self::Token(Sent::in_place(text, None))
    }

    /// Two places of one request. What is wrong with one isn't made good by the other.
    fn together_with(self, other: Self) -> Self {
        match (self, other) {
            (Self::Malformed(why), _) | (_, Self::Malformed(why)) => Self::Malformed(why),
            (Self::Absent(_), found) => match found {
                // The first place says what was missing.
                Self::Absent(_) => self,
                _ => found,
            },
            (found, Self::Absent(_)) => found,
            _ => Self::Malformed(Malformed::Several),
        }
    }
}

impl<'a> Sent<'a> {
    /// A token that came in no place of a request.
    pub(crate) fn alone(token: &'a str) -> Self {
        Self {
            text: token.as_bytes(),
            alone: Some(token),
            demand: None,
        }
    }

    fn in_place(text: &'a [u8], demand: Option<&'a csrf::Demand>) -> Self {
        Self {
            text,
            alone: None,
            demand,
        }
    }

    /// The token, if what was sent is one.
    pub(crate) fn read(self) -> Result<&'a str, Malformed> {
        if let Some(token) = self.alone {
            return Ok(token);
        }
        match std::str::from_utf8(self.text) {
            Ok(token) if is_b64token(token) => Ok(token),
            _ if words(self.text) > 1 => Err(Malformed::ExtraWords),
            _ => Err(Malformed::NotAToken),
        }
    }
}

fn words(bytes: &[u8]) -> usize {
    let words = bytes.split(|byte| *byte == b' ');
    words.filter(|word| !word.is_empty()).count()
}

/// RFC 6750 §2.1: `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
fn is_b64token(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    // All octets are looked at and none decides anything by itself, so that it is done for many at a time.
    let foreign = |byte: &u8| {
        let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        let digit_mark = byte.wrapping_sub(b'-') < 13;
        let other_mark = matches!(byte, b'_' | b'~' | b'+');
        u8::from(!(letter | digit_mark | other_mark))
    };
    !body.is_empty()
        && body
            .as_bytes()
            .iter()
            .fold(0, |seen, byte| seen | foreign(byte))
            == 0
}

/// RFC 9110 §5.6.2.
fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests;
