//! What callers are told, in Korean and English.
//!
//! Korean is what the Python program speaks, so it is spoken to whoever doesn't ask for English first.

use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde_json::json;

/// Everything that is ever said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Protected,
    Admin,
    WrongCredentials,
    NoToken,
    BadToken,
    AdminsOnly,
    BadBody,
    Unavailable,
}

impl Message {
    const fn text(self, language: Language) -> &'static str {
        let (korean, english) = match self {
            Self::Protected => (
                "보호된 엔드포인트에 접근하셨습니다.",
                "You have reached the protected endpoint.",
            ),
            Self::Admin => (
                "관리자 엔드포인트에 접근하셨습니다.",
                "You have reached the administrators' endpoint.",
            ),
            Self::WrongCredentials => (
                "아이디 또는 비밀번호가 올바르지 않습니다.",
                "The id or the password is wrong.",
            ),
            Self::NoToken => ("인증되지 않았습니다.", "You are not authenticated."),
            Self::BadToken => ("유효하지 않은 토큰입니다.", "The token is not valid."),
            Self::AdminsOnly => ("관리자 권한이 필요합니다.", "This is for administrators."),
            Self::BadBody => (
                "id와 password를 담은 JSON 객체를 보내세요.",
                "Send a JSON object with id and password.",
            ),
            Self::Unavailable => ("잠시 후 다시 시도하세요.", "Try again in a moment."),
        };
        match language {
            Language::Korean => korean,
            Language::English => english,
        }
    }

    /// The one shape of all answers but that of a login.
    pub(crate) fn answer(self, status: StatusCode, language: Language) -> Response<String> {
        let body = json!({ "message": self.text(language) });
        let mut answer = Response::new(body.to_string());
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        for (name, value) in [
            (header::CONTENT_TYPE, "application/json"),
            (header::CONTENT_LANGUAGE, language.tag()),
            (header::VARY, "Accept-Language"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        answer
    }
}

/// A language that callers are answered in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Korean,
    English,
}

impl Language {
    /// English for whoever names it first, Korean for everybody else.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE);
        let first = accepted.and_then(|value| value.to_str().ok()?.split([',', ';', '-']).next());
        match first {
            Some(tag) if tag.trim().eq_ignore_ascii_case("en") => Self::English,
            _ => Self::Korean,
        }
    }

    const fn tag(self) -> &'static str {
        match self {
            Self::Korean => "ko",
            Self::English => "en",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p1_08_korean_unless_english_is_asked_for_first() {
        for (accepted, language) in [
            ("", Language::Korean),
            ("ko-KR,ko;q=0.9,en;q=0.8", Language::Korean),
            ("fr", Language::Korean),
            ("enm", Language::Korean),
            ("en", Language::English),
            ("EN-gb;q=0.9", Language::English),
            ("en;q=0.9,ko", Language::English),
        ] {
            let value = HeaderValue::from_static(accepted);
            let headers = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, value)]);
            assert_eq!(Language::of(&headers), language, "{accepted}");
        }
        assert_eq!(Language::of(&HeaderMap::new()), Language::Korean);
    }
}
