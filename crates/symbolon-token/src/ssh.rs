//! Public keys in a line of OpenSSH (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4): `type base64 comment`.
//!
//! The type stands outside and inside, and both must agree; numbers have one form (RFC 4251 §5).

use data_encoding::BASE64;

use crate::{
    error::{Error, ErrorKind},
    public_key::{Curve, PublicParts},
};

const BROKEN: Error = Error::new(
    ErrorKind::InvalidKey,
    "this isn't one public key of OpenSSH",
);
const UNSUPPORTED: Error = Error::new(
    ErrorKind::UnsupportedKey,
    "keys of this type of OpenSSH aren't supported",
);

pub(crate) fn read(line: &str) -> Result<PublicParts, Error> {
    let line = line.trim_ascii();
    let mut words = line.splitn(3, ' ');
    let (Some(kind), Some(blob)) = (words.next(), words.next()) else {
        return Err(BROKEN);
    };
    if line.contains(['\n', '\r']) {
        return Err(BROKEN);
    }
    let blob = BASE64.decode(blob.as_bytes()).map_err(|_| BROKEN)?;
    let mut fields = Fields(&blob);
    if fields.next().ok_or(BROKEN)? != kind.as_bytes() {
        return Err(BROKEN);
    }
    let parts = match kind {
        "ssh-rsa" => {
            let e = fields.number().ok_or(BROKEN)?;
            let n = fields.number().ok_or(BROKEN)?;
            PublicParts::Rsa { n, e }
        }
        "ssh-ed25519" => PublicParts::Ed25519 {
            x: fields
                .next()
                .and_then(|x| x.try_into().ok())
                .ok_or(BROKEN)?,
        },
        _ => {
            let (_, curve) = CURVES
                .into_iter()
                .find(|(name, _)| kind.strip_prefix("ecdsa-sha2-") == Some(name))
                .ok_or(UNSUPPORTED)?;
            if fields.next() != kind.strip_prefix("ecdsa-sha2-").map(str::as_bytes) {
                return Err(BROKEN);
            }
            PublicParts::from_point(curve, fields.next().ok_or(BROKEN)?)?
        }
    };
    if fields.0.is_empty() {
        Ok(parts)
    } else {
        Err(BROKEN)
    }
}

/// The key as a line without comment. OpenSSH has no name for secp256k1.
pub(crate) fn write(parts: &PublicParts) -> Result<String, Error> {
    let (kind, fields) = match parts {
        PublicParts::Rsa { n, e } => ("ssh-rsa".to_owned(), vec![number(e), number(n)]),
        PublicParts::Ed25519 { x } => ("ssh-ed25519".to_owned(), vec![x.to_vec()]),
        PublicParts::Ec { curve, x, y } => {
            let (name, _) = CURVES
                .into_iter()
                .find(|(_, named)| named == curve)
                .ok_or(UNSUPPORTED)?;
            let point = [&[4], x.as_slice(), y].concat();
            (
                format!("ecdsa-sha2-{name}"),
                vec![name.as_bytes().to_vec(), point],
            )
        }
    };
    let mut blob = field(kind.as_bytes());
    for one in fields {
        blob.extend(field(&one));
    }
    Ok(format!("{kind} {}", BASE64.encode(&blob)))
}

const CURVES: [(&str, Curve); 3] = [
    ("nistp256", Curve::P256),
    ("nistp384", Curve::P384),
    ("nistp521", Curve::P521),
];

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (field, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(field)
    }

    /// A positive number without the zero that keeps it positive.
    fn number(&mut self) -> Option<Vec<u8>> {
        match self.next()? {
            [0, rest @ ..] if rest.first().is_some_and(|first| *first >= 0x80) => {
                Some(rest.to_vec())
            }
            number @ [1..=0x7f, ..] => Some(number.to_vec()),
            _ => None,
        }
    }
}

fn number(octets: &[u8]) -> Vec<u8> {
    match octets.first() {
        Some(..0x80) => octets.to_vec(),
        _ => [&[0], octets].concat(),
    }
}

fn field(octets: &[u8]) -> Vec<u8> {
    // Keys are a few hundred octets long.
    let length = u32::try_from(octets.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), octets].concat()
}
