//! Which other sites' scripts may read an answer (the Fetch Standard's CORS protocol).
//!
//! Invariant: an origin is listed byte for byte or it isn't; `null`, which any sandboxed frame can have,
//! is never listed, and nothing is ever allowed together with the caller's cookies.

use std::net::IpAddr;

/// Who may read the answers of a route from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Everybody: what it says is public.
    Everybody,
    /// The sites that are listed.
    Listed,
    /// Nobody: it is for people who look at it, or for whoever runs the server.
    Nobody,
}

/// What `Access-Control-Allow-Origin` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// `*`.
    Everybody,
    /// The origin that asks.
    This,
    /// Nothing: the browser keeps the answer from the script.
    Nobody,
}

/// The sites whose scripts may call the API. None at first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(Vec<String>);

/// Why this is no origin that a browser would send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginError {
    /// A star, or `null`.
    Unnamed,
    /// It doesn't begin with `https://` or `http://`.
    Scheme,
    /// There is something behind the host and port.
    Path,
    /// The host is missing, in capitals, or not in ASCII.
    Host,
    /// The port is none, or the scheme's own, which browsers leave out.
    Port,
}

impl std::fmt::Display for OriginError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unnamed => "each site is named: no star, and not null",
            Self::Scheme => "an origin begins with https:// or http://, in small letters",
            Self::Path => "an origin ends behind its host or port, without a slash",
            Self::Host => {
                "the host is missing, or not as browsers send it: small letters, xn-- for others"
            }
            Self::Port => {
                "the port is no number, or the scheme's own one, which browsers leave out"
            }
        })
    }
}

impl std::error::Error for OriginError {}

impl Origins {
    /// A list of origins, or the first that is none and why.
    pub fn parse<'a>(
        listed: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, (&'a str, OriginError)> {
        let listed = listed.into_iter().map(|origin| {
            check_origin(origin)
                .map(|()| origin.to_owned())
                .map_err(|error| (origin, error))
        });
        listed.collect::<Result<_, _>>().map(Self)
    }

    /// What a caller from this origin is told.
    pub fn decide(&self, readers: Readers, origin: Option<&[u8]>) -> Allowed {
        match (readers, origin) {
            (Readers::Everybody, _) => Allowed::Everybody,
            (Readers::Listed, Some(origin)) => {
                let listed = self.0.iter().any(|listed| listed.as_bytes() == origin);
                if listed {
                    Allowed::This
                } else {
                    Allowed::Nobody
                }
            }
            (Readers::Listed, None) | (Readers::Nobody, _) => Allowed::Nobody,
        }
    }
}

fn check_origin(origin: &str) -> Result<(), OriginError> {
    if origin == "*" || origin == "null" {
        return Err(OriginError::Unnamed);
    }
    let (rest, own_port) = if let Some(rest) = origin.strip_prefix("https://") {
        (rest, "443")
    } else if let Some(rest) = origin.strip_prefix("http://") {
        (rest, "80")
    } else {
        return Err(OriginError::Scheme);
    };
    if rest.contains(['/', '?', '#', '@', '\\']) {
        return Err(OriginError::Path);
    }
    let (host, port) = split_port(rest)?;
    check_host(host)?;
    let Some(port) = port else { return Ok(()) };
    let number = port.bytes().all(|byte| byte.is_ascii_digit()) && !port.starts_with('0');
    if number && port.parse::<u16>().is_ok() && port != own_port {
        Ok(())
    } else {
        Err(OriginError::Port)
    }
}

fn split_port(rest: &str) -> Result<(&str, Option<&str>), OriginError> {
    let host_end = if rest.starts_with('[') {
        rest.find(']').ok_or(OriginError::Host)? + 1
    } else {
        rest.find(':').unwrap_or(rest.len())
    };
    let (host, port) = rest.split_at(host_end);
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok((host, None)),
        None => Err(OriginError::Host),
        Some(port) => Ok((host, Some(port))),
    }
}

fn check_host(host: &str) -> Result<(), OriginError> {
    let inside = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let good = if let Some(address) = inside {
        // The form that browsers serialise to.
        let parsed = address.parse::<IpAddr>();
        parsed.is_ok_and(|parsed| parsed.is_ipv6() && parsed.to_string() == address)
    } else {
        let named =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte);
        !host.is_empty() && host.bytes().all(named)
    };
    if good { Ok(()) } else { Err(OriginError::Host) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_listed_byte_for_byte_or_not_at_all() {
        let origins = Origins::parse(["https://app.example", "http://localhost:3000"]).unwrap();
        for (origin, expected) in [
            ("https://app.example", Allowed::This),
            ("http://localhost:3000", Allowed::This),
            ("null", Allowed::Nobody),
            ("", Allowed::Nobody),
            ("*", Allowed::Nobody),
            // Suffix, prefix, subdomain.
            ("https://evilapp.example", Allowed::Nobody),
            ("https://app.example.evil.test", Allowed::Nobody),
            ("https://x.app.example", Allowed::Nobody),
            ("https://app.exampl", Allowed::Nobody),
            // Case, scheme, port, slash.
            ("https://APP.example", Allowed::Nobody),
            ("HTTPS://app.example", Allowed::Nobody),
            ("http://app.example", Allowed::Nobody),
            ("https://app.example:443", Allowed::Nobody),
            ("https://app.example:8443", Allowed::Nobody),
            ("http://localhost", Allowed::Nobody),
            ("http://localhost:30000", Allowed::Nobody),
            ("https://app.example/", Allowed::Nobody),
            // Two in one value.
            ("https://app.example, https://app.example", Allowed::Nobody),
            ("https://app.example https://evil.test", Allowed::Nobody),
        ] {
            let decided = origins.decide(Readers::Listed, Some(origin.as_bytes()));
            assert_eq!(decided, expected, "{origin:?}");
            let pages = origins.decide(Readers::Nobody, Some(origin.as_bytes()));
            assert_eq!(pages, Allowed::Nobody, "{origin:?}");
            let keys = origins.decide(Readers::Everybody, Some(origin.as_bytes()));
            assert_eq!(keys, Allowed::Everybody, "{origin:?}");
        }
        assert_eq!(origins.decide(Readers::Listed, None), Allowed::Nobody);
        let nobody = Origins::default();
        let decided = nobody.decide(Readers::Listed, Some(b"https://app.example"));
        assert_eq!(decided, Allowed::Nobody);
    }

    #[test]
    fn only_what_a_browser_would_send_can_be_listed() {
        for good in [
            "https://app.example",
            "http://localhost:3000",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "https://xn--bcher-kva.example",
            "https://app.example:80",
        ] {
            assert!(Origins::parse([good]).is_ok(), "{good}");
        }
        for (bad, expected) in [
            ("*", OriginError::Unnamed),
            ("null", OriginError::Unnamed),
            ("app.example", OriginError::Scheme),
            ("HTTPS://app.example", OriginError::Scheme),
            ("ftp://app.example", OriginError::Scheme),
            ("https://app.example/", OriginError::Path),
            ("https://app.example/path", OriginError::Path),
            ("https://user@app.example", OriginError::Path),
            ("https://app.example?x", OriginError::Path),
            ("https://", OriginError::Host),
            ("https://*.app.example", OriginError::Host),
            ("https://App.example", OriginError::Host),
            ("https://bücher.example", OriginError::Host),
            ("https://app.example ", OriginError::Host),
            ("http://[::1", OriginError::Host),
            ("http://[0:0::1]", OriginError::Host),
            ("http://[::1]8080", OriginError::Host),
            ("https://app.example:443", OriginError::Port),
            ("http://app.example:80", OriginError::Port),
            ("https://app.example:", OriginError::Port),
            ("https://app.example:08443", OriginError::Port),
            ("https://app.example:65536", OriginError::Port),
        ] {
            assert_eq!(Origins::parse([bad]), Err((bad, expected)), "{bad:?}");
        }
    }
}
