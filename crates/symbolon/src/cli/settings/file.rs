//! `symbolon.toml`, with the line of every key.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use toml::de::{DeTable, DeValue};

use super::{
    Entry, SettingsError,
    problem::{Origin, Problem},
    value::Value,
};

/// Larger than any real one: what is longer was named by mistake.
const SIZE_MAX: u64 = 1 << 20;

/// A file that was read.
pub(super) struct File {
    path: PathBuf,
    text: String,
}

/// Reads a file that must be there.
pub(super) fn read(path: &Path) -> Result<File, SettingsError> {
    find(path)?.ok_or_else(|| {
        Problem::with_file(
            path,
            None,
            "there is no such file; `symbolon init` writes one",
        )
        .into()
    })
}

/// Reads a file, if it is there.
pub(super) fn find(path: &Path) -> Result<Option<File>, SettingsError> {
    let wrong = |reason: &str| SettingsError::from(Problem::with_file(path, None, reason));
    let metadata = match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(&error.to_string())),
        Ok(metadata) => metadata,
    };
    if !metadata.is_file() {
        return Err(wrong("this is no file"));
    }
    if metadata.len() > SIZE_MAX {
        return Err(wrong(
            "this is longer than 1 MiB: surely another file was meant",
        ));
    }
    let bytes = std::fs::read(path).map_err(|error| wrong(&error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = line_of(error.as_bytes(), error.utf8_error().valid_up_to());
        Problem::with_file(path, Some(line), "this is no UTF-8")
    })?;
    Ok(Some(File {
        path: path.to_owned(),
        text,
    }))
}

impl File {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder it lies in; empty for the current one.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// Every value in it, in the order of their lines.
    pub(super) fn entries(&self) -> Result<Vec<Entry>, SettingsError> {
        let table = DeTable::parse(&self.text).map_err(|error| {
            let line = error.span().map(|span| self.line(span.start));
            // The parser's text may be several lines; a list of problems has one for each.
            let reason = error.message().replace('\n', "; ");
            Problem::with_file(&self.path, line, reason)
        })?;
        let mut entries = Vec::new();
        self.collect(table.get_ref(), "", &mut entries);
        entries.sort_by_key(|entry| match &entry.origin {
            Origin::File { line, .. } => *line,
            Origin::Variable(_) => 0,
        });
        Ok(entries)
    }

    fn collect(&self, table: &DeTable<'_>, prefix: &str, entries: &mut Vec<Entry>) {
        for (key, value) in table {
            let name = format!("{prefix}{}", key.get_ref());
            if let DeValue::Table(inner) = value.get_ref() {
                self.collect(inner, &format!("{name}."), entries);
                continue;
            }
            let origin = Origin::File {
                path: self.path.clone(),
                line: self.line(key.span().start),
            };
            entries.push(Entry {
                name,
                origin,
                value: plain(value.get_ref()),
            });
        }
    }

    fn line(&self, at: usize) -> usize {
        line_of(self.text.as_bytes(), at)
    }
}

fn plain(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.clone().into_owned()),
        DeValue::Integer(number) if number.radix() == 10 => {
            Value::Integer(number.as_str().to_owned())
        }
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Array(values) => {
            Value::List(values.iter().map(|value| plain(value.get_ref())).collect())
        }
        other => Value::Other(other.type_str()),
    }
}

/// The number of the line that a byte is in, from 1.
fn line_of(text: &[u8], at: usize) -> usize {
    let before = text.iter().take(at);
    1 + before.filter(|byte| **byte == b'\n').count()
}
