//! A parameter of the query, by explicit choice (RFC 6750 §2.3).
//!
//! Invariant: one spelling. A parameter whose name needs decoding to be ours is a credential that can't be
//! read, not another parameter: what is in front of us may have decoded it.

use super::{Credential, Malformed};

pub(super) fn credential<'a>(query: Option<&'a str>, parameter: &str) -> Credential<'a> {
    let mut found = None;
    for pair in query.unwrap_or_default().split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name == parameter {
            if found.is_some() {
                return Credential::Malformed(Malformed::Repeated);
            }
            found = Some(value);
        } else if pair.split(';').any(|part| {
            // Some parsers end a pair at a semicolon too.
            let name = part.split_once('=').map_or(part, |(name, _)| name);
            decodes_to(name, parameter)
        }) {
            return Credential::Malformed(Malformed::NotAToken);
        }
    }
    match found {
        Some(value) => Credential::token(value.as_bytes()),
        None => Credential::Absent(super::Absent::Nowhere),
    }
}

/// Whether a name with escapes in it is this one, in any case of letters.
fn decodes_to(name: &str, parameter: &str) -> bool {
    let mut rest = name.bytes();
    let mut expected = parameter.bytes();
    loop {
        let byte = match rest.next() {
            None => return expected.next().is_none(),
            Some(b'%') => match (rest.next().and_then(hex), rest.next().and_then(hex)) {
                (Some(high), Some(low)) => high << 4 | low,
                _ => return false,
            },
            Some(byte) => byte,
        };
        if expected
            .next()
            .is_none_or(|expected| !expected.eq_ignore_ascii_case(&byte))
        {
            return false;
        }
    }
}

fn hex(digit: u8) -> Option<u8> {
    let value = (digit as char).to_digit(16)?;
    u8::try_from(value).ok()
}
