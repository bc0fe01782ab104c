//! The page at `/` of `symbolon dev`: a login, taken apart for whoever meets a token for the first time.
//!
//! Only `dev` serves it; the engine's own router has nothing at `/`. Both languages are filled in once,
//! at the start, from one template.
//!
//! Invariant: no byte of it comes from a request, which only chooses the language; and nothing secret is
//! in it: the password is on the terminal, and the browser gets its token by logging in.
//!
//! RFC 9110 §12.5.4 (Accept-Language) and §12.5.5 (Vary), Content Security Policy Level 3.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, Result};
use axum::{
    Router,
    extract::{RawQuery, State},
    http::{HeaderName, HeaderValue, header},
    middleware::map_response,
    response::{Html, IntoResponse, Response},
    routing::get,
};

use super::snippets::Snippets;
use crate::http::Language;

const TEMPLATE: &str = include_str!("../../../assets/dev/page.html");
const STYLE: &str = include_str!("../../../assets/dev/page.css");
const SCRIPT: &str = include_str!("../../../assets/dev/page.js");
const ICON: &str = include_str!("../../../assets/dev/icon.svg");
const ENGLISH: &str = include_str!("../../../assets/dev/en.json");
const KOREAN: &str = include_str!("../../../assets/dev/ko.json");

/// Stands in the lines to paste until the browser has a token.
const ACCESS_TOKEN: &str = "ACCESS_TOKEN";
const PASSWORD: &str = "PASSWORD";

/// What the page says about the server.
pub(super) struct Page<'a> {
    pub(super) issuer: &'a str,
    pub(super) jwks_uri: &'a str,
    pub(super) username: &'a str,
}

/// The page and all that it loads.
pub(super) fn router(page: &Page<'_>) -> Result<Router> {
    let documents = Arc::new(Documents {
        english: page.document(Language::English)?,
        korean: page.document(Language::Korean)?,
    });
    Ok(Router::new()
        .route("/", get(document))
        .route("/dev/page.css", asset("text/css", STYLE))
        .route("/dev/page.js", asset("text/javascript", SCRIPT))
        .route("/dev/icon.svg", asset("image/svg+xml", ICON))
        .route("/dev/en.json", asset("application/json", ENGLISH))
        .route("/dev/ko.json", asset("application/json", KOREAN))
        .with_state(documents)
        .layer(map_response(protect)))
}

struct Documents {
    english: String,
    korean: String,
}

/// `GET /`, in the language that the address names, else in the one that the browser prefers.
async fn document(
    State(documents): State<Arc<Documents>>,
    RawQuery(query): RawQuery,
    preferred: Language,
) -> Response {
    let language = match query.as_deref() {
        Some("lang=en") => Language::English,
        Some("lang=ko") => Language::Korean,
        _ => preferred,
    };
    let document = match language {
        Language::English => &documents.english,
        Language::Korean => &documents.korean,
    };
    let headers = [
        (header::CONTENT_LANGUAGE, language.tag()),
        (header::VARY, "Accept-Language"),
    ];
    (headers, Html(document.clone())).into_response()
}

fn asset(kind: &'static str, content: &'static str) -> axum::routing::MethodRouter<Arc<Documents>> {
    get(move || async move { ([(header::CONTENT_TYPE, kind)], content) })
}

/// What a browser is told about the page and everything that it loads.
///
/// The policy lets it load from this server alone and run no script that stands in a document; with
/// trusted types a browser refuses text that is to become HTML. Nobody may frame it, which a page
/// with a password field must not allow.
async fn protect(mut response: Response) -> Response {
    const HEADERS: [(HeaderName, HeaderValue); 6] = [
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(
                "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                 img-src 'self' data:; form-action 'none'; frame-ancestors 'none'; \
                 base-uri 'none'; require-trusted-types-for 'script'",
            ),
        ),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
        // Two servers may follow each other at one address: what the first said isn't kept.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("same-origin"),
        ),
    ];
    response.headers_mut().extend(HEADERS);
    response
}

impl Page<'_> {
    fn document(&self, language: Language) -> Result<String> {
        let texts: BTreeMap<&str, &str> = serde_json::from_str(match language {
            Language::English => ENGLISH,
            Language::Korean => KOREAN,
        })
        .context("the texts of the page")?;
        let Self {
            issuer,
            jwks_uri,
            username,
        } = *self;
        let snippets = Snippets {
            issuer,
            jwks_uri,
            username,
            password: PASSWORD,
            access_token: ACCESS_TOKEN,
        };
        let metadata_uri = format!("{issuer}/.well-known/oauth-authorization-server");
        let is = |one| if language == one { "true" } else { "false" };
        let values = [
            ("lang", language.tag()),
            ("en", is(Language::English)),
            ("ko", is(Language::Korean)),
            ("issuer", issuer),
            ("jwks_uri", jwks_uri),
            ("metadata_uri", &metadata_uri),
            ("username", username),
            ("curl_login", &snippets.curl_login()),
            ("curl_me", &snippets.curl_me()),
            ("python", &snippets.python()),
            ("rust", &snippets.rust()),
        ];
        let document = with_values(&with_texts(&texts)?, &values)?;
        Ok(document.replace(
            ACCESS_TOKEN,
            &format!("<span data-token>{ACCESS_TOKEN}</span>"),
        ))
    }
}

/// The template with a text in every element that names one as its last attribute: `data-t="key">`.
fn with_texts(texts: &BTreeMap<&str, &str>) -> Result<String> {
    fill(TEMPLATE, "data-t=\"", "\">", |key| {
        let text = texts.get(key)?;
        Some(format!("data-t=\"{key}\">{}", escaped(text)))
    })
}

/// The template with what is to stand in place of each `{{name}}`.
fn with_values(template: &str, values: &[(&str, &str)]) -> Result<String> {
    fill(template, "{{", "}}", |name| {
        let (_, value) = values.iter().find(|(known, _)| *known == name)?;
        Some(escaped(value))
    })
}

/// Replaces every name between `open` and `close`, these included; none may be unknown.
fn fill(
    template: &str,
    open: &str,
    close: &str,
    replacement: impl Fn(&str) -> Option<String>,
) -> Result<String> {
    let mut filled = String::with_capacity(2 * template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once(open) {
        let (name, after) = after.split_once(close).context("a name that doesn't end")?;
        filled.push_str(before);
        filled.push_str(&replacement(name).with_context(|| format!("nothing is called {name}"))?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests;
