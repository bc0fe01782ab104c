//! Where in a request a token may sit: the `Authorization` field, under the schemes a guard takes.
//!
//! RFC 6750 §2.1 (`Bearer` and a b64token), RFC 9110 §11.4 (credentials) and §11.1 (schemes compare
//! case-insensitively). A token in the query or the body is never looked at: it would end up in logs
//! and histories (RFC 6750 §5.3, row A14).
//!
//! Invariant: what looks like a mangled credential of a kind we take is `Malformed`, never `Absent`; a
//! request that tried and failed must not be served as an anonymous one.

mod reason;
mod scheme;

use http::{HeaderMap, header::AUTHORIZATION};

pub use self::{
    reason::{Absent, Malformed},
    scheme::{Scheme, SchemeError},
};

/// Where a guard takes tokens from, in the order in which its refusals name them to the client.
///
/// `Authorization: Bearer` alone unless said otherwise (RFC 6750 §2.1). What is added is taken besides,
/// never instead: two `Authorization` fields are refused whatever they hold.
///
/// ```
/// use symbolon_guard::{Scheme, Sources};
///
/// let as_flask_jwt_did = Sources::scheme(Scheme::JWT);
/// let moving_over = Sources::bearer().and_scheme(Scheme::JWT);
/// let no_scheme_at_all = Sources::raw_token();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    order: Vec<Source>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Scheme(Scheme),
    RawToken,
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

    /// The same sources, and this scheme too.
    pub fn and_scheme(self, scheme: Scheme) -> Self {
        self.and(Source::Scheme(scheme))
    }

    /// The same sources, and a token without a scheme; see [`Sources::raw_token`].
    pub fn and_raw_token(self) -> Self {
        self.and(Source::RawToken)
    }

    pub(crate) fn in_order(&self) -> &[Source] {
        &self.order
    }

    fn and(mut self, source: Source) -> Self {
        if !self.order.contains(&source) {
            self.order.push(source);
        }
        self
    }

    fn takes_scheme(&self, word: &[u8]) -> bool {
        self.order
            .iter()
            .any(|source| matches!(source, Source::Scheme(scheme) if scheme.is(word)))
    }

    pub(crate) fn credential<'a>(&self, headers: &'a HeaderMap) -> Credential<'a> {
        let mut fields = headers.get_all(AUTHORIZATION).iter();
        let Some(field) = fields.next() else {
            return Credential::Absent(Absent::NoHeader);
        };
        // RFC 9110 §5.3: Authorization isn't a list, so two of them have no meaning; a proxy may have
        // judged the one and we the other. RFC 6750 §3.1 calls it invalid_request.
        if fields.next().is_some() {
            return Credential::Malformed(Malformed::Repeated);
        }

        let value = field.as_bytes();
        let (word, rest) = match value.iter().position(|&byte| byte == b' ') {
            Some(space) => (&value[..space], Some(&value[space + 1..])),
            None => (value, None),
        };
        if self.takes_scheme(word) {
            // One space, although RFC 6750 §2.1 would let several stand: a second spelling of the same
            // credential is something that a proxy and we could read differently, and nobody sends it.
            return token(rest.unwrap_or_default());
        }
        if self.order.contains(&Source::RawToken) {
            return token(value);
        }
        if word.is_empty() || !word.iter().copied().all(is_tchar) {
            return Credential::Malformed(Malformed::NoScheme);
        }
        // RFC 6750 §3.1 counts an unsupported scheme as a request without authentication information:
        // `Basic` may be meant for something in front of us, and says nothing about a token.
        Credential::Absent(match rest {
            Some(_) => Absent::OtherScheme,
            None => Absent::OneWord,
        })
    }
}

impl Default for Sources {
    fn default() -> Self {
        Self::bearer()
    }
}

/// What a request offers as its credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credential<'a> {
    Absent(Absent),
    Token(&'a str),
    Malformed(Malformed),
}

fn token(bytes: &[u8]) -> Credential<'_> {
    if bytes.is_empty() {
        return Credential::Malformed(Malformed::NoToken);
    }
    match std::str::from_utf8(bytes) {
        Ok(token) if is_b64token(token) => Credential::Token(token),
        _ if words(bytes) > 1 => Credential::Malformed(Malformed::ExtraWords),
        _ => Credential::Malformed(Malformed::NotAToken),
    }
}

fn words(bytes: &[u8]) -> usize {
    let words = bytes.split(|byte| *byte == b' ');
    words.filter(|word| !word.is_empty()).count()
}

/// RFC 6750 §2.1: `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
fn is_b64token(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    !body.is_empty()
        && body
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

/// RFC 9110 §5.6.2.
fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests;
