//! Tables for people, in columns as wide as what stands in them.
//!
//! Widths are those of a terminal: a Hangul syllable takes two places, a combining mark none. What comes from
//! elsewhere moves no cursor: control characters are spelt out.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

const GAP: &str = "  ";
/// A column isn't cut to less than that.
const NARROWEST: usize = 8;

/// A table that is printed in pages under one heading.
pub(super) struct Table {
    heading: Vec<&'static str>,
    widths: Vec<usize>,
    /// Of the terminal; `None` where nobody looks at it, and nothing is cut.
    room: Option<usize>,
    begun: bool,
}

impl Table {
    pub(super) fn new(heading: &[&'static str]) -> Self {
        Self {
            heading: heading.to_vec(),
            widths: heading.iter().map(|title| title.width()).collect(),
            room: terminal_width(),
            begun: false,
        }
    }

    /// The lines of some rows, with the heading in front of the first. Columns get wider, never narrower.
    pub(super) fn page(&mut self, rows: &[Vec<String>]) -> String {
        let rows: Vec<Vec<_>> = rows
            .iter()
            .map(|row| row.iter().map(|cell| printable(cell)).collect())
            .collect();
        for row in &rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        let widths = fitted(&self.widths, self.room);
        let heading: Vec<_> = self
            .heading
            .iter()
            .map(|title| Cow::Borrowed(*title))
            .collect();
        let heading = (!self.begun).then_some(&heading);
        self.begun = true;
        let lines = heading.into_iter().chain(&rows);
        let lines: Vec<_> = lines.map(|cells| line(cells, &widths)).collect();
        lines.join("\n")
    }
}

/// Names and values below each other.
pub(super) fn pairs(pairs: &[(&str, String)]) -> String {
    let widest = pairs.iter().map(|(name, _)| name.width()).max();
    let lines = pairs.iter().map(|(name, value)| {
        let name = padded(name, widest.unwrap_or_default());
        format!("{name}{GAP}{}", printable(value))
            .trim_end()
            .to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn line(cells: &[Cow<'_, str>], widths: &[usize]) -> String {
    let cells = cells.iter().zip(widths);
    let cells: Vec<_> = cells
        .map(|(cell, width)| padded(&cut(cell, *width), *width))
        .collect();
    cells.join(GAP).trim_end().to_owned()
}

fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

/// Takes what is too much from the widest columns.
fn fitted(widths: &[usize], room: Option<usize>) -> Vec<usize> {
    let mut widths = widths.to_vec();
    let Some(room) = room else { return widths };
    let gaps = GAP.len() * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > room {
        match widths.iter_mut().max() {
            Some(widest) if *widest > NARROWEST => *widest -= 1,
            _ => break,
        }
    }
    widths
}

fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    for character in text.chars() {
        shown.push(character);
        if shown.width() >= width {
            shown.pop();
            break;
        }
    }
    Cow::Owned(shown + "…")
}

/// The text with its control characters spelt out.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unprintable(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Controls, and what turns the direction of a line.
fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn terminal_width() -> Option<usize> {
    let stdout = std::io::stdout();
    let size = rustix::termios::tcgetwinsize(&stdout).ok()?;
    (size.ws_col > 0).then(|| size.ws_col.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(heading: &[&'static str], room: Option<usize>) -> Table {
        Table {
            room,
            ..Table::new(heading)
        }
    }

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn columns_stand_below_each_other_whatever_the_script() {
        let mut table = table(&["NAME", "STATE"], None);
        let rows = [
            row(&["홍길동", "enabled"]),
            row(&["e\u{301}ve", "disabled"]),
        ];
        assert_eq!(
            table.page(&rows),
            "NAME    STATE\n홍길동  enabled\ne\u{301}ve     disabled"
        );
        let next = [row(&["somebody", "x"])];
        assert_eq!(table.page(&next), "somebody  x");
    }

    #[test]
    fn a_table_fits_its_terminal_as_far_as_it_can() {
        let mut narrow = table(&["NAME", "ROLES"], Some(20));
        let rows = [
            row(&["alice", "admin, editor, user"]),
            row(&["가나다라마바사아자차카", "x"]),
        ];
        let page = narrow.page(&rows);
        assert!(page.lines().all(|line| line.width() <= 20), "{page}");
        assert!(page.contains('…'), "{page}");
        let mut tiny = table(&["NAME", "ROLES"], Some(3));
        assert!(tiny.page(&rows).contains("alice"));
    }

    #[test]
    fn what_comes_from_elsewhere_moves_no_cursor() {
        let shown = pairs(&[("subject", "\u{1b}[2J\u{202e}x\n".to_owned())]);
        assert_eq!(shown, "subject  \\u{1b}[2J\\u{202e}x\\u{a}");
    }
}
