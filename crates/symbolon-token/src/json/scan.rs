//! The scanner behind `json`: a recursive descent over the grammar of RFC 8259.
//!
//! Recursion is bounded by `DEPTH`, so a document can't exhaust the stack. The members of the outermost
//! object are shown to whoever asked as they are passed; what is shown counts only once the whole
//! document has been found good.

use std::str::Chars;

use super::{
    Text, Value,
    names::{Names, Span},
};
use crate::error::{Error, ErrorKind};

/// How deeply values may nest. Claims are flat; RAR and token exchange need a handful of levels.
pub(super) const DEPTH: usize = 32;

/// What is wrong with a document. It fits into a register, unlike an error: each value that is scanned
/// answers one.
#[derive(Clone, Copy)]
enum Fault {
    Broken,
    TooDeep,
    OutOfRange,
    Duplicate,
}

impl Fault {
    const fn error(self) -> Error {
        match self {
            Self::Broken => Error::new(ErrorKind::Malformed, "this isn't JSON"),
            Self::TooDeep => Error::new(ErrorKind::Malformed, "the JSON nests too deeply"),
            Self::OutOfRange => {
                Error::new(ErrorKind::Malformed, "a number in the JSON is out of range")
            }
            Self::Duplicate => {
                Error::new(ErrorKind::DuplicateMember, "an object names a member twice")
            }
        }
    }
}

pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    names: Names,
}

impl<'a> Scanner<'a> {
    /// Scans a whole document and answers its one value, without the whitespace around it. If that is
    /// an object, `show` gets its members.
    pub(super) fn document(
        text: &'a str,
        show: &mut impl FnMut(Text<'a>, Value<'a>),
    ) -> Result<&'a str, Error> {
        // Spans are half as wide as addresses.
        if u32::try_from(text.len()).is_err() {
            return Err(Error::new(ErrorKind::TooLarge, "the JSON is too long"));
        }
        let mut scanner = Self {
            text,
            at: 0,
            names: Names::default(),
        };
        scanner.outermost(show).map_err(Fault::error)
    }

    fn outermost(&mut self, show: &mut impl FnMut(Text<'a>, Value<'a>)) -> Result<&'a str, Fault> {
        self.whitespace();
        let start = self.at;
        if self.peek() == Some(b'{') {
            self.object(DEPTH - 1, show)?;
        } else {
            self.value(DEPTH)?;
        }
        let end = self.at;
        self.whitespace();
        if self.at != self.text.len() {
            return Err(Fault::Broken);
        }
        self.text.get(start..end).ok_or(Fault::Broken)
    }

    fn value(&mut self, depth: usize) -> Result<(), Fault> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(Fault::TooDeep);
        };
        match self.peek() {
            Some(b'{') => self.object(depth, &mut |_, _| ()),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(drop),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            _ => self.number(),
        }
    }

    fn object<F: FnMut(Text<'a>, Value<'a>)>(
        &mut self,
        depth: usize,
        show: &mut F,
    ) -> Result<(), Fault> {
        let first_name = self.names.len();
        self.at += 1;
        self.whitespace();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            let name = self.string()?;
            self.names.push(name, self.text);
            self.whitespace();
            self.expect(b':')?;
            self.whitespace();
            let start = self.at;
            self.value(depth)?;
            let value = self.text.get(start..self.at).unwrap_or_default();
            show(name.of(self.text), Value::of(value));
            self.whitespace();
            match self.next() {
                Some(b',') => self.whitespace(),
                Some(b'}') => break,
                _ => return Err(Fault::Broken),
            }
        }
        if self.names.close(first_name, self.text) {
            return Err(Fault::Duplicate);
        }
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), Fault> {
        self.at += 1;
        self.whitespace();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth)?;
            self.whitespace();
            match self.next() {
                Some(b',') => self.whitespace(),
                Some(b']') => return Ok(()),
                _ => return Err(Fault::Broken),
            }
        }
    }

    fn string(&mut self) -> Result<Span, Fault> {
        self.expect(b'"')?;
        let start = self.at;
        loop {
            self.at += plain(self.text.as_bytes().get(self.at..).unwrap_or_default());
            match self.next() {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.names.escapes = true;
                    let mut rest = self.text.get(self.at..).unwrap_or_default().chars();
                    escape(&mut rest).ok_or(Fault::Broken)?;
                    self.at = self.text.len() - rest.as_str().len();
                }
                _ => return Err(Fault::Broken),
            }
        }
        // Fits: `document` refuses text whose length doesn't.
        let offset = |at: usize| u32::try_from(at).map_err(|_| Fault::Broken);
        Ok(Span {
            start: offset(start)?,
            end: offset(self.at - 1)?,
        })
    }

    fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let leading_zero = self.peek() == Some(b'0');
        let digits = self.digits()?;
        if digits > 1 && leading_zero {
            return Err(Fault::Broken);
        }
        let mut whole = true;
        if self.peek() == Some(b'.') {
            whole = false;
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            whole = false;
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        // `1e400` is grammatical, but readers turn it into infinity, an error or zero. Whole numbers
        // are finite up to 308 digits.
        if whole && digits <= 300 {
            return Ok(());
        }
        let number = self.text.get(start..self.at).unwrap_or_default();
        match number.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(()),
            _ => Err(Fault::OutOfRange),
        }
    }

    /// Passes at least one digit and says how many.
    fn digits(&mut self) -> Result<usize, Fault> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start {
            return Err(Fault::Broken);
        }
        Ok(self.at - start)
    }

    fn literal(&mut self, literal: &str) -> Result<(), Fault> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if !rest.starts_with(literal.as_bytes()) {
            return Err(Fault::Broken);
        }
        self.at += literal.len();
        Ok(())
    }

    fn whitespace(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.next() == Some(byte) {
            Ok(())
        } else {
            Err(Fault::Broken)
        }
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

/// How many octets pass before a quote, a backslash or a control character: eight at a time, by the
/// borrows of a subtraction, as far as there are eight.
fn plain(text: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // Marks octets below `limit`; an octet behind a marked one may be marked wrongly, never the first.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGH;
    let equal = |word: u64, byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    let (words, rest) = text.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let marks = below(word, 0x20) | equal(word, b'"') | equal(word, b'\\');
        if marks != 0 {
            return at * 8 + (marks.trailing_zeros() / 8) as usize;
        }
    }
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..0x20);
    let passed = rest.iter().position(special).unwrap_or(rest.len());
    words.len() * 8 + passed
}

/// Resolves what follows a backslash. A lone surrogate is no character (RFC 8259 §8.2), and readers
/// differ in what they make of it.
pub(super) fn escape(rest: &mut Chars<'_>) -> Option<char> {
    Some(match rest.next()? {
        '"' => '"',
        '\\' => '\\',
        '/' => '/',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => match code_unit(rest)? {
            high @ 0xd800..=0xdbff => {
                if rest.next()? != '\\' || rest.next()? != 'u' {
                    return None;
                }
                let low = code_unit(rest)?.checked_sub(0xdc00)?;
                if low > 0x3ff {
                    return None;
                }
                char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + low)?
            }
            unit => char::from_u32(unit)?,
        },
        _ => return None,
    })
}

fn code_unit(rest: &mut Chars<'_>) -> Option<u32> {
    let mut unit = 0;
    for _ in 0..4 {
        unit = unit * 16 + rest.next()?.to_digit(16)?;
    }
    Some(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_ends_where_it_does_one_octet_at_a_time() {
        for byte in 0..=255_u8 {
            for at in 0..20 {
                let mut text = vec![b'x'; 20];
                text[at] = byte;
                let expected = if matches!(byte, b'"' | b'\\' | ..0x20) {
                    at
                } else {
                    20
                };
                assert_eq!(plain(&text), expected, "{byte} at {at}");
                // Two of them, of which the first counts.
                let mut text = vec![0xff; 20];
                text[at] = byte;
                text[19] = b'"';
                let expected = if matches!(byte, b'"' | b'\\' | ..0x20) {
                    at
                } else {
                    19
                };
                assert_eq!(plain(&text), expected, "{byte} at {at}");
            }
        }
    }
}
