//! JSON, read strictly and without building a tree.
//!
//! Parsers disagree about duplicate members, and whoever checks must read the same claims as whoever
//! uses them (RFC 8725 §2.4 and §3.10; RFC 7515 §4 and RFC 7519 §4 let us refuse duplicates). So a
//! document is scanned once before anything is read from it: UTF-8 without a byte order mark, one
//! value, no member twice at any depth (escapes resolved), bounded nesting, numbers that are finite.
//!
//! Invariant: an `Object` or `Value` holds text that has been scanned. Scanning claims of ordinary
//! size allocates nothing; beyond two dozen open members it takes eight bytes for each, and its cost
//! is n log n in their number.

use std::{borrow::Cow, cmp::Ordering};

use crate::{
    error::{Error, ErrorKind},
    json::{items::Items, scan::Scanner},
};

mod items;
mod names;
mod scan;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use self::write::to_text;

/// Takes bytes for text, or says that they aren't.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|_| Error::new(ErrorKind::Malformed, "the JSON isn't UTF-8"))
}

/// A scanned JSON object, braces included.
#[derive(Clone, Copy)]
pub(crate) struct Object<'a>(&'a str);

impl<'a> Object<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::scan(utf8(bytes)?, |_, _| ())
    }

    /// Scans an object and shows its members in passing, so that a reader who knows what to look for
    /// needs no second walk. What was shown counts only if the scan ends well.
    pub(crate) fn scan(
        text: &'a str,
        mut show: impl FnMut(Text<'a>, Value<'a>),
    ) -> Result<Self, Error> {
        let text = Scanner::document(text, &mut show)?;
        if !text.starts_with('{') {
            return Err(Error::new(ErrorKind::Malformed, "the JSON isn't an object"));
        }
        Ok(Self(text))
    }

    /// The members in the order of the document.
    pub(crate) fn members(self) -> impl Iterator<Item = (Text<'a>, Value<'a>)> {
        let mut items = Items::of(self.0);
        std::iter::from_fn(move || match (items.next()?, items.next()?) {
            (Value::String(name), value) => Some((name, value)),
            _ => None,
        })
    }
}

/// A scanned JSON array, brackets included.
#[derive(Clone, Copy)]
pub(crate) struct Array<'a>(&'a str);

impl<'a> Array<'a> {
    pub(crate) fn items(self) -> impl Iterator<Item = Value<'a>> {
        Items::of(self.0)
    }

    /// The items, if all of them are strings.
    pub(crate) fn strings(self) -> Option<Vec<String>> {
        self.items()
            .map(|item| item.into_string().map(Cow::into_owned))
            .collect()
    }
}

/// A scanned JSON value.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    Literal(&'a str),
    Number(&'a str),
    String(Text<'a>),
    Array(Array<'a>),
    Object(Object<'a>),
}

impl<'a> Value<'a> {
    fn of(text: &'a str) -> Self {
        match text.as_bytes().first() {
            Some(b'{') => Self::Object(Object(text)),
            Some(b'[') => Self::Array(Array(text)),
            Some(b'"') => Self::String(Text(text.get(1..text.len() - 1).unwrap_or_default())),
            Some(b'-' | b'0'..=b'9') => Self::Number(text),
            _ => Self::Literal(text),
        }
    }

    pub(crate) fn into_string(self) -> Option<Cow<'a, str>> {
        match self {
            Self::String(text) => Some(text.decoded()),
            _ => None,
        }
    }
}

/// A scanned JSON string without its quotes, escapes unresolved.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    /// The text as it stands in the document.
    pub(crate) const fn raw(self) -> &'a str {
        self.0
    }

    pub(crate) fn decoded(self) -> Cow<'a, str> {
        if self.0.contains('\\') {
            Cow::Owned(self.chars().collect())
        } else {
            Cow::Borrowed(self.0)
        }
    }

    /// The text of a name, which is short: looking at each octet beats a search that has to set out.
    pub(crate) fn name(self) -> Cow<'a, str> {
        if self.0.len() < 16 && !self.0.bytes().any(|byte| byte == b'\\') {
            return Cow::Borrowed(self.0);
        }
        self.decoded()
    }

    /// Whether this is what the text says, escapes resolved.
    pub(crate) fn is(self, wanted: &str) -> bool {
        self.0 == wanted || (self.0.contains('\\') && self.chars().eq(wanted.chars()))
    }

    /// The order of the texts with escapes resolved. UTF-8 sorts as its characters do, so text without
    /// escapes compares as it stands.
    fn order(self, other: Self) -> Ordering {
        if self.0.contains('\\') || other.0.contains('\\') {
            self.chars().cmp(other.chars())
        } else {
            self.0.cmp(other.0)
        }
    }

    /// The characters with escapes resolved, one by one, so that names compare without allocating.
    fn chars(self) -> impl Iterator<Item = char> {
        let mut rest = self.0.chars();
        std::iter::from_fn(move || match rest.next()? {
            '\\' => scan::escape(&mut rest),
            plain => Some(plain),
        })
    }
}
