//! Where a browser goes after its login.
//!
//! Invariant: a page of this site, whatever a URL parser makes of the text (row S6). Browsers drop
//! tabs and line ends inside a URL and read `\` as `/`, so none of these is taken.

/// The longest path that is taken.
const LONGEST: usize = 2048;

/// A path on this site, with its query if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next(String);

impl Next {
    /// The path that was asked for, if it can't lead anywhere else.
    pub fn parse(asked: &str) -> Option<Self> {
        let mut bytes = asked.bytes();
        let rooted = bytes.next() == Some(b'/');
        // A second slash would begin an authority (RFC 3986 §4.2).
        let local = !asked.starts_with("//");
        let plain = bytes.all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        (rooted && local && plain && asked.len() <= LONGEST).then(|| Self(asked.to_owned()))
    }

    /// The path as it stands in `Location`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s6_next_leads_to_a_page_of_this_site_or_nowhere() {
        for path in [
            "/",
            "/posts",
            "/posts/1?page=2&sort=%EA%B0%80#top",
            "/a//b",
            "/@user",
            "/x:y",
            "/%2F%2Fevil.example",
            "/..//evil.example",
        ] {
            assert_eq!(Next::parse(path).as_ref().map(Next::as_str), Some(path));
        }
        let long = format!("/{}", "a".repeat(LONGEST));
        for path in [
            "",
            "posts",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "/a\r\nSet-Cookie: a=b",
            "/a b",
            " /a",
            "/가",
            "/\u{0}",
            "https:evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "?a=b",
            "#a",
            &long,
        ] {
            assert_eq!(Next::parse(path), None, "{path:?}");
        }
    }
}
