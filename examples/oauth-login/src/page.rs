//! What a browser shows: who is in, and the posts.
//!
//! Invariant: what a provider or a visitor wrote is text wherever it stands; the page's script makes no
//! HTML of it, and the policy lets no other script run.

use axum::{
    Router,
    http::{HeaderMap, HeaderValue, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use symbolon::client::SignedIn;

use crate::App;

const TEMPLATE: &str = include_str!("page/index.html");
const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");
const ENGLISH: [(&str, &str); 9] = [
    ("{{title}}", "Posts"),
    ("{{lead}}", "Log in at the provider to read and write."),
    ("{{log_in}}", "Log in"),
    ("{{log_out}}", "Log out"),
    ("{{signed_in}}", "Signed in as"),
    ("{{new}}", "A new post"),
    ("{{add}}", "Add"),
    ("{{save}}", "Save"),
    ("{{remove}}", "Remove"),
];
const KOREAN: [(&str, &str); 9] = [
    ("{{title}}", "게시글"),
    (
        "{{lead}}",
        "로그인 제공자에서 로그인하면 글을 읽고 쓸 수 있습니다.",
    ),
    ("{{log_in}}", "로그인"),
    ("{{log_out}}", "로그아웃"),
    ("{{signed_in}}", "로그인한 사람"),
    ("{{new}}", "새 글"),
    ("{{add}}", "추가"),
    ("{{save}}", "저장"),
    ("{{remove}}", "삭제"),
];

/// What the page loads.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/style.css", get(asset("text/css", STYLE)))
        .route("/script.js", get(asset("text/javascript", SCRIPT)))
}

fn asset(
    kind: &'static str,
    content: &'static str,
) -> impl Fn() -> std::future::Ready<Response> + Clone + Send + Sync + 'static {
    move || {
        let kind = [(header::CONTENT_TYPE, kind)];
        std::future::ready((kind, content).into_response())
    }
}

/// `GET /`.
pub(crate) async fn index(headers: HeaderMap, who: Option<SignedIn>) -> Response {
    let korean = headers
        .get(header::ACCEPT_LANGUAGE)
        .is_some_and(|accepted| accepted.as_bytes().starts_with(b"ko"));
    let (language, words) = if korean {
        ("ko", KOREAN)
    } else {
        ("en", ENGLISH)
    };
    let (state, name, token) = match &who {
        Some(who) => {
            let profile = who.profile();
            let name = profile.name.as_deref().unwrap_or(who.username());
            ("in", escape(name), who.csrf_token())
        }
        None => ("out", String::new(), ""),
    };
    let page = words
        .into_iter()
        .chain([
            ("{{lang}}", language),
            ("{{state}}", state),
            ("{{csrf}}", token),
            // Last, so that a name with a mark in it stays what it is.
            ("{{name}}", &name),
        ])
        .fold(TEMPLATE.to_owned(), |page, (mark, text)| {
            page.replace(mark, text)
        });
    let mut response = Html(page).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
             frame-ancestors 'none'; base-uri 'none'",
        ),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Beside what the session's layer adds for the cookie.
    let vary = HeaderValue::from_static("Accept-Language");
    headers.append(header::VARY, vary);
    response
}

/// Text as HTML has it, in an element or an attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            plain => escaped.push(plain),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_text_whatever_is_in_it() {
        assert_eq!(
            escape("<b title=\"a\">'김'&</b>"),
            "&lt;b title=&quot;a&quot;&gt;&#39;김&#39;&amp;&lt;/b&gt;"
        );
    }

    #[test]
    fn both_languages_have_the_same_words() {
        for ((english, _), (korean, text)) in ENGLISH.iter().zip(KOREAN) {
            assert_eq!(*english, korean);
            assert!(!text.is_empty() && TEMPLATE.contains(korean));
        }
    }
}
