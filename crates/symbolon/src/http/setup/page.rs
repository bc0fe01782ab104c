//! The pages of `/setup`, in English and Korean.
//!
//! Content Security Policy Level 3, RFC 9110 §12.5.4 (Accept-Language). Invariant: no byte of a page comes
//! from a request, which only chooses the language; nothing on it runs, and nothing frames it.

use std::fmt::Write;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::Response,
};

use super::super::{
    error::{Language, Problem},
    messages::Message,
    page::{self, Forms},
};

const FORM: &str = include_str!("../../../assets/setup/form.html");
const DONE: &str = include_str!("../../../assets/setup/done.html");
const STYLE: &str = include_str!("../../../assets/setup/page.css");

/// The form, and above it what was wrong the last time.
pub(super) fn form(language: Language, problem: Option<&Problem>) -> Response {
    let status = problem.map_or(StatusCode::OK, |problem| problem.parts(language).0);
    let alert = problem.map_or_else(String::new, |problem| {
        let (_, code, Message { title, detail }) = problem.parts(language);
        let mut alert = String::new();
        // Writing to a String doesn't fail.
        let _ = write!(
            alert,
            "<div class=\"alert\" role=\"alert\"><strong>{title}</strong><p>{detail}</p>\
             <code>{code}</code></div>"
        );
        alert
    });
    let page = filled(FORM, language).replace("{{alert}}", &alert);
    let mut response = answer(status, page, language);
    if let Some(problem) = problem {
        problem.say_when_to_retry(response.headers_mut());
    }
    response
}

/// What follows.
pub(super) fn done(language: Language) -> Response {
    answer(StatusCode::OK, filled(DONE, language), language)
}

fn answer(status: StatusCode, text: String, language: Language) -> Response {
    let mut response = page::answer((status, text), language, STYLE, Forms::Here);
    // Not `no-referrer`, which would make a browser send the form with `Origin: null` (Fetch, "append a
    // request `Origin` header"). There is nothing in this page's address to keep.
    response.headers_mut().insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    response
}

/// A template with a language's words in it.
fn filled(template: &str, language: Language) -> String {
    let words = match language {
        Language::English => ENGLISH,
        Language::Korean => KOREAN,
    };
    let template = template
        .replace("{{style}}", STYLE)
        .replace("{{lang}}", language.tag());
    words.iter().fold(template, |page, (mark, text)| {
        page.replace(&format!("{{{{{mark}}}}}"), text)
    })
}

type Words = [(&'static str, &'static str); 15];

const ENGLISH: Words = [
    ("title", "The first user"),
    (
        "lead",
        "This makes the administrator of this Symbolon. The code is on the terminal where \
         <code>symbolon setup-link</code> was run; it is good once, for an hour.",
    ),
    ("code", "Code"),
    ("code_hint", "As it is shown, or without its hyphens."),
    ("username", "Username"),
    (
        "username_hint",
        "Letters, digits and plain punctuation; an e-mail address will do.",
    ),
    ("password", "Password"),
    (
        "password_hint",
        "15 characters at the least. A few words that don't belong together are easy to remember.",
    ),
    ("repeated", "Password again"),
    ("submit", "Make this user"),
    ("done_title", "That's it"),
    (
        "done_lead",
        "The administrator is there, and the code is used up.",
    ),
    (
        "done_next",
        "They log in as everybody does, with <code>POST /api/login</code>. More users come from the \
         command line:",
    ),
    ("done_command", "symbolon user add NAME"),
    ("done_close", "You can close this page."),
];

const KOREAN: Words = [
    ("title", "첫 사용자"),
    (
        "lead",
        "이 Symbolon의 관리자를 만듭니다. 코드는 <code>symbolon setup-link</code>를 실행한 터미널에 \
         있으며, 한 시간 동안 한 번만 쓸 수 있습니다.",
    ),
    ("code", "코드"),
    ("code_hint", "보이는 그대로 넣거나, 붙임표를 빼고 넣으세요."),
    ("username", "사용자 이름"),
    (
        "username_hint",
        "글자, 숫자, 일반 문장 부호로 적습니다. 이메일 주소도 됩니다.",
    ),
    ("password", "비밀번호"),
    (
        "password_hint",
        "15자 이상이어야 합니다. 서로 관계없는 낱말 몇 개를 이으면 외우기 쉽습니다.",
    ),
    ("repeated", "비밀번호 다시 입력"),
    ("submit", "사용자 만들기"),
    ("done_title", "다 됐습니다"),
    (
        "done_lead",
        "관리자가 만들어졌고, 코드는 이제 쓸 수 없습니다.",
    ),
    (
        "done_next",
        "관리자도 다른 사용자처럼 <code>POST /api/login</code>으로 로그인합니다. 다른 사용자는 \
         명령줄에서 추가하세요.",
    ),
    ("done_command", "symbolon user add NAME"),
    ("done_close", "이 페이지는 닫아도 됩니다."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_is_filled_in_both_languages() {
        for language in [Language::English, Language::Korean] {
            for template in [FORM, DONE] {
                let page = filled(template, language).replace("{{alert}}", "");
                assert!(!page.contains("{{") && !page.contains("}}"), "{page}");
                assert!(page.contains(&format!("lang=\"{}\"", language.tag())));
            }
        }
    }

    #[test]
    fn the_tables_name_the_same_words_and_say_them_all() {
        for ((english, text), (korean, translated)) in ENGLISH.iter().zip(KOREAN) {
            assert_eq!(*english, korean);
            let mark = format!("{{{{{english}}}}}");
            let used = FORM.contains(&mark) || DONE.contains(&mark);
            assert!(
                used && !text.is_empty() && !translated.is_empty(),
                "{english}"
            );
        }
    }

    #[test]
    fn nothing_on_a_page_runs_or_loads() {
        for page in [FORM, DONE, STYLE] {
            for forbidden in ["<script", "javascript:", "src=", "url(", "@import", "http"] {
                assert!(!page.contains(forbidden), "{forbidden}");
            }
        }
    }
}
