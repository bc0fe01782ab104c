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
