//! PEM armour, strictly (RFC 7468): one block, the label it claims, nothing around it.
//!
//! Which of several keys in a file was meant is a question this module doesn't guess at.

use data_encoding::BASE64;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, ErrorKind};

const BROKEN: Error = Error::new(ErrorKind::InvalidKey, "this isn't one valid PEM block");

/// The label of a PEM block and what is inside.
pub(crate) struct Pem<'a> {
    pub(crate) label: &'a str,
    pub(crate) der: Zeroizing<Vec<u8>>,
}

impl<'a> Pem<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, Error> {
        let (label, rest) = text
            .trim_ascii()
            .strip_prefix("-----BEGIN ")
            .and_then(|rest| rest.split_once("-----"))
            .ok_or(BROKEN)?;
        let body = rest
            .strip_suffix("-----")
            .and_then(|rest| rest.strip_suffix(label))
            .and_then(|rest| rest.strip_suffix("-----END "))
            .ok_or(BROKEN)?;
        let mut base64: Vec<u8> = body
            .bytes()
            .filter(|byte| !matches!(byte, b'\r' | b'\n'))
            .collect();
        let der = BASE64.decode(&base64);
        base64.zeroize();
        Ok(Self {
            label,
            der: Zeroizing::new(der.map_err(|_| BROKEN)?),
        })
    }
}

/// A block in lines of 64 characters (RFC 7468 §2). Its text may be secret: whoever asks wipes it, and no
/// copy is left behind.
pub(crate) fn armour(label: &str, der: &[u8]) -> String {
    let body = Zeroizing::new(BASE64.encode(der));
    let around = 2 * ("-----BEGIN -----\n".len() + label.len());
    let mut pem = String::with_capacity(body.len() + body.len() / 64 + 1 + around);
    for part in ["-----BEGIN ", label, "-----\n"] {
        pem.push_str(part);
    }
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at_checked(64).unwrap_or((rest, ""));
        pem.push_str(line);
        pem.push('\n');
        rest = behind;
    }
    for part in ["-----END ", label, "-----\n"] {
        pem.push_str(part);
    }
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_block_with_matching_labels() {
        let pem = Pem::parse("\n-----BEGIN A KEY-----\r\nAAEC\r\nAw==\r\n-----END A KEY-----\n");
        let pem = pem.expect("valid PEM");
        assert_eq!(pem.label, "A KEY");
        assert_eq!(*pem.der, [0, 1, 2, 3]);
    }

    #[test]
    fn what_is_written_is_read_and_never_grows() {
        for length in [0, 1, 47, 48, 49, 96, 1200] {
            let der: Vec<u8> = (0..length).map(|at: u32| at.to_le_bytes()[0]).collect();
            let text = armour("A KEY", &der);
            assert!(text.lines().all(|line| line.len() <= 64), "{text}");
            // A text that had grown would have left a copy of itself behind.
            assert!(
                text.len() <= text.capacity() && text.capacity() <= text.len() + 3,
                "{length}"
            );
            let pem = Pem::parse(&text).expect("valid PEM");
            assert_eq!((pem.label, pem.der.as_slice()), ("A KEY", der.as_slice()));
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for bad in [
            "",
            "AAEC",
            "-----BEGIN A-----AAEC-----END B-----",
            "-----BEGIN A-----AAEC",
            "-----BEGIN A-----AAEC-----END A----- more",
            "before -----BEGIN A-----AAEC-----END A-----",
            "-----BEGIN A-----AA EC-----END A-----",
            "-----BEGIN A-----AAE-----END A-----",
            "-----BEGIN A-----Key: value\n\nAAEC-----END A-----",
            "-----BEGIN A-----AAEC-----END A----------BEGIN A-----AAEC-----END A-----",
        ] {
            assert!(Pem::parse(bad).is_err(), "{bad}");
        }
    }
}
