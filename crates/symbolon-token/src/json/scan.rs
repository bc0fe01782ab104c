//! The scanner behind `json`: a recursive descent over the grammar of RFC 8259.
//!
//! Recursion is bounded by `DEPTH`, so a document can't exhaust the stack. Names of open objects lie
//! as spans on one shared stack; when an object closes, its names are sorted with escapes resolved
//! and neighbours compared: `"a"` and `"\u0061"` are the same member.

use std::str::Chars;

use super::Text;
use crate::error::{Error, ErrorKind};

/// How deeply values may nest. Claims are flat; RAR and token exchange need a handful of levels.
const DEPTH: usize = 32;

const BROKEN: Error = Error::new(ErrorKind::Malformed, "this isn't JSON");

pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    names: Vec<Span>,
}

/// Where a name stands in the text.
type Span = (u32, u32);

impl<'a> Scanner<'a> {
    /// Scans a whole document and answers its one value, without the whitespace around it.
    pub(super) fn document(text: &'a str) -> Result<&'a str, Error> {
        if u32::try_from(text.len()).is_err() {
            return Err(Error::new(ErrorKind::TooLarge, "the JSON is too long"));
        }
        let mut scanner = Self {
            text,
            at: 0,
            names: Vec::new(),
        };
        scanner.whitespace();
        let start = scanner.at;
        scanner.value(DEPTH)?;
        let end = scanner.at;
        scanner.whitespace();
        if scanner.at != text.len() {
            return Err(BROKEN);
        }
        text.get(start..end).ok_or(BROKEN)
    }

    fn value(&mut self, depth: usize) -> Result<(), Error> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(Error::new(
                ErrorKind::Malformed,
                "the JSON nests too deeply",
            ));
        };
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(drop),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), Error> {
        let first_name = self.names.len();
        self.at += 1;
        self.whitespace();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            let name = self.string()?;
            self.names.push(name);
            self.whitespace();
            self.expect(b':')?;
            self.whitespace();
            self.value(depth)?;
            self.whitespace();
            match self.next() {
                Some(b',') => self.whitespace(),
                Some(b'}') => break,
                _ => return Err(BROKEN),
            }
        }
        self.refuse_duplicates(first_name)
    }

    fn refuse_duplicates(&mut self, first_name: usize) -> Result<(), Error> {
        let text = self.text;
        let name =
            |&(start, end): &Span| Text(text.get(start as usize..end as usize).unwrap_or_default());
        let names = self.names.get_mut(first_name..).unwrap_or_default();
        names.sort_unstable_by(|a, b| name(a).order(name(b)));
        let repeated = names
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if name(a).order(name(b)).is_eq()));
        self.names.truncate(first_name);
        if repeated {
            return Err(Error::new(
                ErrorKind::DuplicateMember,
                "an object names a member twice",
            ));
        }
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), Error> {
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
                _ => return Err(BROKEN),
            }
        }
    }

    fn string(&mut self) -> Result<Span, Error> {
        self.expect(b'"')?;
        let start = self.at;
        loop {
            match self.next() {
                Some(b'"') => break,
                Some(b'\\') => {
                    let mut rest = self.text.get(self.at..).unwrap_or_default().chars();
                    escape(&mut rest).ok_or(BROKEN)?;
                    self.at = self.text.len() - rest.as_str().len();
                }
                Some(0x20..) => {}
                _ => return Err(BROKEN),
            }
        }
        // Fits: `document` refuses text whose length doesn't.
        let offset = |at: usize| u32::try_from(at).map_err(|_| BROKEN);
        Ok((offset(start)?, offset(self.at - 1)?))
    }

    fn number(&mut self) -> Result<(), Error> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let leading_zero = self.peek() == Some(b'0');
        if self.digits()? > 1 && leading_zero {
            return Err(BROKEN);
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        // `1e400` is grammatical, but readers turn it into infinity, an error or zero.
        let number = self.text.get(start..self.at).unwrap_or_default();
        match number.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(()),
            _ => Err(Error::new(
                ErrorKind::Malformed,
                "a number in the JSON is out of range",
            )),
        }
    }

    /// Passes at least one digit and says how many.
    fn digits(&mut self) -> Result<usize, Error> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start {
            return Err(BROKEN);
        }
        Ok(self.at - start)
    }

    fn literal(&mut self, literal: &str) -> Result<(), Error> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(literal) {
            return Err(BROKEN);
        }
        self.at += literal.len();
        Ok(())
    }

    fn whitespace(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Error> {
        if self.next() == Some(byte) {
            Ok(())
        } else {
            Err(BROKEN)
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
