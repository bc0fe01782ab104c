//! Keys on their way out: public ones as JSON, and private ones for the one call that asks for them.

use data_encoding::BASE64URL_NOPAD;
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use super::Jwk;
use crate::{
    crypto::Exported,
    error::{Error, ErrorKind},
    private_key::SecretParts,
    public_key::PublicParts,
};

impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Document<'a> {
            kty: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            crv: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            n: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            e: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            x: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            y: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            kid: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            alg: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none", rename = "use")]
            usage: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            key_ops: Option<&'a [String]>,
        }
        let base64url = |bytes: &[u8]| Some(BASE64URL_NOPAD.encode(bytes));
        let (kty, crv, [n, e, x, y]) = match &self.parts {
            PublicParts::Rsa { n, e } => ("RSA", None, [base64url(n), base64url(e), None, None]),
            PublicParts::Ec { curve, x, y } => (
                "EC",
                Some(curve.name()),
                [None, None, base64url(x), base64url(y)],
            ),
            PublicParts::Ed25519 { x } => {
                ("OKP", Some("Ed25519"), [None, None, base64url(x), None])
            }
        };
        let document = Document {
            kty,
            crv,
            n,
            e,
            x,
            y,
            kid: self.kid(),
            alg: self.algorithm(),
            usage: self.usage.as_deref(),
            key_ops: self.key_ops.as_deref(),
        };
        document.serialize(serializer)
    }
}

/// A private or symmetric key as JSON, in memory that is wiped when dropped.
pub(crate) fn private_jwk(
    public: Option<&Jwk>,
    secret: &Exported,
    kid: Option<&str>,
    alg: &str,
) -> Result<Zeroizing<String>, Error> {
    #[derive(Serialize)]
    struct Symmetric<'a> {
        kty: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        kid: Option<&'a str>,
        alg: &'a str,
        #[serde(rename = "use")]
        usage: &'a str,
    }
    let (head, members) = match (secret, public) {
        (Exported::Symmetric(k), _) => {
            let head = Symmetric {
                kty: "oct",
                kid,
                alg,
                usage: "sig",
            };
            (serde_json::to_string(&head), vec![("k", k)])
        }
        (Exported::Pair(secret), Some(public)) => (
            serde_json::to_string(public),
            match secret {
                SecretParts::Rsa {
                    d,
                    p,
                    q,
                    dp,
                    dq,
                    qi,
                } => vec![
                    ("d", d),
                    ("p", p),
                    ("q", q),
                    ("dp", dp),
                    ("dq", dq),
                    ("qi", qi),
                ],
                SecretParts::Ec { d } | SecretParts::Ed25519 { seed: d } => vec![("d", d)],
            },
        ),
        (Exported::Pair(_), None) => return Err(NOT_EXPORTED),
    };
    let head = head.map_err(|_| NOT_EXPORTED)?;
    let head = head.strip_suffix('}').ok_or(NOT_EXPORTED)?;
    // Reserved in one piece, so that growing leaves no copy behind.
    let texts: usize = members
        .iter()
        .map(|(name, octets)| name.len() + 6 + BASE64URL_NOPAD.encode_len(octets.len()))
        .sum();
    let mut json = Zeroizing::new(String::with_capacity(head.len() + texts + 1));
    json.push_str(head);
    for (name, octets) in members {
        json.push_str(",\"");
        json.push_str(name);
        json.push_str("\":\"");
        BASE64URL_NOPAD.encode_append(octets, &mut json);
        json.push('"');
    }
    json.push('}');
    Ok(json)
}

const NOT_EXPORTED: Error = Error::new(ErrorKind::UnsupportedKey, "the key has no JSON form");
