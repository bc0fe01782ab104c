//! Finds public items in the text of a source file, as rustfmt lays it out.

/// A method is told from other items by its indentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Method,
    Function,
    Type,
}

#[derive(Debug)]
pub(crate) struct Item<'a> {
    pub(crate) kind: Kind,
    pub(crate) name: &'a str,
    /// The lines of documentation in front of it.
    pub(crate) docs: String,
}

/// The public types, functions and methods of a file, and the code of all examples in it.
pub(crate) fn items(text: &str) -> (Vec<Item<'_>>, String) {
    let text = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    let (mut items, mut docs, mut examples) = (Vec::new(), String::new(), String::new());
    let mut in_example = false;
    for line in text.lines() {
        let bare = line.trim_start();
        if let Some(doc) = bare.strip_prefix("///").or(bare.strip_prefix("//!")) {
            docs.push_str(doc);
            docs.push('\n');
            if doc.trim_start().starts_with("```") {
                in_example = !in_example;
            } else if in_example {
                examples.push_str(doc);
                examples.push('\n');
            }
            continue;
        }
        if let Some(name) = public_name(bare) {
            let kind = match (bare.contains("fn "), line.starts_with(' ')) {
                (true, true) => Kind::Method,
                (true, false) => Kind::Function,
                (false, _) => Kind::Type,
            };
            items.push(Item {
                kind,
                name,
                docs: std::mem::take(&mut docs),
            });
        }
        // Attributes stand between documentation and item, in several lines where they have reasons.
        let is_attribute =
            bare.starts_with("#[") || bare.starts_with(")]") || line.starts_with("    ");
        if !is_attribute || bare.is_empty() {
            docs.clear();
        }
    }
    (items, examples)
}

fn public_name(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("pub ")?;
    let rest = ["const ", "async "]
        .iter()
        .find_map(|word| rest.strip_prefix(word))
        .filter(|rest| rest.starts_with("fn "))
        .unwrap_or(rest);
    let rest = ["fn ", "struct ", "enum ", "trait ", "type "]
        .iter()
        .find_map(|keyword| rest.strip_prefix(keyword))?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_')
        .next()
}
