//! The names of the objects that are open while a document is scanned.
//!
//! Claims have a dozen members: that many lie inside the structure and are compared pair by pair.
//! More of them move to the heap, where they are sorted first, so that what somebody sends costs
//! n log n.

use super::Text;

/// Where a name stands in the text.
#[derive(Clone, Copy, Default)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    const fn length(self) -> u32 {
        self.end.saturating_sub(self.start)
    }

    fn octets(self, text: &[u8]) -> &[u8] {
        text.get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }

    pub(super) fn of(self, text: &str) -> Text<'_> {
        let (start, end) = (self.start as usize, self.end as usize);
        Text(text.get(start..end).unwrap_or_default())
    }
}

const INLINE: usize = 24;

/// How many names are compared pair by pair instead of being sorted.
const FEW: usize = 16;

#[derive(Default)]
pub(super) struct Names {
    inline: [Span; INLINE],
    heap: Vec<Span>,
    length: usize,
    /// Whether any string has had an escape: only then can names of different spelling be the same.
    pub(super) escapes: bool,
}

impl Names {
    pub(super) const fn len(&self) -> usize {
        self.length
    }

    pub(super) fn push(&mut self, name: Span) {
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
            names.sort_unstable_by(|a, b| a.of(text).order(b.of(text)));
            return names
                .array_windows()
                .any(|[a, b]| a.of(text).order(b.of(text)).is_eq());
        }
        let octets = text.as_bytes();
        let mut rest = &*names;
        while let [name, others @ ..] = rest {
            let same = |other: &Span| {
                if self.escapes {
                    name.of(text).order(other.of(text)).is_eq()
                } else {
                    name.length() == other.length() && name.octets(octets) == other.octets(octets)
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
