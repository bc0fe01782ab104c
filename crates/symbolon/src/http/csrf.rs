//! Whether a request that changes something comes from a page of this site (row S3).
//!
//! Two walls: what the browser says of where the request comes from (Fetch Metadata, `Origin`), which no
//! page can forge, and a token that only pages of this site were given, which holds in browsers that say
//! nothing.

#[cfg(feature = "client")]
use axum::http::Method;
use axum::http::{HeaderMap, header};

#[cfg(feature = "client")]
use crate::keys::is_same_secret;

/// The header that carries the token.
#[cfg(feature = "client")]
const TOKEN: &str = "x-csrf-token";

/// RFC 9110 §9.2.1.
#[cfg(feature = "client")]
pub(super) fn is_safe(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(method)
}

/// Whether the browser says that one of our own pages sent this. One that says nothing at all is no
/// browser of this decade, and isn't believed.
pub(super) fn is_same_origin(headers: &HeaderMap, issuer: &str) -> bool {
    let one = |name: &str| {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Some(Some(value.as_bytes())),
            (None, _) => Some(None),
            (Some(_), Some(_)) => None,
        }
    };
    let (Some(site), Some(origin)) = (one("sec-fetch-site"), one(header::ORIGIN.as_str())) else {
        return false;
    };
    let ours = origin.map(|origin| origin == origin_of(issuer).as_bytes());
    match site {
        Some(site) => site == b"same-origin" && ours != Some(false),
        None => ours == Some(true),
    }
}

/// Scheme, host and port of the issuer (RFC 6454 §6.1), which has no user name and no default port
/// unless its author wrote one.
fn origin_of(issuer: &str) -> &str {
    let host = issuer.find("://").map_or(0, |at| at + 3);
    let end = issuer[host..]
        .find('/')
        .map_or(issuer.len(), |at| host + at);
    &issuer[..end]
}

/// Whether the header repeats this token.
#[cfg(feature = "client")]
pub(super) fn repeats(headers: &HeaderMap, token: &str) -> bool {
    let mut values = headers.get_all(TOKEN).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => is_token(value.as_bytes(), token),
        _ => false,
    }
}

/// Whether this is the token.
#[cfg(feature = "client")]
pub(super) fn is_token(sent: &[u8], token: &str) -> bool {
    is_same_secret(sent, token.as_bytes())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name = HeaderName::try_from(*name).unwrap();
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn s3_only_a_page_of_this_site_is_believed() {
        let site = |value| ("sec-fetch-site", value);
        let origin = |value| ("origin", value);
        for (sent, believed) in [
            (vec![site("same-origin")], true),
            (vec![site("same-origin"), origin("https://a.example")], true),
            (vec![origin("https://a.example")], true),
            (vec![], false),
            (vec![site("cross-site")], false),
            (vec![site("same-site")], false),
            (vec![site("none")], false),
            (
                vec![site("same-origin"), origin("https://b.example")],
                false,
            ),
            (vec![site("same-origin"), site("cross-site")], false),
            (vec![origin("https://a.example.evil.example")], false),
            (vec![origin("http://a.example")], false),
            (vec![origin("https://a.example:8443")], false),
            (vec![origin("null")], false),
            (vec![origin("https://a.example"), origin("null")], false),
        ] {
            let headers = headers(&sent);
            let found = is_same_origin(&headers, "https://a.example/tenant");
            assert_eq!(found, believed, "{sent:?}");
        }
    }

    #[cfg(feature = "client")]
    #[test]
    fn s3_the_token_is_repeated_whole_and_once() {
        let token = |value| ("x-csrf-token", value);
        for (sent, repeated) in [
            (vec![token("abc")], true),
            (vec![], false),
            (vec![token("ab")], false),
            (vec![token("abcd")], false),
            (vec![token("abd")], false),
            (vec![token("abc"), token("abc")], false),
        ] {
            assert_eq!(repeats(&headers(&sent), "abc"), repeated, "{sent:?}");
        }
    }
}
