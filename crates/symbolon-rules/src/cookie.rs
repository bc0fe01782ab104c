//! Cookies that carry a secret (RFC 6265, and 6265bis for the name's prefix).
//!
//! Invariant: a cookie is believed only if it is the one of its name. Whoever can plant cookies for
//! a site can add a second, and which of the two comes first is up to them.

use std::time::Duration;

use crate::secret::{Kind, Secret};

/// A cookie's name as the program chose it, without the prefix.
const NAME_MAX_BYTES: usize = 64;

/// How the cookie travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Over TLS only.
    Https,
    /// In clear, on the machine itself.
    Loopback,
}

impl Transport {
    /// How the visitors of this issuer's programs come.
    pub fn of_issuer(issuer: &str) -> Self {
        if issuer.starts_with("https:") {
            Self::Https
        } else {
            Self::Loopback
        }
    }
}

/// A name, and the attributes that go with it.
#[derive(Clone, Debug)]
pub struct Cookie {
    name: String,
    transport: Transport,
}

impl Cookie {
    /// The one that is used unless a program says otherwise: `session`.
    pub fn standard(transport: Transport) -> Self {
        Self::prefixed("session", transport)
    }

    /// One of this name: up to 64 letters, digits and `-_.`, without a prefix that browsers know.
    pub fn named(name: &str, transport: Transport) -> Result<Self, CookieNameError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.is_empty()
            || name.len() > NAME_MAX_BYTES
            || name.starts_with("__")
            || !name.bytes().all(plain)
        {
            return Err(CookieNameError);
        }
        Ok(Self::prefixed(name, transport))
    }

    /// 6265bis §4.1.3.2: what is named `__Host-…` was set over TLS, by this host, for all of it; a
    /// neighbour on a sibling domain can't put its own in place.
    fn prefixed(name: &str, transport: Transport) -> Self {
        let name = match transport {
            Transport::Https => format!("__Host-{name}"),
            Transport::Loopback => name.to_owned(),
        };
        Self { name, transport }
    }

    /// How it travels.
    pub const fn transport(&self) -> Transport {
        self.transport
    }

    /// The secret that a request's `Cookie` headers carry. One that is malformed or there twice is as
    /// good as none.
    pub fn find<'h, K: Kind>(
        &self,
        headers: impl IntoIterator<Item = &'h [u8]>,
    ) -> Option<Secret<K>> {
        let pairs = headers
            .into_iter()
            .flat_map(|header| header.split(|byte| *byte == b';'));
        let mut values = pairs.filter_map(|pair| {
            let pair = pair.trim_ascii();
            pair.strip_prefix(self.name.as_bytes())?.strip_prefix(b"=")
        });
        match (values.next(), values.next()) {
            (Some(value), None) => Secret::parse(value),
            _ => None,
        }
    }

    /// The `Set-Cookie` that hands out a secret. No `Max-Age`: when it is over is the store's to say,
    /// and the browser forgets it when it closes.
    pub fn carrying<K: Kind>(&self, secret: &Secret<K>) -> String {
        format!("{}={}; {}", self.name, *secret.to_text(), self.attributes())
    }

    /// As [`Cookie::carrying`], and the browser forgets it after so many whole seconds.
    pub fn carrying_for<K: Kind>(&self, secret: &Secret<K>, lifetime: Duration) -> String {
        format!("{}; Max-Age={}", self.carrying(secret), lifetime.as_secs())
    }

    /// The `Set-Cookie` that takes it back.
    pub fn expired(&self) -> String {
        format!(
            "{}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; {}",
            self.name,
            self.attributes()
        )
    }

    /// No script reads it, no other site's form sends it, no sibling domain gets it.
    const fn attributes(&self) -> &'static str {
        match self.transport {
            Transport::Https => "Path=/; Secure; HttpOnly; SameSite=Lax",
            Transport::Loopback => "Path=/; HttpOnly; SameSite=Lax",
        }
    }
}

/// The name can't be a cookie's, or has a prefix of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CookieNameError;

#[cfg(test)]
mod tests {
    use symbolon_token::Timestamp;

    use super::*;
    use crate::{
        Entropy,
        app_session::{AppSession, AppSessionId},
    };

    struct Ones;

    impl Entropy for Ones {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.fill(1);
        }
    }

    fn id() -> String {
        let id = AppSessionId::generate(Timestamp::from_secs(1_800_000_000), &mut Ones);
        id.to_text().to_string()
    }

    #[test]
    fn s1_the_name_says_how_the_cookie_travels() {
        let https = Cookie::standard(Transport::of_issuer("https://login.example"));
        assert!(https.expired().starts_with("__Host-session=;"));
        let loopback = Cookie::standard(Transport::of_issuer("http://127.0.0.1:8080"));
        assert!(loopback.expired().starts_with("session=;"));
        assert!(!loopback.expired().contains("Secure"));
    }

    #[test]
    fn s1_a_name_is_plain_and_brings_no_prefix_of_its_own() {
        for name in ["shop", "my-app.session_2"] {
            assert!(Cookie::named(name, Transport::Https).is_ok(), "{name}");
        }
        let long = "x".repeat(65);
        for name in [
            "",
            "a b",
            "a=b",
            "a;b",
            "__Host-x",
            "__secure-x",
            "세션",
            &long,
        ] {
            assert!(Cookie::named(name, Transport::Https).is_err(), "{name}");
        }
    }

    #[test]
    fn one_cookie_of_the_name_is_believed_and_no_other() {
        let cookie = Cookie::standard(Transport::Loopback);
        let id = id();
        for (headers, found) in [
            (vec![format!("session={id}")], true),
            (vec![format!("a=b;session={id} ;c=d")], true),
            (vec!["a=b".to_owned(), format!("session={id}")], true),
            (vec![format!("\u{fffd}; ;; =; session={id}")], true),
            (vec![], false),
            (vec![format!("session={id}; session={id}")], false),
            (vec![format!("session={id}; session=x")], false),
            (vec![format!("session={id}"), "session=".to_owned()], false),
            (vec![format!("Session={id}")], false),
            (vec![format!("xsession={id}")], false),
            (vec![format!("__Host-session={id}")], false),
            (vec![format!("session=\"{id}\"")], false),
            (vec!["session".to_owned()], false),
            (vec![format!("session={}", "x".repeat(100_000))], false),
        ] {
            let sent = headers.iter().map(String::as_bytes);
            assert_eq!(
                cookie.find::<AppSession>(sent).is_some(),
                found,
                "{headers:?}"
            );
        }
    }
}
