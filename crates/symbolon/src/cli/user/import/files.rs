//! CSV and JSON-lines files. Each is read twice: once for its columns and its length, so that a
//! mistyped column is told before anything is written, and once for its rows.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};
use serde_json::{Map, Value};

use super::source::{Format, Record};

/// A file whose columns are known.
pub(super) struct Listing {
    path: PathBuf,
    format: Format,
    columns: Vec<String>,
    rows: u64,
}

/// The rows of a file.
pub(super) type Records = Box<dyn Iterator<Item = Result<Record>> + Send>;

impl Listing {
    /// Reads it from end to end.
    pub(super) fn scan(path: &Path, format: Format) -> Result<Self> {
        let (mut columns, mut rows) = (Vec::new(), 0);
        if format == Format::Csv {
            let mut reader = csv_reader(path)?;
            columns.extend(reader.headers()?.iter().map(str::to_owned));
            let mut record = csv::ByteRecord::new();
            while reader.read_byte_record(&mut record)? {
                rows += 1;
            }
        } else {
            for line in lines(path)? {
                let Ok(object) = object(&line?.1) else {
                    rows += 1;
                    continue;
                };
                rows += 1;
                for name in object
                    .keys()
                    .filter(|name| !columns.contains(name))
                    .cloned()
                    .collect::<Vec<_>>()
                {
                    columns.push(name);
                }
            }
        }
        if columns.is_empty() {
            bail!("there are no users in it");
        }
        Ok(Self {
            path: path.to_owned(),
            format,
            columns,
            rows,
        })
    }

    /// The names of its columns; in JSON lines, those that any line has.
    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// How many rows it has.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Reads some columns of every row.
    pub(super) fn read(self, wanted: &[String]) -> Result<Records> {
        let wanted = wanted.to_vec();
        if self.format == Format::Csv {
            let places = wanted
                .iter()
                .filter_map(|name| self.columns.iter().position(|column| column == name));
            return csv_records(&self.path, places.collect(), self.columns.len());
        }
        Ok(Box::new(lines(&self.path)?.map(move |line| {
            let (line, text) = line?;
            let values = object(&text).and_then(|mut object| {
                let values = wanted.iter().map(|name| value(object.remove(name)));
                values.collect()
            });
            Ok(Record { line, values })
        })))
    }
}

fn csv_reader(path: &Path) -> Result<csv::Reader<File>> {
    // Rows that are too short or too long are told one by one.
    Ok(csv::ReaderBuilder::new().flexible(true).from_path(path)?)
}

fn csv_records(path: &Path, places: Vec<usize>, width: usize) -> Result<Records> {
    let records = csv_reader(path)?.into_byte_records();
    Ok(Box::new(records.map(move |record| {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != width {
            let values = Err(format!("it has {} values instead of {width}", record.len()));
            return Ok(Record { line, values });
        }
        let values = places.iter().map(|place| {
            let text = record.get(*place).unwrap_or_default();
            match std::str::from_utf8(text) {
                Ok(text) => Ok(Some(text.to_owned())),
                Err(_) => Err("it isn't UTF-8".to_owned()),
            }
        });
        let values = values.collect();
        Ok(Record { line, values })
    })))
}

/// Lines that hold something, with their numbers.
fn lines(path: &Path) -> Result<impl Iterator<Item = Result<(u64, Vec<u8>)>> + Send + use<>> {
    let lines = BufReader::new(File::open(path)?).split(b'\n');
    Ok((1..).zip(lines).filter_map(|(number, line)| match line {
        Ok(line) if line.trim_ascii().is_empty() => None,
        Ok(line) => Some(Ok((number, line))),
        Err(error) => Some(Err(error.into())),
    }))
}

fn object(line: &[u8]) -> Result<Map<String, Value>, String> {
    // Not what the parser says: it may quote the line.
    serde_json::from_slice(line).map_err(|_| "it is no JSON object".to_owned())
}

fn value(value: Option<Value>) -> Result<Option<String>, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(Value::Bool(yes)) => Ok(Some(yes.to_string())),
        Some(Value::Array(_) | Value::Object(_)) => {
            Err("a value is neither text, number, true, false nor null".to_owned())
        }
    }
}
