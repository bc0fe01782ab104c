//! A refusal as a page, for a person in front of a browser.
//!
//! Content Security Policy Level 3, RFC 9110 §12.5.1 (Accept). Invariant: nothing that was sent stands in
//! the page, and nothing on it runs.

use axum::{http::HeaderMap, response::Response};

use super::super::{
    accept::wants_a_page,
    error::{Language, Problem},
    messages::Message,
    page::{self as pages, Forms},
};

const TEMPLATE: &str = include_str!("../../../assets/log-in/refusal.html");
const STYLE: &str = include_str!("../../../assets/log-in/refusal.css");

/// A page where the caller asks for one, problem details otherwise.
pub(super) fn answer(
    problem: &Problem,
    language: Language,
    headers: &HeaderMap,
    again: &str,
) -> Response {
    if !wants_a_page(headers) {
        return problem.answer(language);
    }
    let (status, code, message) = problem.parts(language);
    let text = page(code, &message, language, again);
    let mut response = pages::answer((status, text), language, STYLE, Forms::Nowhere);
    problem.say_when_to_retry(response.headers_mut());
    response
}

fn page(code: &str, message: &Message, language: Language, again: &str) -> String {
    let words = match language {
        Language::English => "Log in again",
        Language::Korean => "다시 로그인",
    };
    [
        ("{{lang}}", language.tag()),
        ("{{style}}", STYLE),
        ("{{title}}", message.title),
        ("{{detail}}", message.detail),
        ("{{again}}", &escape(again)),
        ("{{words}}", words),
        ("{{code}}", code),
    ]
    .into_iter()
    .fold(TEMPLATE.to_owned(), |page, (mark, text)| {
        page.replace(mark, text)
    })
}

/// A path of the program's author, who may have an ampersand in it.
fn escape(path: &str) -> String {
    path.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use symbolon_rules::upstream::Why;

    use super::*;

    #[test]
    fn a_page_holds_every_text_and_no_mark_is_left() {
        let (_, code, message) = Problem::LogIn(Why::Denied).parts(Language::Korean);
        let page = page(code, &message, Language::Korean, "/a?b&c\"<");
        assert!(!page.contains("{{"), "{page}");
        for text in ["lang=\"ko\"", message.title, message.detail, "login_denied"] {
            assert!(page.contains(text), "{text}");
        }
        assert!(page.contains("href=\"/a?b&amp;c&quot;&lt;\""));
    }
}
