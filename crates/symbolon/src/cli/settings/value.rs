//! Values as they stand in a file or a variable, and what they are read as.

use std::time::Duration;

/// A value, before anybody knows what it is for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(String),
    Integer(String),
    Boolean(bool),
    List(Vec<Value>),
    /// The text of a variable: what it is follows from its key.
    Variable(String),
    /// What no key takes, by its name in TOML.
    Other(&'static str),
}

impl Value {
    pub(super) fn text(&self) -> Result<&str, String> {
        match self {
            Self::Text(text) | Self::Variable(text) => Ok(text),
            other => Err(other.is_not("a text in quotes")),
        }
    }

    /// A list of texts; in a variable with commas between them.
    pub(super) fn list(&self) -> Result<Vec<String>, String> {
        match self {
            Self::List(values) => values
                .iter()
                .map(|value| value.text().map(ToOwned::to_owned))
                .collect(),
            Self::Variable(text) => Ok(text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(ToOwned::to_owned)
                .collect()),
            other => Err(other.is_not("a list of texts, as in [\"a\", \"b\"]")),
        }
    }

    pub(super) fn switch(&self) -> Result<bool, String> {
        match self {
            Self::Boolean(value) => Ok(*value),
            Self::Variable(text) => text
                .parse()
                .map_err(|_| format!("{text:?} is neither true nor false")),
            other => Err(other.is_not("true or false")),
        }
    }

    pub(super) fn count(&self) -> Result<u64, String> {
        match self {
            Self::Integer(digits) | Self::Variable(digits) => digits
                .parse()
                .map_err(|_| format!("{digits} is no whole number, or too large a one")),
            other => Err(other.is_not("a whole number")),
        }
    }

    /// `500ms`, `10s`, `15m`, `24h`, `90d`.
    pub(super) fn duration(&self) -> Result<Duration, String> {
        let text = self.quantity("a time with its unit, as in \"10m\" (ms, s, m, h, d)")?;
        let (number, unit) = split(text);
        let millis = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => {
                return Err(format!(
                    "{text:?} is no time; write it as \"10m\" (ms, s, m, h, d)"
                ));
            }
        };
        number
            .and_then(|number| number.checked_mul(millis))
            .map(Duration::from_millis)
            .ok_or_else(|| format!("{text:?} is no time; write a whole number and its unit"))
    }

    /// `64 KiB`, `512 MiB`, `2 GiB`, in bytes.
    pub(super) fn size(&self) -> Result<u64, String> {
        let text = self.quantity("a size with its unit, as in \"64 MiB\" (KiB, MiB, GiB)")?;
        let (number, unit) = split(text);
        let bytes = match unit {
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => {
                return Err(format!(
                    "{text:?} is no size; write it as \"64 MiB\" (KiB, MiB, GiB)"
                ));
            }
        };
        number
            .and_then(|number| number.checked_mul(bytes))
            .ok_or_else(|| format!("{text:?} is no size; write a whole number and its unit"))
    }

    fn quantity(&self, wanted: &str) -> Result<&str, String> {
        match self {
            Self::Text(text) | Self::Variable(text) => Ok(text.trim()),
            other => Err(other.is_not(wanted)),
        }
    }

    fn is_not(&self, wanted: &str) -> String {
        let found = match self {
            Self::Text(_) | Self::Variable(_) => "a text",
            Self::Integer(_) => "a number",
            Self::Boolean(_) => "true or false",
            Self::List(_) => "a list",
            Self::Other(name) => name,
        };
        format!("this must be {wanted}, and is {found}")
    }
}

/// A whole number and what stands behind it.
fn split(text: &str) -> (Option<u64>, &str) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    (number.parse().ok(), unit.trim_start())
}
