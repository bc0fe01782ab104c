//! `application/x-www-form-urlencoded`, written.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What the URL Standard's form encoding leaves as it is. A space becomes `%20`, which everybody
/// decodes alike, in a query as in a body.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*');

/// One name or value.
pub(super) fn escape(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// Names and values in their order.
pub(super) fn encode<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pairs = fields
        .into_iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// A URL with these added to its query.
pub(super) fn append_query<'a>(
    url: &str,
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let mark = if url.contains('?') { '&' } else { '?' };
    format!("{url}{mark}{}", encode(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_a_form_is_escaped() {
        assert_eq!(encode([("a b", "c&d=é+%")]), "a%20b=c%26d%3D%C3%A9%2B%25");
        assert_eq!(escape("a-b.c_d*e~"), "a-b.c_d*e%7E");
        assert_eq!(append_query("https://a/x", [("b", "c")]), "https://a/x?b=c");
        assert_eq!(
            append_query("https://a/x?y=z", [("b", "c")]),
            "https://a/x?y=z&b=c"
        );
    }
}
