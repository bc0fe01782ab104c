//! Writing claims, as strictly as they are read: what the scanner would refuse isn't written.
//!
//! A member named twice (by a flattened field, say, or by a map that repeats itself) is seen while it is
//! written, so no second walk over the text is needed. Invariant: `to_text` gives text that the scanner
//! takes. A string is escaped the same way each time, so names that are the same are spelled the same;
//! whoever serializes by hand and leaves half of a member out, or goes on after an error, writes nothing;
//! what comes in as text already (raw values and numbers of any precision, features of the JSON library
//! that another crate may turn on) is scanned after all.

use std::io;

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, Serializer};

use super::{
    Object,
    names::{Names, Span},
    scan::DEPTH,
};

#[cfg(test)]
mod tests;

/// Enough for the claims of an ordinary token, so that their memory doesn't grow step by step.
const CAPACITY: usize = 512;

/// Writes an object. `None` if the value doesn't serialize to one, or to one that isn't strict.
pub(crate) fn to_text<T: Serialize + ?Sized>(value: &T) -> Option<String> {
    let mut strict = Strict {
        text: String::with_capacity(CAPACITY),
        names: Names::default(),
        first_names: [0; DEPTH],
        depth: 0,
        key: 0,
        place: Place::Between,
        origin: Origin::Written,
    };
    let mut serializer = Serializer::with_formatter(Unused, &mut strict);
    value.serialize(&mut serializer).ok()?;
    let Strict {
        text,
        depth,
        origin,
        ..
    } = strict;
    let good = match origin {
        Origin::Written => text.starts_with('{') && depth == 0,
        Origin::BroughtAlong => Object::parse(text.as_bytes()).is_ok(),
    };
    good.then_some(text)
}

/// Where the text comes from: an enum rather than a flag, because one of them is trusted.
enum Origin {
    Written,
    /// Some of it came as text, about which nothing is known.
    BroughtAlong,
}

/// Where in an object or array the writing is. Whoever serializes by hand can leave a value out, or go on
/// after an error as if nothing had happened; the text would be no JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before a key or an item, or at the end.
    Between,
    InKey,
    AfterKey,
    InValue,
}

/// Sees every part of the document on its way, and keeps the text itself to look names up in it.
struct Strict {
    text: String,
    names: Names,
    /// For each object that is open, by its depth, which of the names is its first.
    first_names: [usize; DEPTH],
    depth: usize,
    /// Where the key starts that is being written.
    key: usize,
    place: Place,
    origin: Origin,
}

impl Strict {
    /// From one place to the next, or not.
    fn go(&mut self, from: Place, to: Place) -> io::Result<()> {
        if self.place != from {
            return Err(refused());
        }
        self.place = to;
        Ok(())
    }

    /// The part before an item or key. The scanner wants levels left for whatever lies in a container.
    fn begin_item(&mut self, comma: &str, to: Place) -> io::Result<()> {
        if self.depth >= DEPTH {
            return Err(refused());
        }
        self.go(Place::Between, to)?;
        self.text.push_str(comma);
        Ok(())
    }

    fn open(&mut self, bracket: char) {
        self.depth += 1;
        self.place = Place::Between;
        self.text.push(bracket);
    }

    /// A container that isn't closed here for its faults leaves a depth that isn't zero behind.
    fn close(&mut self, bracket: char) {
        self.depth = self.depth.saturating_sub(1);
        self.text.push(bracket);
    }
}

const fn comma(first: bool) -> &'static str {
    if first { "" } else { "," }
}

fn refused() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

macro_rules! as_the_library_does {
    ($($hook:ident($value:ty),)+) => {$(
        fn $hook<W: ?Sized + io::Write>(&mut self, _: &mut W, value: $value) -> io::Result<()> {
            CompactFormatter.$hook(&mut Append(&mut self.text), value)
        }
    )+};
}

macro_rules! always_the_same {
    ($($hook:ident => $text:literal,)+) => {$(
        fn $hook<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
            self.text.push_str($text);
            Ok(())
        }
    )+};
}

impl Formatter for &mut Strict {
    always_the_same! {
        write_null => "null",
        begin_string => "\"",
        end_string => "\"",
    }

    as_the_library_does! {
        write_bool(bool),
        write_i8(i8),
        write_i16(i16),
        write_i32(i32),
        write_i64(i64),
        write_i128(i128),
        write_u8(u8),
        write_u16(u16),
        write_u32(u32),
        write_u64(u64),
        write_u128(u128),
        write_f32(f32),
        write_f64(f64),
        write_char_escape(CharEscape),
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        _: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        self.text.push_str(fragment);
        Ok(())
    }

    fn write_number_str<W: ?Sized + io::Write>(
        &mut self,
        _: &mut W,
        number: &str,
    ) -> io::Result<()> {
        self.origin = Origin::BroughtAlong;
        self.text.push_str(number);
        Ok(())
    }

    fn write_raw_fragment<W: ?Sized + io::Write>(
        &mut self,
        _: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        self.origin = Origin::BroughtAlong;
        self.text.push_str(fragment);
        Ok(())
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.open('[');
        Ok(())
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.go(Place::Between, Place::Between)?;
        self.close(']');
        Ok(())
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        _: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.begin_item(comma(first), Place::InValue)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.place = Place::Between;
        Ok(())
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        if let Some(first_name) = self.first_names.get_mut(self.depth) {
            *first_name = self.names.len();
        }
        self.open('{');
        Ok(())
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.go(Place::Between, Place::Between)?;
        let at = self.depth.saturating_sub(1);
        let first_name = *self.first_names.get(at).ok_or_else(refused)?;
        if self.names.close(first_name, &self.text) {
            return Err(refused());
        }
        self.close('}');
        Ok(())
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        _: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.begin_item(comma(first), Place::InKey)?;
        self.key = self.text.len();
        Ok(())
    }

    fn end_object_key<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        let offset = |at: usize| u32::try_from(at).map_err(|_| refused());
        let key = Span {
            start: offset(self.key)?,
            end: offset(self.text.len())?,
        };
        self.names.push(key, &self.text);
        self.go(Place::InKey, Place::AfterKey)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.go(Place::AfterKey, Place::InValue)?;
        self.text.push(':');
        Ok(())
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.place = Place::Between;
        Ok(())
    }
}

/// What the library writes of numbers and escapes: text, behind the rest.
struct Append<'a>(&'a mut String);

impl io::Write for Append<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0
            .push_str(std::str::from_utf8(octets).map_err(|_| refused())?);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Everything goes through the formatter. Were the library to write past it one day, that would fail
/// instead of being lost.
struct Unused;

impl io::Write for Unused {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(refused())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
