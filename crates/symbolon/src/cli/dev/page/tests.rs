//! The page as a browser gets it: its headers, its languages, and that nothing gets into it.

use axum::body::Body;
use http::{HeaderMap, Request, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;

const PATHS: [&str; 6] = [
    "/",
    "/dev/page.css",
    "/dev/page.js",
    "/dev/icon.svg",
    "/dev/en.json",
    "/dev/ko.json",
];

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: impl AsRef<str>) -> &str {
        let value = self.headers.get(name.as_ref());
        value.map_or("", |value| value.to_str().unwrap())
    }
}

fn page() -> Page<'static> {
    Page {
        issuer: "http://127.0.0.1:8080",
        jwks_uri: "http://127.0.0.1:8080/.well-known/jwks.json",
        username: "demo",
    }
}

async fn send(method: &str, path: &str, accept_language: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::ACCEPT_LANGUAGE, accept_language)
        .header(header::HOST, "elsewhere.example")
        .body(Body::empty())
        .unwrap();
    let (head, body) = router(&page())
        .unwrap()
        .oneshot(request)
        .await
        .unwrap()
        .into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        body: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

async fn get(path: &str) -> Answer {
    send("GET", path, "en").await
}

fn texts(json: &str) -> BTreeMap<&str, &str> {
    serde_json::from_str(json).unwrap()
}

/// The keys that stand in the template.
fn keys_in_template() -> Vec<&'static str> {
    let parts = TEMPLATE.split("data-t=\"").skip(1);
    parts.map(|part| part.split('"').next().unwrap()).collect()
}

#[tokio::test]
async fn everything_is_locked_to_this_server() {
    for path in PATHS {
        let answer = get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        let policy = answer.header(header::CONTENT_SECURITY_POLICY);
        for directive in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "img-src 'self' data:",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(
                policy.split("; ").any(|part| part == directive),
                "{path}: {policy}"
            );
        }
        assert!(!policy.contains("unsafe"), "{path}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-cache"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{path}: {name}");
        }
    }
}

#[tokio::test]
async fn every_type_is_what_it_says() {
    for (path, kind) in PATHS.into_iter().zip([
        "text/html; charset=utf-8",
        "text/css",
        "text/javascript",
        "image/svg+xml",
        "application/json",
        "application/json",
    ]) {
        assert_eq!(get(path).await.header(header::CONTENT_TYPE), kind, "{path}");
    }
}

#[tokio::test]
async fn the_language_is_the_browsers_unless_the_address_names_one() {
    for (path, accepted, language) in [
        ("/", "en", "en"),
        ("/", "ko-KR, ko;q=0.9, en;q=0.8", "ko"),
        ("/", "fr", "en"),
        ("/?lang=ko", "en", "ko"),
        ("/?lang=en", "ko", "en"),
        ("/?lang=%3Cscript%3E", "ko", "ko"),
        ("/?lang=ko&lang=en", "en", "en"),
    ] {
        let answer = send("GET", path, accepted).await;
        assert_eq!(answer.header(header::CONTENT_LANGUAGE), language, "{path}");
        assert_eq!(answer.header(header::VARY), "Accept-Language", "{path}");
        let tag = format!("<html lang=\"{language}\">");
        assert!(answer.body.contains(&tag), "{path}");
    }
}

#[tokio::test]
async fn m1_no_byte_depends_on_what_a_request_says() {
    let plain = get("/").await.body;
    assert_eq!(get("/?%22%3E%3Cb%3E&lang=xx").await.body, plain);
    assert!(!plain.contains("elsewhere.example"));
}

#[tokio::test]
async fn the_page_is_read_only() {
    for path in PATHS {
        assert_eq!(send("POST", path, "en").await.status, 405, "{path}");
    }
}

#[tokio::test]
async fn nothing_is_inline_and_nothing_is_elsewhere() {
    let body = get("/").await.body;
    for forbidden in ["<style", " style=", " onclick", " onload", "javascript:"] {
        assert!(!body.contains(forbidden), "{forbidden}");
    }
    let scripts = body.matches("<script").count();
    assert_eq!(scripts, body.matches("\"></script>").count());
    let loaded = body.split("src=\"").skip(1);
    assert!(loaded.clone().count() >= 2);
    for address in loaded {
        assert!(address.starts_with("/dev/"), "{address:.40}");
    }
    for forbidden in ["innerHTML", "eval(", "localStorage", "document.cookie"] {
        assert!(!SCRIPT.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn the_script_stays_small() {
    assert!(SCRIPT.len() < 10 * 1024, "{} bytes", SCRIPT.len());
}

#[test]
fn both_languages_say_the_same_things() {
    let (english, korean) = (texts(ENGLISH), texts(KOREAN));
    assert!(english.keys().eq(korean.keys()));
    for (key, text) in english.iter().chain(&korean) {
        assert!(!text.trim().is_empty(), "{key}");
    }
    let same: Vec<_> = english
        .iter()
        .filter(|(key, text)| korean[*key] == **text)
        .collect();
    assert!(same.is_empty(), "not translated: {same:?}");
}

#[test]
fn every_text_is_shown_somewhere() {
    let in_template = keys_in_template();
    for key in texts(ENGLISH).keys() {
        let in_script = SCRIPT.contains(&format!("\"{key}\""));
        assert!(in_script || in_template.contains(key), "{key}");
    }
}

#[test]
fn what_stands_for_markup_is_text() {
    let page = Page {
        issuer: "http://127.0.0.1:1/\"><b>&",
        ..page()
    };
    let document = page.document(Language::English).unwrap();
    assert!(!document.contains("<b>"));
    assert!(document.contains("http://127.0.0.1:1/&quot;&gt;&lt;b&gt;&amp;"));
}

#[test]
fn a_name_that_nothing_has_is_an_error() {
    let error = fill("a {{b}}", "{{", "}}", |_| None).unwrap_err();
    assert_eq!(error.to_string(), "nothing is called b");
    assert!(fill("a {{b", "{{", "}}", |_| None).is_err());
    assert!(!page().document(Language::Korean).unwrap().contains("{{"));
}
