//! Addresses of a provider, and how far each may lead.
//!
//! Invariant: what travels there is encrypted, or doesn't leave the machine. What the operator typed
//! may be anywhere; what a document names is at the host that the operator typed, or on the public net
//! (rows K4, K5).

use std::net::IpAddr;

use http::{Uri, uri::Scheme};
use symbolon_rules::address::is_public;

/// An address to send requests to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::client) struct Endpoint {
    pub(in crate::client) uri: Uri,
    pub(in crate::client) reach: Reach,
}

/// Where the host of an endpoint may turn out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::client) enum Reach {
    /// Anywhere: the operator named it.
    Named,
    /// On the public net.
    Public,
}

impl Endpoint {
    /// One that the operator typed: https, or http on this machine.
    pub(in crate::client) fn named(text: &str) -> Option<Self> {
        let uri = parse(text)?;
        let allowed = match uri.scheme_str()? {
            "https" => true,
            "http" => is_loopback(uri.host()?),
            _ => false,
        };
        allowed.then_some(Self {
            uri,
            reach: Reach::Named,
        })
    }

    /// One that a document of this issuer names. An issuer with https names nothing without.
    pub(in crate::client) fn in_document_of(issuer: &Self, text: &str) -> Option<Self> {
        let named = Self::named(text)?;
        if issuer.is_https() && !named.is_https() {
            return None;
        }
        let host = named.uri.host()?;
        if issuer
            .uri
            .host()
            .is_some_and(|issuer| issuer.eq_ignore_ascii_case(host))
        {
            return Some(named);
        }
        // A literal is connected to without asking a resolver, which would otherwise refuse it.
        let inside = is_loopback(host) || literal(host).is_some_and(|address| !is_public(address));
        (!inside).then_some(Self {
            reach: Reach::Public,
            ..named
        })
    }

    /// Whether TLS is needed to get there.
    pub(in crate::client) fn is_https(&self) -> bool {
        self.uri.scheme() == Some(&Scheme::HTTPS)
    }
}

fn parse(text: &str) -> Option<Uri> {
    // `http::Uri` drops a fragment in silence (RFC 6749 §3.1 forbids one).
    if text.contains('#') {
        return None;
    }
    let uri: Uri = text.parse().ok()?;
    let authority = uri.authority()?.as_str();
    // RFC 9110 §4.2.4: a name and password in a URL is a way to disguise the host.
    (!authority.contains('@')).then_some(uri)
}

fn literal(host: &str) -> Option<IpAddr> {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    bare.parse().ok()
}

fn is_loopback(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || literal(host).is_some_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_https_or_on_this_machine() {
        for text in [
            "https://a.example",
            "https://a.example:8443/token?x=1",
            "https://10.0.0.1/token",
            "http://127.0.0.1:8080/",
            "http://[::1]/",
            "http://localhost:1",
            "http://LOCALHOST",
        ] {
            assert!(Endpoint::named(text).is_some(), "{text}");
        }
        for text in [
            "",
            "a.example",
            "/token",
            "http://a.example",
            "http://10.0.0.1/",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "https://me@a.example",
            "https://a.example#x",
            "ftp://a.example",
            "javascript:alert(1)",
            "https://a example",
        ] {
            assert!(Endpoint::named(text).is_none(), "{text}");
        }
    }

    #[test]
    fn k5_a_document_names_its_own_host_or_the_public_net() {
        let at = |issuer: &str, text: &str| {
            let issuer = Endpoint::named(issuer).unwrap();
            Endpoint::in_document_of(&issuer, text).map(|endpoint| endpoint.reach)
        };
        let public = "https://a.example";
        assert_eq!(at(public, "https://a.example/token"), Some(Reach::Named));
        assert_eq!(at(public, "https://A.Example:1/x"), Some(Reach::Named));
        assert_eq!(at(public, "https://b.example/x"), Some(Reach::Public));
        assert_eq!(at(public, "https://1.1.1.1/x"), Some(Reach::Public));
        for inside in [
            "http://127.0.0.1/x",
            "https://127.0.0.1/x",
            "https://[::1]/x",
            "https://[::ffff:10.0.0.1]/x",
            "https://localhost/x",
            "https://localhost./x",
            "https://10.0.0.1/x",
            "https://169.254.169.254/latest",
        ] {
            assert_eq!(at(public, inside), None, "{inside}");
        }
        let here = "http://127.0.0.1:9000";
        assert_eq!(at(here, "http://127.0.0.1:9001/x"), Some(Reach::Named));
        assert_eq!(at(here, "http://localhost:9000/x"), None);
        assert_eq!(at(here, "https://10.0.0.1/x"), None);
        let inside = "https://10.0.0.1";
        assert_eq!(at(inside, "https://10.0.0.1/token"), Some(Reach::Named));
        assert_eq!(at(inside, "https://10.0.0.2/token"), None);
    }
}
