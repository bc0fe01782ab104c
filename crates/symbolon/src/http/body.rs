//! Request bodies of a few text fields, as JSON or as a form, read strictly.
//!
//! A field is there once, is text, and is known; whatever isn't so is named to the caller. A body
//! that two readers could understand differently (a doubled field, a doubled `Content-Type`) is
//! refused rather than guessed at.

use std::{borrow::Cow, fmt, time::Duration};

use axum::{
    body::{Bytes, HttpBody},
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::{HeaderMap, header},
};
use percent_encoding::percent_decode;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use zeroize::Zeroizing;

use super::error::Problem;

/// No body of the API is longer: a username and a password at their longest, escaped throughout.
pub(super) const BODY_MAX_BYTES: usize = 64 * 1024;
/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long instead, where it was chosen; an extension of the request.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyTimeout(pub(super) Duration);
/// More fields than any body has.
const FIELDS_MAX: usize = 32;

/// The fields of a body, in the order in which they came, doubled ones included.
pub(super) struct Fields(Vec<(String, Value)>);

enum Value {
    Text(Zeroizing<String>),
    Other,
}

impl Fields {
    /// Takes the one value of a field.
    pub(super) fn take(&mut self, name: &'static str) -> Result<Zeroizing<String>, Problem> {
        let mut found = self.0.extract_if(.., |(field, _)| field == name);
        let first = found.next();
        if found.next().is_some() {
            return Err(Problem::DuplicateField(name));
        }
        match first {
            Some((_, Value::Text(text))) => Ok(text),
            Some((_, Value::Other)) => Err(Problem::FieldType(name)),
            None => Err(Problem::MissingField(name)),
        }
    }

    /// Makes sure that nothing is left: a misspelt or smuggled field is told, not dropped.
    pub(super) fn finish(self) -> Result<(), Problem> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Problem::UnknownField)
        }
    }
}

/// Reads a body by its `Content-Type`: `application/json` or `application/x-www-form-urlencoded`.
pub(super) async fn read_fields(request: Request) -> Result<Fields, Problem> {
    if request.headers().contains_key(header::CONTENT_ENCODING) {
        return Err(Problem::UnsupportedMediaType);
    }
    let parse = match media_type(request.headers())?.as_str() {
        "application/json" => parse_json,
        "application/x-www-form-urlencoded" => parse_form,
        _ => return Err(Problem::UnsupportedMediaType),
    };
    let body = read(request).await?;
    let text = str::from_utf8(&body).map_err(|_| Problem::NotUtf8)?;
    parse(text)
}

fn media_type(headers: &HeaderMap) -> Result<String, Problem> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let value = values.next().ok_or(Problem::UnsupportedMediaType)?;
    if values.next().is_some() {
        return Err(Problem::DuplicateContentType);
    }
    let value = value.to_str().map_err(|_| Problem::UnsupportedMediaType)?;
    let essence = value.split(';').next().unwrap_or_default();
    Ok(essence.trim().to_ascii_lowercase())
}

async fn read(mut request: Request) -> Result<Bytes, Problem> {
    // Announced too long is refused before a byte of it is asked for (RFC 9110 §10.1.1).
    if request.body().size_hint().lower() > BODY_MAX_BYTES as u64 {
        return Err(Problem::BodyTooLarge);
    }
    axum::extract::DefaultBodyLimit::max(BODY_MAX_BYTES).apply(&mut request);
    let chosen = request.extensions().get::<BodyTimeout>();
    let time = chosen.map_or(BODY_TIMEOUT, |chosen| chosen.0);
    let reading = Bytes::from_request(request, &());
    match tokio::time::timeout(time, reading).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(BytesRejection::FailedToBufferBody(error)))
            if error.status() == http::StatusCode::PAYLOAD_TOO_LARGE =>
        {
            Err(Problem::BodyTooLarge)
        }
        Ok(Err(_)) => Err(Problem::BodyCutOff),
        Err(_elapsed) => Err(Problem::RequestTimeout),
    }
}

fn parse_json(text: &str) -> Result<Fields, Problem> {
    serde_json::from_str(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Problem::NotAnObject,
        _ => Problem::MalformedJson,
    })
}

/// The URL Standard's form encoding, but strict: bytes that are no UTF-8 are refused instead of
/// being replaced, and so is a `%` without its two digits.
fn parse_form(text: &str) -> Result<Fields, Problem> {
    let fields = read_pairs(text)?.into_iter();
    Ok(Fields(
        fields
            .map(|(name, value)| (name, Value::Text(Zeroizing::new(value))))
            .collect(),
    ))
}

/// Names and values of a form or a query.
pub(super) fn read_pairs(text: &str) -> Result<Vec<(String, String)>, Problem> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let mut read = Vec::new();
    for pair in pairs {
        if read.len() == FIELDS_MAX {
            return Err(Problem::UnknownField);
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        read.push((decode(name)?, decode(value)?));
    }
    Ok(read)
}

fn decode(text: &str) -> Result<String, Problem> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('%') {
        let digits = after.as_bytes().get(..2).ok_or(Problem::MalformedForm)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(Problem::MalformedForm);
        }
        rest = &after[2..];
    }
    let spaced = Zeroizing::new(text.replace('+', " "));
    percent_decode(spaced.as_bytes())
        .decode_utf8()
        .map(Cow::into_owned)
        .map_err(|_| Problem::NotUtf8)
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;

        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(name) = map.next_key()? {
                    let value = map.next_value()?;
                    if fields.len() < FIELDS_MAX {
                        fields.push((name, value));
                    }
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(FieldsVisitor)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Text(String),
            Other(IgnoredAny),
        }

        Ok(match Either::deserialize(deserializer)? {
            Either::Text(text) => Self::Text(Zeroizing::new(text)),
            Either::Other(_) => Self::Other,
        })
    }
}
