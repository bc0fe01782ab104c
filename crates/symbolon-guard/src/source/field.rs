//! A member of a JSON object in the body, by explicit choice.
//!
//! Invariant: the member counts once, at the top of the object. Twice is a credential that can't be read:
//! parsers disagree about which of the two holds.

use super::{Absent, Credential, Malformed};

/// What the body held in the place of a token. In the extensions of a request that is being judged.
#[derive(Clone, Debug)]
pub(crate) enum BodyToken {
    #[cfg_attr(
        not(feature = "axum"),
        expect(dead_code, reason = "the layer makes it")
    )]
    Token(String),
    #[cfg_attr(
        not(feature = "axum"),
        expect(dead_code, reason = "the layer makes it")
    )]
    Malformed(Malformed),
}

pub(super) fn credential(body: Option<&BodyToken>) -> Credential<'_> {
    match body {
        None => Credential::Absent(Absent::Nowhere),
        Some(BodyToken::Token(token)) => Credential::token(token.as_bytes()),
        Some(BodyToken::Malformed(why)) => Credential::Malformed(*why),
    }
}

#[cfg(feature = "axum")]
mod reading {
    use std::fmt;

    use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess};

    use super::{BodyToken, Malformed};

    impl BodyToken {
        /// Looks for the member in a body. A body that isn't a JSON object has none; what else is wrong
        /// with it is for the handler to say.
        pub(crate) fn find(body: &[u8], member: &str) -> Option<Self> {
            let mut json = serde_json::Deserializer::from_slice(body);
            let found = Member(member).deserialize(&mut json);
            match found {
                Ok(Found::Nothing) | Err(_) => None,
                Ok(Found::Text(token)) => Some(Self::Token(token)),
                Ok(Found::Repeated) => Some(Self::Malformed(Malformed::Repeated)),
                Ok(Found::NoText) => Some(Self::Malformed(Malformed::NotAToken)),
            }
        }
    }

    enum Found {
        Nothing,
        Text(String),
        NoText,
        Repeated,
    }

    struct Member<'m>(&'m str);

    impl<'de> DeserializeSeed<'de> for Member<'_> {
        type Value = Found;

        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
            deserializer.deserialize_map(self)
        }
    }

    impl<'de> de::Visitor<'de> for Member<'_> {
        type Value = Found;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Found, A::Error> {
            let mut found = Found::Nothing;
            while let Some(name) = members.next_key::<String>()? {
                if name != self.0 {
                    members.next_value::<IgnoredAny>()?;
                    continue;
                }
                let value: serde_json::Value = members.next_value()?;
                found = match (found, value) {
                    (Found::Nothing, serde_json::Value::String(token)) => Found::Text(token),
                    (Found::Nothing, _) => Found::NoText,
                    _ => Found::Repeated,
                };
            }
            Ok(found)
        }
    }
}
