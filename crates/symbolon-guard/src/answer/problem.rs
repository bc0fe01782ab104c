//! The usual answer: problem details with a stable code.
//!
//! RFC 9457 §3.1 (members) and §4.2.1 (`about:blank`), RFC 6750 §3.1 (codes). The title
//! of `about:blank` is the status's own phrase in every language.

use http::{
    HeaderValue, Response,
    header::{CONTENT_LANGUAGE, CONTENT_TYPE, VARY},
};
use serde::Serialize;

use super::detail;
use crate::{Rejection, Sources};

/// Status, body and media type.
pub(crate) fn problem(rejection: &Rejection, sources: &Sources) -> Response<String> {
    let status = rejection.status();
    let language = rejection.language();
    let detail = detail(rejection.reason(), sources, language);
    let body = Details {
        r#type: "about:blank",
        title: status.canonical_reason().unwrap_or_default(),
        status: status.as_u16(),
        detail: &detail,
        code: rejection.code(),
    };
    // Strings and a number can always be written; an empty body would still have its status.
    let body = serde_json::to_string(&body).unwrap_or_default();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "application/problem+json"),
        (CONTENT_LANGUAGE, language.tag()),
        // RFC 9110 §12.5.5: another request may be answered in the other language.
        (VARY, "accept-language"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[derive(Serialize)]
struct Details<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
}
