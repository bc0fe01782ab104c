//! Walking over what has been scanned.
//!
//! Nothing is checked here a second time: the walk only finds where values end, and would find
//! nonsense in text that the scanner hasn't passed.

use super::Value;

/// Walks over the values inside scanned brackets or braces; of an object, names and values in turn.
pub(super) struct Items<'a> {
    rest: &'a str,
}

impl<'a> Items<'a> {
    pub(super) fn of(container: &'a str) -> Self {
        Self {
            rest: container.get(1..).unwrap_or_default(),
        }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let between = |c: char| c.is_ascii_whitespace() || matches!(c, ',' | ':');
        let rest = self.rest.trim_start_matches(between);
        let (value, rest) = rest.split_at_checked(length_of_value(rest))?;
        self.rest = rest;
        (!value.is_empty()).then(|| Value::of(value))
    }
}

/// How long the scanned value is that `text` starts with; zero where a container closes.
fn length_of_value(text: &str) -> usize {
    match text.as_bytes().first() {
        Some(b'"') => length_of_string(text),
        Some(b'{' | b'[') => length_of_container(text),
        _ => text
            .find([',', ':', '}', ']', ' ', '\t', '\n', '\r'])
            .unwrap_or(text.len()),
    }
}

fn length_of_string(text: &str) -> usize {
    let mut bytes = text.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn length_of_container(text: &str) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(rest) = text.get(at..) {
        at += match rest.as_bytes().first() {
            Some(b'"') => length_of_string(rest),
            Some(b'{' | b'[') => {
                depth += 1;
                1
            }
            Some(b'}' | b']') => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
                1
            }
            Some(_) => 1,
            None => break,
        };
    }
    text.len()
}
