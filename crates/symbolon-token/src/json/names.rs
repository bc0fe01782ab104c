//! The names of the objects that are open while a document is scanned.
//!
//! Claims have a dozen members: that many lie inside the structure and are compared pair by pair, by marks
//! that differ wherever short names do. More of them move to the heap, where they are sorted first, so
//! that what somebody sends costs n log n.

use std::cmp::Ordering;

use super::Text;

/// Where a name stands in the text.
#[derive(Clone, Copy, Default)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    fn octets(self, text: &[u8]) -> &[u8] {
        text.get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }

    pub(super) fn of(self, text: &str) -> Text<'_> {
        let (start, end) = (self.start as usize, self.end as usize);
        Text(text.get(start..end).unwrap_or_default())
    }
}

/// A name, and a mark of how it is spelled.
#[derive(Clone, Copy, Default)]
struct Name {
    span: Span,
    mark: u64,
}

impl Name {
    fn of(span: Span, text: &str) -> Self {
        Self {
            span,
            mark: mark(span.octets(text.as_bytes())),
        }
    }

    /// The order with escapes resolved.
    fn order(self, other: Self, text: &str) -> Ordering {
        self.span.of(text).order(other.span.of(text))
    }
}

/// Up to eight octets and the length in a word: the same spelling has the same mark. Two names rarely
/// share one, and only then have to be looked at.
fn mark(spelling: &[u8]) -> u64 {
    let wide = |octets: [u8; 4]| u64::from(u32::from_le_bytes(octets));
    let octets = match (
        spelling.first_chunk(),
        spelling.first_chunk(),
        spelling.last_chunk(),
    ) {
        (Some(eight), ..) => u64::from_le_bytes(*eight),
        (None, Some(first), Some(last)) => wide(*first) | (wide(*last) << 32),
        _ => spelling
            .iter()
            .fold(0, |mark, octet| (mark << 8) | u64::from(*octet)),
    };
    octets ^ ((spelling.len() as u64) << 56)
}

const INLINE: usize = 24;

/// How many names are compared pair by pair instead of being sorted.
const FEW: usize = 16;

#[derive(Default)]
pub(super) struct Names {
    inline: [Name; INLINE],
    heap: Vec<Name>,
    length: usize,
    /// Whether any string has had an escape: only then can names of different spelling be the same.
    pub(super) escapes: bool,
}

impl Names {
    pub(super) const fn len(&self) -> usize {
        self.length
    }

    /// Adds a name of this text.
    pub(super) fn push(&mut self, name: Span, text: &str) {
        let name = Name::of(name, text);
        if self.heap.is_empty() {
            if let Some(place) = self.inline.get_mut(self.length) {
                *place = name;
                self.length += 1;
                return;
            }
            self.heap.extend_from_slice(&self.inline);
        }
        self.heap.truncate(self.length);
        self.heap.push(name);
        self.length += 1;
    }

    /// Lets go of the names from the `first` on and says whether one of them stood there twice,
    /// escapes resolved: `"a"` and `"\u0061"` are the same member.
    pub(super) fn close(&mut self, first: usize, text: &str) -> bool {
        let all = if self.heap.is_empty() {
            self.inline.as_mut_slice()
        } else {
            self.heap.as_mut_slice()
        };
        let names = all.get_mut(first..self.length).unwrap_or_default();
        self.length = first;
        if names.len() > FEW {
            names.sort_unstable_by(|a, b| a.order(*b, text));
            return names
                .array_windows()
                .any(|[a, b]| a.order(*b, text).is_eq());
        }
        let octets = text.as_bytes();
        let mut rest = &*names;
        while let [name, others @ ..] = rest {
            let same = |other: &Name| {
                if self.escapes {
                    name.order(*other, text).is_eq()
                } else {
                    name.mark == other.mark && name.span.octets(octets) == other.span.octets(octets)
                }
            };
            if others.iter().any(same) {
                return true;
            }
            rest = others;
        }
        false
    }
}
