//! What every page for people says of itself: its language, and what a browser may do with it.
//!
//! Content Security Policy Level 3, RFC 9110 §12.5.4 (Accept-Language). Invariant: nothing on a page runs,
//! nothing frames it, and of styles only its own counts.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use data_encoding::BASE64;

use super::error::Language;
use crate::keys::sha256;

/// Where forms of a page may be sent.
#[derive(Clone, Copy)]
pub(super) enum Forms {
    /// It has none.
    #[cfg(feature = "client")]
    Nowhere,
    /// To this server.
    #[cfg(feature = "cli")]
    Here,
}

/// A page with this one style in it.
pub(super) fn answer(
    (status, page): (StatusCode, String),
    language: Language,
    style: &str,
    forms: Forms,
) -> Response {
    let mut response = (status, Html(page)).into_response();
    protect(response.headers_mut(), language, style, forms);
    response
}

fn protect(headers: &mut HeaderMap, language: Language, style: &str, forms: Forms) {
    headers.insert(
        header::CONTENT_LANGUAGE,
        HeaderValue::from_static(language.tag()),
    );
    headers.insert(
        header::VARY,
        HeaderValue::from_static("Accept, Accept-Language"),
    );
    let hash = BASE64.encode(&sha256(style.as_bytes()));
    let forms = match forms {
        #[cfg(feature = "client")]
        Forms::Nowhere => "'none'",
        #[cfg(feature = "cli")]
        Forms::Here => "'self'",
    };
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action {forms}; frame-ancestors 'none'; \
         base-uri 'none'"
    );
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}
