//! What a token endpoint gives (RFC 6749 §5.1).

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use symbolon_rules::upstream::{Refusal, Why};
use symbolon_token::Timestamp;
use zeroize::Zeroizing;

/// Tokens of a provider; silent in `Debug`, wiped when dropped.
#[derive(Clone, Serialize, Deserialize)]
pub struct Tokens {
    pub(super) access_token: Zeroizing<String>,
    pub(super) refresh_token: Option<Zeroizing<String>>,
    pub(super) id_token: Option<Zeroizing<String>>,
    pub(super) scope: Option<String>,
    pub(super) expires_at_millis: Option<i64>,
}

impl Tokens {
    /// The access token, for `Authorization: Bearer` at the provider's APIs.
    pub fn access_token(&self) -> &str {
        &self.access_token
    }

    /// When the access token ends, if the provider says so.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at_millis.map(Timestamp::from_millis)
    }

    /// What gives another access token, if there is one.
    pub fn refresh_token(&self) -> Option<&str> {
        self.refresh_token.as_ref().map(|token| token.as_str())
    }

    /// The scopes that were granted, where they aren't those that were asked for.
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// The ID token as it came, for the provider itself to read again.
    pub(crate) fn id_token(&self) -> Option<&str> {
        self.id_token.as_ref().map(|token| token.as_str())
    }

    /// Whether the access token is good for so long from now on. One that doesn't say is taken to be.
    pub(crate) fn is_good_for(&self, ahead: Duration, now: Timestamp) -> bool {
        self.expires_at().is_none_or(|end| now + ahead < end)
    }

    /// Reads an answer. What a refresh doesn't give anew stays as it was (RFC 6749 §6).
    pub(super) fn read(
        body: &[u8],
        before: Option<&Self>,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let unreadable = Refusal::new(Why::Faulty, "the token endpoint's answer can't be read");
        let answer: Answer = serde_json::from_slice(body).map_err(|_| unreadable)?;
        // RFC 6749 §7.1: a token whose kind isn't understood must not be used.
        if !answer.token_type.eq_ignore_ascii_case("bearer") {
            return Err(Refusal::new(
                Why::Faulty,
                "the access token is not a bearer token",
            ));
        }
        let plain = |token: &Zeroizing<String>| {
            !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let given = [Some(&answer.access_token), answer.refresh_token.as_ref()];
        if !given.into_iter().flatten().all(plain) {
            return Err(Refusal::new(
                Why::Faulty,
                "a token is empty or holds what no token has",
            ));
        }
        let lifetime = answer.expires_in.map(Seconds::duration).transpose()?;
        let kept = |of: fn(&Self) -> &Option<Zeroizing<String>>| before.and_then(|b| of(b).clone());
        Ok(Self {
            access_token: answer.access_token,
            refresh_token: answer
                .refresh_token
                .or_else(|| kept(|before| &before.refresh_token)),
            id_token: answer.id_token.or_else(|| kept(|before| &before.id_token)),
            scope: answer.scope,
            expires_at_millis: lifetime.map(|lifetime| (now + lifetime).as_millis()),
        })
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("expires_at", &self.expires_at())
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Answer {
    access_token: Zeroizing<String>,
    token_type: String,
    expires_in: Option<Seconds>,
    refresh_token: Option<Zeroizing<String>>,
    id_token: Option<Zeroizing<String>>,
    scope: Option<String>,
}

/// A number, or its digits as text, which some providers send.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
}

impl Seconds {
    fn duration(self) -> Result<Duration, Refusal> {
        /// Beyond this nobody means seconds from now.
        const LONGEST: f64 = 10.0 * 366.0 * 86_400.0;
        let seconds = match self {
            Self::Number(seconds) => Some(seconds),
            Self::Text(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
            Self::Text(_) => None,
        };
        seconds
            .filter(|seconds| (0.0..=LONGEST).contains(seconds))
            .map(Duration::from_secs_f64)
            .ok_or(Refusal::new(
                Why::Faulty,
                "the access token's lifetime is no number of seconds",
            ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn read(json: &str) -> Result<Tokens, &'static str> {
        Tokens::read(json.as_bytes(), None, NOW).map_err(|refusal| refusal.reason)
    }

    #[test]
    fn an_answer_is_read_as_providers_write_it() {
        for (json, seconds) in [
            (r#"{"access_token":"a","token_type":"Bearer"}"#, None),
            (
                r#"{"access_token":"a","token_type":"bearer","expires_in":60}"#,
                Some(60),
            ),
            (
                r#"{"access_token":"a","token_type":"BEARER","expires_in":"60","x":[]}"#,
                Some(60),
            ),
        ] {
            let tokens = read(json).unwrap();
            let end = seconds.map(|seconds| NOW + Duration::from_secs(seconds));
            assert_eq!(tokens.expires_at(), end, "{json}");
        }
    }

    #[test]
    fn an_answer_that_means_nothing_is_refused() {
        for json in [
            "",
            "[]",
            "{}",
            r#"{"access_token":"a"}"#,
            r#"{"access_token":"a","token_type":"DPoP"}"#,
            r#"{"access_token":"","token_type":"Bearer"}"#,
            r#"{"access_token":"a\r\nX: y","token_type":"Bearer"}"#,
            r#"{"access_token":7,"token_type":"Bearer"}"#,
            r#"{"access_token":"a","token_type":"Bearer","expires_in":-1}"#,
            r#"{"access_token":"a","token_type":"Bearer","expires_in":1e300}"#,
            r#"{"access_token":"a","token_type":"Bearer","expires_in":"soon"}"#,
            r#"{"access_token":"a","token_type":"Bearer","refresh_token":""}"#,
        ] {
            assert!(read(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_refresh_keeps_what_it_does_not_replace() {
        let first = read(r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r"}"#);
        let next = br#"{"access_token":"b","token_type":"Bearer"}"#;
        let next = Tokens::read(next, Some(&first.unwrap()), NOW).unwrap();
        assert_eq!(next.access_token(), "b");
        assert_eq!(next.refresh_token(), Some("r"));
        assert!(!format!("{next:?}").contains("\"b\""));
    }
}
