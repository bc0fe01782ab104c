//! What people read when a login came to nothing: what happened, and whose turn it is.

use symbolon_rules::upstream::Why;

use super::super::messages::Text;

/// English, then Korean.
pub(in crate::http) const fn message(why: Why) -> (Text, Text) {
    match why {
        Why::Malformed => (
            (
                "The provider's answer is incomplete",
                "You weren't logged in. It is your turn: log in again from this site.",
            ),
            (
                "로그인 응답이 온전하지 않습니다",
                "로그인되지 않았습니다. 이 사이트에서 다시 로그인하세요.",
            ),
        ),
        Why::NotUnderWay => (
            (
                "This login is over",
                "It was begun in another browser, more than ten minutes ago, or was finished before. It \
                 is your turn: log in again from this site.",
            ),
            (
                "이미 끝난 로그인입니다",
                "다른 브라우저에서 시작했거나, 10분이 지났거나, 이미 마친 로그인입니다. 이 사이트에서 다시 \
                 로그인하세요.",
            ),
        ),
        Why::WrongProvider => (
            (
                "Another provider has answered",
                "You weren't logged in, and nothing was sent to it. It is your turn: log in again from \
                 this site, and tell its operator if this happens again.",
            ),
            (
                "다른 곳에서 온 로그인 응답입니다",
                "로그인되지 않았고, 그곳에 아무것도 보내지 않았습니다. 이 사이트에서 다시 로그인하세요. \
                 되풀이되면 이 사이트의 운영자에게 알려 주세요.",
            ),
        ),
        Why::Denied => (
            (
                "The login was refused there",
                "You, or the provider for you, said no. It is your turn: log in again if you meant yes.",
            ),
            (
                "로그인이 거절되었습니다",
                "본인이나 로그인 제공자가 허용하지 않았습니다. 허용하려면 다시 로그인하세요.",
            ),
        ),
        Why::NotAdmitted => (
            (
                "You have no account here",
                "The provider knows you, and this site has no account for you, or has disabled it. It is \
                 its operator's turn: ask them.",
            ),
            (
                "이 사이트의 계정이 없습니다",
                "신원은 확인되었지만 이 사이트에 계정이 없거나 사용이 중지되었습니다. 이 사이트의 운영자에게 \
                 문의하세요.",
            ),
        ),
        Why::Unavailable => (
            (
                "The provider doesn't answer",
                "You weren't logged in. It is the provider's turn: try again in a moment.",
            ),
            (
                "로그인 제공자가 응답하지 않습니다",
                "로그인되지 않았습니다. 제공자 쪽의 문제이니 잠시 후 다시 시도하세요.",
            ),
        ),
        Why::Faulty => (
            (
                "The provider's answer can't be believed",
                "You weren't logged in. It is the provider's turn; this site's log says what is wrong. \
                 Tell its operator.",
            ),
            (
                "로그인 제공자의 응답을 믿을 수 없습니다",
                "로그인되지 않았습니다. 제공자 쪽의 문제이며, 자세한 내용은 이 사이트의 로그에 있습니다. \
                 운영자에게 알려 주세요.",
            ),
        ),
        Why::ClientRefused => (
            (
                "The provider doesn't accept this site",
                "You did nothing wrong. It is the operator's turn: how this site is registered at the \
                 provider doesn't fit.",
            ),
            (
                "로그인 제공자가 이 사이트를 받아들이지 않습니다",
                "이용자의 잘못이 아닙니다. 제공자에 등록된 이 사이트의 설정이 맞지 않으니 운영자가 고쳐야 \
                 합니다.",
            ),
        ),
    }
}
