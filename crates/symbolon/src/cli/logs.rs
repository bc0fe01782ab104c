//! The log: lines for people, or JSON for programs, on stderr.
//!
//! Invariant: one event is one line, and no byte of it moves a cursor: control characters, and those that
//! turn the direction of text, are written as escapes. What was sent by somebody can't pass for a line of
//! ours. `SYMBOLON_LOG` says it finer than a level does: by the parts of the program, `Targets` of `tracing`.

use std::{
    fmt::{self, Write as _},
    io::{self, IsTerminal, Write},
};

use anyhow::{Context as _, Result};
use tracing::{Subscriber, field::Field};
use tracing_subscriber::{
    field::MakeExt,
    filter::{LevelFilter, Targets},
    fmt::format::{Writer, debug_fn},
    layer::SubscriberExt,
};

/// What says it finer.
const VARIABLE: &str = "SYMBOLON_LOG";

/// How a line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// One object a line.
    Json,
}

impl Format {
    /// As in the file.
    pub(super) const ALL: [(&'static str, Self); 2] = [("text", Self::Text), ("json", Self::Json)];
}

/// What is worth a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Level {
    /// Somebody has to look.
    Error,
    /// Somebody might want to.
    Warn,
    /// What happens, one line a request included.
    #[default]
    Info,
    /// Why it happens.
    Debug,
    /// Everything.
    Trace,
}

impl Level {
    /// As in the file.
    pub(super) const ALL: [(&'static str, Self); 5] = [
        ("error", Self::Error),
        ("warn", Self::Warn),
        ("info", Self::Info),
        ("debug", Self::Debug),
        ("trace", Self::Trace),
    ];

    const fn filter(self) -> LevelFilter {
        match self {
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }
}

/// Begins to log, for the whole process. Where it has begun already, it goes on as it did. Refuses a
/// `SYMBOLON_LOG` that says nothing: what somebody looks for would be missing when it is needed.
pub(super) fn start(format: Format, level: Level) -> Result<()> {
    let finer = std::env::var_os(VARIABLE).unwrap_or_default();
    let filter = filter(&finer.to_string_lossy(), level)?;
    let colours = if io::stderr().is_terminal() {
        Colours::Some
    } else {
        Colours::None
    };
    // The error says that somebody else has begun.
    let _ = tracing::subscriber::set_global_default(subscriber(
        format,
        filter,
        (io::stderr as fn() -> io::Stderr, colours),
    ));
    Ok(())
}

fn filter(finer: &str, level: Level) -> Result<Targets> {
    if finer.is_empty() {
        return Ok(Targets::new().with_default(level.filter()));
    }
    let parts: Vec<_> = finer.split(',').map(str::trim).collect();
    let read = parts.join(",").parse().ok();
    let said = read.filter(|_| parts.iter().all(is_said));
    said.with_context(|| {
        format!(
            "{VARIABLE} can't be read: {finer:?}; give a level (error, warn, info, debug, trace), or others \
             for parts of the program too, as in info,symbolon=debug"
        )
    })
}

/// A level, or one of a part of the program. A word alone would be taken for a part of which everything is wanted,
/// and nothing of the others.
fn is_said(part: &&str) -> bool {
    let is_path = |part: &str| {
        part.chars()
            .all(|c| c.is_alphanumeric() || "_:-".contains(c))
    };
    let (path, level) = part.rsplit_once('=').unwrap_or(("", part));
    is_path(path) && !level.is_empty() && level.parse::<LevelFilter>().is_ok()
}

/// Whether whoever reads it wants colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colours {
    Some,
    None,
}

/// What turns events into lines.
pub(crate) fn subscriber<W: Write + 'static>(
    format: Format,
    filter: Targets,
    (writer, colours): (impl Fn() -> W + Send + Sync + 'static, Colours),
) -> Box<dyn Subscriber + Send + Sync> {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        // Where stderr is gone, saying so on stderr would panic, and a signal would end nothing.
        .log_internal_errors(false);
    match format {
        Format::Text => Box::new(
            subscriber
                .with_writer(writer)
                .with_ansi(colours == Colours::Some)
                .with_target(false)
                .fmt_fields(debug_fn(write_field).delimited(" "))
                .finish()
                .with(filter),
        ),
        // Its strings are escaped, but for what only some terminals obey.
        Format::Json => Box::new(
            subscriber
                .with_writer(move || Escaping(writer()))
                .json()
                .flatten_event(true)
                .with_span_list(false)
                .finish()
                .with(filter),
        ),
    }
}

fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug) -> fmt::Result {
    if field.name() != "message" {
        write!(writer, "{}=", field.name())?;
    }
    write!(Escaped(writer), "{value:?}")
}

/// Writes text without what moves a cursor.
struct Escaped<'a, 'w>(&'a mut Writer<'w>);

impl fmt::Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive(is_unsafe) {
            let mut rest = part.chars();
            match rest.next_back().filter(|last| is_unsafe(*last)) {
                Some(last) => {
                    self.0.write_str(rest.as_str())?;
                    write!(self.0, "{}", last.escape_unicode())?;
                }
                None => self.0.write_str(part)?,
            }
        }
        Ok(())
    }
}

/// Control characters, line ends among them, and what turns the direction of text (CVE-2021-42574).
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
        )
}

/// Writes lines of JSON, whole ones, with escapes for what JSON itself lets through.
struct Escaping<W>(W);

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let mut escaped = String::with_capacity(text.len());
        for character in text.chars() {
            if is_unsafe(character) && character != '\n' {
                // All of them are in the first plane: four digits do.
                let _ = write!(escaped, "\\u{:04x}", u32::from(character));
            } else {
                escaped.push(character);
            }
        }
        self.0.write_all(escaped.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: Format, events: impl FnOnce()) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let target = (move || writer.clone(), Colours::None);
        let subscriber = subscriber(
            format,
            Targets::new().with_default(LevelFilter::INFO),
            target,
        );
        tracing::subscriber::with_default(subscriber, events);
        String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn nothing_that_was_sent_passes_for_a_line_or_moves_a_cursor() {
        let nasty = "a\r\nINFO forged\u{1b}[2J\u{9b}31m\u{7f}\u{2028}\u{202e}z\0\t";
        let events = || {
            let span = tracing::error_span!("request", id = %nasty);
            let _inside = span.enter();
            tracing::info!(displayed = %nasty, debugged = ?nasty, text = nasty, "{nasty}");
            tracing::info!("after");
        };
        for format in [Format::Text, Format::Json] {
            let text = logged(format, events);
            let lines: Vec<_> = text.lines().collect();
            assert_eq!(lines.len(), 2, "{format:?}: {text:?}");
            let unsafe_ones: Vec<_> = text
                .chars()
                .filter(|&c| is_unsafe(c) && c != '\n')
                .collect();
            assert!(unsafe_ones.is_empty(), "{format:?}: {unsafe_ones:?}");
            assert!(lines[1].contains("after"), "{text}");
        }
    }

    #[test]
    fn a_line_of_json_is_an_object_that_says_the_same() {
        let nasty = "quote \" and back\\slash, \u{9b}, 한국어";
        let text = logged(Format::Json, || {
            let span = tracing::error_span!("request", id = "0f");
            let _inside = span.enter();
            tracing::warn!(number = 7, text = nasty, "what happened");
        });
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["message"], "what happened");
        assert_eq!(line["number"], 7);
        assert_eq!(line["text"], nasty);
        assert_eq!(line["span"]["id"], "0f");
        assert!(line["timestamp"].is_string());
    }

    #[test]
    fn what_is_logged_is_said_in_levels_or_refused() {
        let least = |finer| filter(finer, Level::Warn).map(|targets| targets.to_string());
        assert_eq!(least("").unwrap(), "warn");
        assert_eq!(least("debug").unwrap(), "debug");
        assert_eq!(least("off").unwrap(), "off");
        let parts = filter("info, symbolon::store=trace", Level::Warn).unwrap();
        assert!(parts.would_enable("symbolon::store", &tracing::Level::TRACE));
        assert!(!parts.would_enable("symbolon", &tracing::Level::DEBUG));
        for nonsense in [
            "inof",
            "symbolon",
            "symbolon=loud",
            "info,inof",
            "info,",
            "[x]=info",
        ] {
            let refused = least(nonsense).unwrap_err().to_string();
            assert!(
                refused.starts_with("SYMBOLON_LOG can't be read"),
                "{refused}"
            );
        }
    }

    #[test]
    fn a_level_is_the_least_that_is_written() {
        let text = logged(Format::Text, || {
            tracing::debug!("unheard");
            tracing::error!(name = %"x", "heard");
        });
        assert!(text.contains("ERROR heard name=x\n"), "{text}");
        assert!(!text.contains("unheard"), "{text}");
    }
}
