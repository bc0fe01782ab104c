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
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    in_string = false;
                    if depth == 0 {
                        return at + 1;
                    }
                }
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 1 => depth -= 1,
            b'}' | b']' if depth == 1 => return at + 1,
            b'}' | b']' | b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}
