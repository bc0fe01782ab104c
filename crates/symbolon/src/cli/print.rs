//! The only place that prints.

use std::io::Write;

/// Prints a line for whoever reads stdout, at once. A reader that has gone away ends nothing.
pub(super) fn line(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
}

/// Says on stderr why the program ends.
pub(super) fn error(error: &anyhow::Error) {
    let _ = writeln!(std::io::stderr(), "symbolon: {error:#}");
}

/// Tells whoever watches stderr something on the way.
pub(super) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints a text that has its line ends already.
pub(super) fn text(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}
