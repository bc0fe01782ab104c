//! What people read when something is wrong: what happened, and what to do next.
//!
//! English and Korean side by side, so that a change of one shows the other. The code beside the
//! text is what programs act on; the text may change.

use symbolon_rules::{password::PasswordError, user::UsernameError};

use super::error::{Language, Problem};

/// A title and what to do about it.
pub(super) struct Message {
    pub(super) title: &'static str,
    pub(super) detail: &'static str,
}

/// The message of a problem.
pub(super) const fn of(problem: &Problem, language: Language) -> Message {
    let ((title, detail), (ko_title, ko_detail)) = texts(problem);
    match language {
        Language::English => Message { title, detail },
        Language::Korean => Message {
            title: ko_title,
            detail: ko_detail,
        },
    }
}

pub(super) type Text = (&'static str, &'static str);

#[expect(clippy::too_many_lines, reason = "a table")]
const fn texts(problem: &Problem) -> (Text, Text) {
    match problem {
        Problem::InvalidCredentials => (
            (
                "Wrong credentials",
                "The username or the password is wrong.",
            ),
            (
                "로그인 정보가 맞지 않습니다",
                "사용자 이름이나 비밀번호가 맞지 않습니다.",
            ),
        ),
        Problem::TooManyAttempts { .. } => (
            (
                "Too many attempts",
                "This account was tried with wrong passwords too often. Wait as long as Retry-After says; the right password is not looked at before.",
            ),
            (
                "시도가 너무 많습니다",
                "이 계정에 틀린 비밀번호가 너무 여러 번 들어왔습니다. Retry-After에 적힌 시간만큼 기다리세요. 그전에는 맞는 비밀번호도 확인하지 않습니다.",
            ),
        ),
        Problem::SessionOver => (
            ("The session has ended", "Log in again."),
            ("세션이 끝났습니다", "다시 로그인하세요."),
        ),
        Problem::Username(error) => username(*error),
        Problem::Password(error) => password(*error),
        Problem::MissingField(_) => (
            ("A field is missing", "Send the field that is named here."),
            ("빠진 항목이 있습니다", "여기에 적힌 항목을 보내세요."),
        ),
        Problem::DuplicateField(_) => (
            (
                "A field is there twice",
                "Send the field that is named here once.",
            ),
            (
                "같은 항목이 두 번 있습니다",
                "여기에 적힌 항목을 한 번만 보내세요.",
            ),
        ),
        Problem::FieldType(_) => (
            (
                "A field has the wrong type",
                "Send the field that is named here as text.",
            ),
            (
                "항목의 형식이 맞지 않습니다",
                "여기에 적힌 항목을 문자열로 보내세요.",
            ),
        ),
        Problem::UnknownField => (
            (
                "There is an unknown field",
                "Send only the fields that are documented.",
            ),
            ("알 수 없는 항목이 있습니다", "문서에 있는 항목만 보내세요."),
        ),
        Problem::MalformedJson => (
            ("The body is no JSON", "Send a JSON object (RFC 8259)."),
            ("본문이 JSON이 아닙니다", "JSON 객체를 보내세요 (RFC 8259)."),
        ),
        Problem::MalformedForm => (
            ("The body is no form", "Escape each % in a form as %25."),
            ("본문이 폼 형식이 아닙니다", "폼의 %는 %25로 바꿔 보내세요."),
        ),
        Problem::NotAnObject => (
            (
                "The body is no JSON object",
                "Send an object, as in {\"username\": …}.",
            ),
            (
                "본문이 JSON 객체가 아닙니다",
                "{\"username\": …} 같은 객체를 보내세요.",
            ),
        ),
        Problem::NotUtf8 => (
            ("The body is not UTF-8", "Encode the text as UTF-8."),
            ("본문이 UTF-8이 아닙니다", "글자를 UTF-8로 인코딩하세요."),
        ),
        Problem::DuplicateContentType => (
            ("A header is there twice", "Send Content-Type once."),
            (
                "같은 헤더가 두 번 있습니다",
                "Content-Type을 한 번만 보내세요.",
            ),
        ),
        #[cfg(feature = "cli")]
        Problem::Host => (
            (
                "The Host header is missing or there twice",
                "Send Host once (RFC 9112).",
            ),
            (
                "Host 헤더가 없거나 두 번 있습니다",
                "Host를 한 번만 보내세요 (RFC 9112).",
            ),
        ),
        Problem::UnsupportedMediaType => (
            (
                "The body is of an unsupported type",
                "Send application/json or application/x-www-form-urlencoded.",
            ),
            (
                "지원하지 않는 본문 형식입니다",
                "application/json이나 application/x-www-form-urlencoded로 보내세요.",
            ),
        ),
        Problem::BodyTooLarge => (
            ("The body is too large", "Send 64 KiB at the most."),
            ("본문이 너무 큽니다", "64 KiB까지만 보내세요."),
        ),
        Problem::BodyCutOff => (
            ("The body ended early", "Send the request again."),
            ("본문이 도중에 끊겼습니다", "요청을 다시 보내세요."),
        ),
        Problem::RequestTimeout => (
            ("The body took too long", "Send the request again."),
            ("본문이 너무 늦게 도착합니다", "요청을 다시 보내세요."),
        ),
        Problem::AppSessionEnded => (
            (
                "The session ended meanwhile",
                "What was to be remembered is not kept. Start again.",
            ),
            (
                "그사이 세션이 끝났습니다",
                "기억해 둘 내용이 저장되지 않았습니다. 처음부터 다시 하세요.",
            ),
        ),
        Problem::AppSessionFull => (
            (
                "This is too much to remember",
                "It is not kept. Send something shorter.",
            ),
            (
                "기억해 두기에는 너무 깁니다",
                "저장되지 않았습니다. 더 짧게 보내세요.",
            ),
        ),
        #[cfg(feature = "client")]
        Problem::LogIn(why) => super::upstream::message(*why),
        #[cfg(feature = "client")]
        Problem::LogInRequired => (
            ("Nobody is logged in", "Log in and try again."),
            ("로그인하지 않았습니다", "로그인한 뒤 다시 시도하세요."),
        ),
        #[cfg(feature = "cli")]
        Problem::SetupCode => (
            (
                "The code is not accepted",
                "It is wrong, was used, or is over an hour old; or there is an administrator already. Run symbolon setup-link where the server runs to get another one.",
            ),
            (
                "쓸 수 없는 코드입니다",
                "코드가 틀렸거나, 이미 쓰였거나, 한 시간이 지났습니다. 관리자가 이미 있을 수도 있습니다. 서버가 있는 곳에서 symbolon setup-link를 실행해 새 코드를 받으세요.",
            ),
        ),
        #[cfg(feature = "cli")]
        Problem::PasswordsDiffer => (
            (
                "The two passwords differ",
                "Type the same password twice. The code is still good.",
            ),
            (
                "두 비밀번호가 다릅니다",
                "같은 비밀번호를 두 번 입력하세요. 코드는 아직 쓸 수 있습니다.",
            ),
        ),
        #[cfg(feature = "cli")]
        Problem::UsernameTaken => (
            (
                "Somebody has that username",
                "Choose another one. The code is still good.",
            ),
            (
                "이미 있는 사용자 이름입니다",
                "다른 이름을 고르세요. 코드는 아직 쓸 수 있습니다.",
            ),
        ),
        #[cfg(any(feature = "client", feature = "cli"))]
        Problem::CrossSite => (
            (
                "The request may come from another site",
                "Nothing was changed. Send it from a page of this site, with its CSRF token.",
            ),
            (
                "다른 사이트에서 보낸 요청일 수 있습니다",
                "아무것도 바뀌지 않았습니다. 이 사이트의 페이지에서 CSRF 토큰과 함께 보내세요.",
            ),
        ),
        Problem::NotFound => (
            ("Nothing is here", "Check the path of the URL."),
            ("여기에는 아무것도 없습니다", "URL의 경로를 확인하세요."),
        ),
        Problem::MethodNotAllowed => (
            (
                "The method is not allowed here",
                "Use a method that the Allow header names.",
            ),
            (
                "허용되지 않는 메서드입니다",
                "Allow 헤더에 있는 메서드를 쓰세요.",
            ),
        ),
        Problem::Unavailable | Problem::Busy { .. } => (
            (
                "Temporarily unavailable",
                "Nothing was decided. Try again in a moment.",
            ),
            (
                "일시적으로 이용할 수 없습니다",
                "아무것도 결정되지 않았습니다. 잠시 후 다시 시도하세요.",
            ),
        ),
        #[cfg(feature = "cli")]
        Problem::Draining => (
            (
                "The server is about to end",
                "Requests are still served; send new ones elsewhere.",
            ),
            (
                "서버가 곧 종료됩니다",
                "아직 요청을 처리하지만, 새 요청은 다른 서버로 보내세요.",
            ),
        ),
        #[cfg(feature = "cli")]
        Problem::Overdue => (
            (
                "The request took too long",
                "Whether it was carried out is not known. Look before you send it again.",
            ),
            (
                "요청을 처리하는 데 너무 오래 걸렸습니다",
                "처리되었는지 알 수 없습니다. 다시 보내기 전에 확인하세요.",
            ),
        ),
        Problem::Internal => (
            (
                "Something went wrong here",
                "It is not your fault; the server's log says more.",
            ),
            (
                "서버에 문제가 생겼습니다",
                "요청의 잘못이 아닙니다. 서버 로그에 자세한 내용이 있습니다.",
            ),
        ),
    }
}

const fn username(error: UsernameError) -> (Text, Text) {
    const TITLE: &str = "This can't be a username";
    const KO_TITLE: &str = "사용자 이름으로 쓸 수 없습니다";
    match error {
        UsernameError::Empty => ((TITLE, "It is empty."), (KO_TITLE, "비어 있습니다.")),
        UsernameError::TooLong => (
            (TITLE, "It is longer than 255 bytes."),
            (KO_TITLE, "255바이트보다 깁니다."),
        ),
        UsernameError::Forbidden => (
            (
                TITLE,
                "Use letters, digits and plain punctuation, without spaces, invisible characters or emoji.",
            ),
            (
                KO_TITLE,
                "글자, 숫자, 일반 문장 부호만 쓰세요. 공백, 보이지 않는 문자, 이모지는 쓸 수 없습니다.",
            ),
        ),
    }
}

const fn password(error: PasswordError) -> (Text, Text) {
    const TITLE: &str = "This can't be a password";
    const KO_TITLE: &str = "비밀번호로 쓸 수 없습니다";
    match error {
        PasswordError::Empty => ((TITLE, "It is empty."), (KO_TITLE, "비어 있습니다.")),
        PasswordError::TooLong => (
            (TITLE, "It is longer than 1024 bytes."),
            (KO_TITLE, "1024바이트보다 깁니다."),
        ),
        PasswordError::TooShort => (
            (TITLE, "It has fewer than 15 characters."),
            (KO_TITLE, "15자보다 짧습니다."),
        ),
        PasswordError::Nul => (
            (TITLE, "It contains a NUL character."),
            (KO_TITLE, "NUL 문자가 들어 있습니다."),
        ),
    }
}
