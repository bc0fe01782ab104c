//! What people read: one sentence, in English and Korean side by side, so that a change of the one shows
//! the other.

use symbolon_token::{Error, ErrorKind};

use super::Language;
use crate::{CrossSite, Hook, Invalid, Malformed, Reason, Sources, WrongKind, source::Source};

/// One sentence for people.
pub(crate) fn detail(reason: &Reason, sources: &Sources, language: Language) -> String {
    let (english, korean) = match reason {
        Reason::Absent(_) => absent(sources.in_order().first()),
        Reason::Invalid(Invalid::Token(error)) => refused(describe(error)),
        Reason::Invalid(Invalid::WrongKind(kind)) => refused(describe_kind(*kind)),
        Reason::SignedOut => refused(SIGNED_OUT),
        Reason::Invalid(Invalid::Request(why)) => {
            let (english, korean) = malformed(*why);
            (
                format!("The credential cannot be read: {english}."),
                format!("인증 정보를 읽을 수 없습니다: {korean}."),
            )
        }
        Reason::Invalid(Invalid::CrossSite(why)) => {
            let korean = match why {
                CrossSite::Sender => "다른 사이트에서 온 요청입니다",
                CrossSite::NoValue => "CSRF 값이 없습니다",
                CrossSite::WrongValue => "CSRF 값이 토큰의 것과 다릅니다",
            };
            (
                format!("The request is refused: {why}."),
                format!("요청을 받아들이지 않았습니다: {korean}."),
            )
        }
        Reason::MissingScope(scope) => (
            format!("The token lacks the scope {scope:?}."),
            format!("토큰에 {scope:?} 스코프가 없습니다."),
        ),
        Reason::MissingRole(role) => (
            format!("The caller lacks the role {role:?}."),
            format!("호출자에게 {role:?} 역할이 없습니다."),
        ),
        Reason::NotFresh(_) => (
            "The login is too long ago for this: log in again.".to_owned(),
            "로그인한 지 오래되었습니다. 다시 로그인하세요.".to_owned(),
        ),
        Reason::NotAllowed => (
            "The caller may not do this.".to_owned(),
            "호출자는 이 작업을 할 수 없습니다.".to_owned(),
        ),
        Reason::Unavailable(_) => (
            "The keys to check this token with cannot be had at the moment.".to_owned(),
            "지금은 이 토큰을 확인할 키를 얻을 수 없습니다.".to_owned(),
        ),
        Reason::HookFailed(failed) => {
            let korean = match failed.hook {
                Hook::DenyCheck => "지금은 토큰이 아직 유효한지 알 수 없습니다.",
                Hook::UserLoader => "지금은 사용자를 조회할 수 없습니다.",
                Hook::Check => "지금은 호출자의 권한을 알 수 없습니다.",
            };
            (format!("At the moment {failed}."), korean.to_owned())
        }
    };
    match language {
        Language::English => english,
        Language::Korean => korean,
    }
}

/// The same in both languages.
type Both = (&'static str, &'static str);

fn absent(first: Option<&Source>) -> (String, String) {
    match first {
        Some(Source::RawToken) => (
            "An access token is needed: send it as Authorization, without a scheme.".to_owned(),
            "액세스 토큰이 필요합니다: Authorization에 스킴 없이 보내세요.".to_owned(),
        ),
        Some(Source::Scheme(scheme)) => {
            let scheme = scheme.as_str();
            (
                format!("An access token is needed: send it as Authorization: {scheme}."),
                format!("액세스 토큰이 필요합니다: Authorization: {scheme}로 보내세요."),
            )
        }
        Some(Source::Cookie(_)) => (
            "An access token is needed: log in, and the browser will send it.".to_owned(),
            "액세스 토큰이 필요합니다: 로그인하면 브라우저가 보냅니다.".to_owned(),
        ),
        Some(Source::Query(_) | Source::JsonField(_)) | None => (
            "An access token is needed.".to_owned(),
            "액세스 토큰이 필요합니다.".to_owned(),
        ),
    }
}

fn refused((english, korean): Both) -> (String, String) {
    (
        format!("The access token is refused: {english}."),
        format!("액세스 토큰을 받아들이지 않았습니다: {korean}."),
    )
}

/// What the caller of a token that counts no more is told.
pub(super) const SIGNED_OUT: Both = (
    "its user is not signed in any more",
    "사용자가 더 이상 로그인해 있지 않습니다",
);

/// What the caller is told. Coarser than the token's own error, and the English free of the characters that
/// an `error_description` must not hold (RFC 6750 §3: no quote, no backslash, ASCII).
pub(super) fn describe(error: &Error) -> Both {
    match error.kind() {
        ErrorKind::Expired => ("it has expired", "만료되었습니다"),
        ErrorKind::NotYetValid => ("it is not valid yet", "아직 유효하지 않습니다"),
        ErrorKind::WrongIssuer => ("it is from another issuer", "다른 발급자의 토큰입니다"),
        ErrorKind::WrongAudience => (
            "it is meant for another audience",
            "다른 서비스를 위한 토큰입니다",
        ),
        ErrorKind::WrongTyp => ("it is not an access token", "액세스 토큰이 아닙니다"),
        ErrorKind::UnknownKey => (
            "it is signed with an unknown key",
            "알 수 없는 키로 서명되었습니다",
        ),
        ErrorKind::BadSignature => ("its signature is wrong", "서명이 맞지 않습니다"),
        ErrorKind::AlgorithmNotAllowed => (
            "its algorithm is not allowed",
            "허용되지 않는 알고리즘입니다",
        ),
        ErrorKind::MissingClaim | ErrorKind::InvalidClaim | ErrorKind::UnreadableClaims => (
            "its claims are incomplete or wrong",
            "클레임이 빠졌거나 잘못되었습니다",
        ),
        ErrorKind::TooLarge => ("it is too large", "너무 큽니다"),
        _ => ("it is malformed", "형식이 맞지 않습니다"),
    }
}

pub(super) const fn describe_kind(kind: WrongKind) -> Both {
    match kind {
        WrongKind::IdToken => (
            "it is an ID token, not an access token",
            "액세스 토큰이 아니라 ID 토큰입니다",
        ),
        WrongKind::Bound => (
            "it is bound to a key, and no proof of it is taken here",
            "키에 묶인 토큰인데 여기서는 그 증명을 받지 않습니다",
        ),
        WrongKind::Other => ("it is not an access token", "액세스 토큰이 아닙니다"),
    }
}

/// The English is `Malformed`'s own.
fn malformed(why: Malformed) -> (String, &'static str) {
    let korean = match why {
        Malformed::Repeated => "같은 인증 정보가 두 번 있습니다",
        Malformed::Several => "인증 정보가 여러 개 있습니다",
        Malformed::TooLarge => "본문이 너무 커서 토큰을 찾지 않았습니다",
        Malformed::NoScheme => "Authorization에 스킴이 없습니다",
        Malformed::NoToken => "토큰이 있어야 할 자리가 비어 있습니다",
        Malformed::ExtraWords => "토큰이 있어야 할 자리에 여러 단어가 있습니다",
        Malformed::NotAToken => "토큰이 있어야 할 자리에 다른 것이 있습니다",
    };
    (why.to_string(), korean)
}
