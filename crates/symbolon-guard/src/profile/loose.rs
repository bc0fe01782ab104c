//! A claim that is read where it has a known shape and passed over where it hasn't.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, SeqAccess},
};

/// A string, a list of strings, or the list under `roles` in an object; anything else is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Loose {
    #[default]
    Nothing,
    Text(String),
    List(Vec<String>),
}

impl Loose {
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    pub(crate) fn list(&self) -> &[String] {
        match self {
            Self::List(list) => list,
            _ => &[],
        }
    }

    /// As a `scope` is written: words with a space between.
    pub(crate) fn words(&self) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Text(text) => Some(text.clone()),
            Self::List(list) => Some(list.join(" ")),
        }
    }
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything)
    }
}

struct Anything;

impl<'de> de::Visitor<'de> for Anything {
    type Value = Loose;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Loose, E> {
        Ok(Loose::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Loose, A::Error> {
        let mut list = Some(Vec::new());
        while let Some(item) = items.next_element::<Loose>()? {
            list = match (list, item) {
                (Some(mut list), Loose::Text(text)) => {
                    list.push(text);
                    Some(list)
                }
                _ => None,
            };
        }
        Ok(list.map_or(Loose::Nothing, Loose::List))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Loose, A::Error> {
        let mut roles = Loose::Nothing;
        while let Some(name) = members.next_key::<String>()? {
            if name == "roles" {
                roles = members.next_value()?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(match roles {
            Loose::List(_) => roles,
            _ => Loose::Nothing,
        })
    }

    fn visit_unit<E: de::Error>(self) -> Result<Loose, E> {
        Ok(Loose::Nothing)
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Loose, E> {
        Ok(Loose::Nothing)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Loose, E> {
        Ok(Loose::Nothing)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Loose, E> {
        Ok(Loose::Nothing)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Loose, E> {
        Ok(Loose::Nothing)
    }
}
