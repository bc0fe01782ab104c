//! What a caller would rather be answered with: a page, or something for a program (RFC 9110 §12.5.1).

use axum::http::{HeaderMap, header};

/// Whether somebody is looking: only browsers ask for HTML.
pub(super) fn wants_a_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter();
    accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|range| range.trim_start().starts_with("text/html"))
}
