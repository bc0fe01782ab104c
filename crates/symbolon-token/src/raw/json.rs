//! The JSON serializations (RFC 7515 §7.2): one signature flattened, or several in a list.
//!
//! What stands in an unprotected header isn't signed. It may name the key and its algorithm, because a
//! wrong name finds no key that fits; everything that is refused in a protected header is refused there,
//! and no member may stand in both (§4).

use serde::Serialize;

use super::{LIMIT, TOO_LARGE, VerifiedPayload, key_for, text, within_limit};
use crate::{
    KeySet, SigningKey, Typ, VerifyingKey, base64,
    error::{Error, ErrorKind},
    header::Header,
    json::{self, Object, Text, Value},
    jws::{HEADER_LIMIT, check_signature, decode},
    sign,
};

/// The most signatures that a document may have.
const SIGNATURE_LIMIT: usize = 16;

#[derive(Serialize)]
struct Flattened<'a> {
    payload: &'a str,
    protected: &'a str,
    signature: &'a str,
}

#[derive(Serialize)]
struct General<'a> {
    payload: &'a str,
    signatures: Vec<Signature>,
}

#[derive(Serialize)]
struct Signature {
    protected: String,
    signature: String,
}

/// Signs octets into the flattened JSON serialization (RFC 7515 §7.2.2).
///
/// Fails if the document would be longer than 1 MiB.
///
/// ```
/// use symbolon_token::{Algorithm, KeySet, SigningKey, raw};
///
/// let key = SigningKey::generate(Algorithm::ES256)?;
/// let document = raw::sign_flattened(&key, None, b"a release")?;
/// let keys = KeySet::new([key.verifying_key()])?;
/// assert_eq!(raw::verify_json(&keys, &document)?.payload(), b"a release");
/// # Ok::<(), symbolon_token::Error>(())
/// ```
pub fn sign_flattened(
    key: &SigningKey,
    typ: Option<&Typ>,
    payload: &[u8],
) -> Result<String, Error> {
    let payload = encoded(payload)?;
    let one = seal(key, typ, &payload)?;
    write(&Flattened {
        payload: &payload,
        protected: &one.protected,
        signature: &one.signature,
    })
}

/// Signs octets with several keys into the general JSON serialization (RFC 7515 §7.2.1).
///
/// ```
/// use symbolon_token::{Algorithm, KeySet, SigningKey, raw};
///
/// let old = SigningKey::generate(Algorithm::ES256)?;
/// let new = SigningKey::generate(Algorithm::Ed25519)?;
/// let document = raw::sign_general(&[&old, &new], None, b"a release")?;
/// let keys = KeySet::new([new.verifying_key()])?;
/// assert_eq!(raw::verify_json(&keys, &document)?.key_id(), new.kid());
/// # Ok::<(), symbolon_token::Error>(())
/// ```
pub fn sign_general(
    keys: &[&SigningKey],
    typ: Option<&Typ>,
    payload: &[u8],
) -> Result<String, Error> {
    if keys.is_empty() || keys.len() > SIGNATURE_LIMIT {
        return Err(Error::new(
            ErrorKind::SigningFailed,
            "a document takes from 1 to 16 signatures",
        ));
    }
    let payload = encoded(payload)?;
    let signatures = keys.iter().map(|key| seal(key, typ, &payload));
    write(&General {
        payload: &payload,
        signatures: signatures.collect::<Result<_, _>>()?,
    })
}

/// Checks a document in either JSON serialization (RFC 7515 §7.2, §5.2).
///
/// Each signature whose key is in the set must be good, and there must be at least one;
/// [`VerifiedPayload::signers`] says which. Signatures of keys that aren't there are somebody else's
/// business.
pub fn verify_json(keys: &KeySet, document: &str) -> Result<VerifiedPayload, Error> {
    if document.len() > LIMIT {
        return Err(TOO_LARGE);
    }
    let mut outer = Members::default();
    Object::scan(document, |name, value| outer.note(name, value))?;
    let payload = string(outer.payload)?.ok_or(malformed("the document has no payload"))?;
    let signatures = match outer.signatures {
        None => vec![outer],
        Some(list) => {
            if outer.signature.is_some() || outer.protected.is_some() || outer.header.is_some() {
                return Err(malformed("the document is both flattened and general"));
            }
            signatures(list)?
        }
    };
    let mut signers = Vec::new();
    let mut missing = None;
    for one in &signatures {
        match one.check(keys, payload) {
            Ok(key) => signers.push(key.clone()),
            Err(error) if error.is_unknown_key() => missing = Some(error),
            Err(error) => return Err(error),
        }
    }
    if signers.is_empty() {
        return Err(missing.unwrap_or(malformed("the document has no signature")));
    }
    Ok(VerifiedPayload {
        payload: decode(payload)?,
        signers,
    })
}

/// The members of a document or of one of its signatures.
#[derive(Default)]
struct Members<'a> {
    payload: Option<Value<'a>>,
    protected: Option<Value<'a>>,
    header: Option<Value<'a>>,
    signature: Option<Value<'a>>,
    signatures: Option<Value<'a>>,
}

impl<'a> Members<'a> {
    fn note(&mut self, name: Text<'a>, value: Value<'a>) {
        let place = match name.decoded().as_ref() {
            "payload" => &mut self.payload,
            "protected" => &mut self.protected,
            "header" => &mut self.header,
            "signature" => &mut self.signature,
            "signatures" => &mut self.signatures,
            _ => return,
        };
        *place = Some(value);
    }

    fn check<'k>(&self, keys: &'k KeySet, payload: &str) -> Result<&'k VerifyingKey, Error> {
        let protected = string(self.protected)?.unwrap_or_default();
        if protected.len() > HEADER_LIMIT {
            return Err(Error::new(ErrorKind::TooLarge, "the header is too long"));
        }
        let decoded = decode(protected)?;
        let unprotected = match self.header {
            None => None,
            Some(Value::Object(object)) => Some(object),
            Some(_) => return Err(malformed("the unprotected header isn't an object")),
        };
        let text = json::utf8(&decoded)?;
        let header = Header::parse_parts((!text.is_empty()).then_some(text), unprotected)?;
        let key = key_for(keys, &header)?;
        let signature = string(self.signature)?.ok_or(malformed("a signature is missing"))?;
        let input = format!("{protected}.{payload}");
        check_signature(key, input.as_bytes(), signature)?;
        Ok(key)
    }
}

fn signatures(list: Value<'_>) -> Result<Vec<Members<'_>>, Error> {
    let Value::Array(list) = list else {
        return Err(malformed("the signatures aren't a list"));
    };
    if list.items().nth(SIGNATURE_LIMIT).is_some() {
        return Err(Error::new(
            ErrorKind::TooLarge,
            "the document has more than 16 signatures",
        ));
    }
    list.items()
        .map(|item| {
            let Value::Object(object) = item else {
                return Err(malformed("a signature isn't an object"));
            };
            let mut members = Members::default();
            for (name, value) in object.members() {
                members.note(name, value);
            }
            Ok(members)
        })
        .collect()
}

/// Base64url needs no escapes, so a text that has any isn't it.
fn string(value: Option<Value<'_>>) -> Result<Option<&str>, Error> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.raw())),
        Some(_) => Err(malformed("a member of the document isn't a string")),
    }
}

fn encoded(payload: &[u8]) -> Result<String, Error> {
    let mut segment = Vec::new();
    base64::encode_append(payload, &mut segment);
    text(segment)
}

fn seal(key: &SigningKey, typ: Option<&Typ>, payload: &str) -> Result<Signature, Error> {
    let protected = sign::Header::new(key, typ.map(Typ::as_str)).encoded()?;
    let signature = key.sign(format!("{protected}.{payload}").as_bytes())?;
    Ok(Signature {
        signature: encoded(signature.as_ref())?,
        protected,
    })
}

fn write(document: &impl Serialize) -> Result<String, Error> {
    let json = serde_json::to_string(document)
        .map_err(|_| Error::new(ErrorKind::SigningFailed, "the signature wasn't made"))?;
    within_limit(json)
}

const fn malformed(reason: &'static str) -> Error {
    Error::new(ErrorKind::Malformed, reason)
}
