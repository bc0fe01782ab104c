//! A look at the claims of RFC 9068's own tokens that copies nothing but the subject.
//!
//! RFC 9068 §2.2 (what has to be there), RFC 9449 §6 and RFC 8705 §3.1 (`cnf`). Most requests want to know
//! who calls and nothing else; the claims are copied when somebody asks for them.
//!
//! Invariant: whatever this takes, `AccessClaims` reads: each claim is of the type that it has there.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, SeqAccess},
};
use symbolon_token::{AccessClaims, Verified};

use super::{loose::Loose, read::Seconds};
use crate::{Invalid, WrongKind, admitted::Proof, digest::Sha256};

/// What is looked at.
#[derive(Deserialize)]
pub(super) struct Glance<'a> {
    #[serde(borrow)]
    sub: Option<Text<'a>>,
    #[serde(borrow)]
    iss: Option<Text<'a>>,
    // Its type has been checked with the signature.
    aud: Option<IgnoredAny>,
    exp: Option<Seconds>,
    iat: Option<Seconds>,
    #[serde(borrow)]
    jti: Option<Text<'a>>,
    #[serde(borrow)]
    client_id: Option<Text<'a>>,
    #[serde(borrow)]
    #[expect(dead_code, reason = "read for its type alone")]
    scope: Option<Text<'a>>,
    #[serde(default)]
    #[expect(dead_code, reason = "read for its type alone")]
    roles: Texts,
    #[expect(dead_code, reason = "read for its type alone")]
    auth_time: Option<i64>,
    #[serde(borrow)]
    #[expect(dead_code, reason = "read for its type alone")]
    sid: Option<Text<'a>>,
    cnf: Option<IgnoredAny>,
    #[serde(default)]
    csrf_sha256: Loose,
}

impl Glance<'_> {
    /// The proof that a token is good and of RFC 9068's kind.
    pub(super) fn take(token: Verified<()>) -> Result<Proof, Invalid> {
        let glance: Glance<'_> = token.claims_as()?;
        if glance.cnf.is_some() {
            return Err(Invalid::WrongKind(WrongKind::Bound));
        }
        let Some(subject) = glance.subject_if_complete() else {
            // The reader of the whole says what is missing.
            token.claims_as::<AccessClaims>()?;
            return Err(Invalid::WrongKind(WrongKind::Other));
        };
        let subject = Box::from(subject);
        let csrf = glance.csrf_sha256.text().and_then(Sha256::from_base64url);
        Ok(Proof::standard(token, subject, csrf))
    }

    fn subject_if_complete(&self) -> Option<&str> {
        let complete = self.iss.is_some()
            && self.aud.is_some()
            && self.jti.is_some()
            && self.client_id.is_some()
            && matches!(self.exp, Some(Seconds(Some(_))))
            && matches!(self.iat, Some(Seconds(Some(_))));
        self.sub.as_ref().filter(|_| complete).map(Text::as_str)
    }
}

/// By what a token may be denied, without a copy.
#[derive(Deserialize)]
pub(crate) struct Names<'a> {
    #[serde(borrow)]
    jti: Text<'a>,
    #[serde(borrow)]
    client_id: Text<'a>,
    #[serde(borrow)]
    sid: Option<Text<'a>>,
}

impl<'a> Names<'a> {
    pub(crate) fn of(claims: &'a AccessClaims) -> Self {
        Self {
            jti: Text::Lying(&claims.jti),
            client_id: Text::Lying(&claims.client_id),
            sid: claims.sid.as_deref().map(Text::Lying),
        }
    }

    pub(crate) fn token_id(&self) -> &str {
        self.jti.as_str()
    }

    pub(crate) fn client_id(&self) -> &str {
        self.client_id.as_str()
    }

    pub(crate) fn session_id(&self) -> Option<&str> {
        self.sid.as_ref().map(Text::as_str)
    }
}

/// A string that lies in the token where it has no escapes.
enum Text<'a> {
    Lying(&'a str),
    Copied(String),
}

impl Text<'_> {
    fn as_str(&self) -> &str {
        match self {
            Self::Lying(text) => text,
            Self::Copied(text) => text,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> de::Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text::Lying(text))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text::Copied(text.to_owned()))
    }
}

/// A list of strings, whatever they are.
#[derive(Default)]
struct Texts;

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> de::Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of strings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
        while list.next_element::<Text<'de>>()?.is_some() {}
        Ok(Texts)
    }
}

#[cfg(test)]
mod tests;
