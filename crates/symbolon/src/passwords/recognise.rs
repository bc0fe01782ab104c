//! What stands in another program's password column: a hash, a password in clear, or nothing.
//!
//! Invariant: what may be a hash is never taken for a password in clear. It would make the hash
//! itself the password, and whoever has seen the old table could sign in with it.

use std::sync::Arc;

use symbolon_rules::password::{PasswordError, PasswordHash, PlainPassword};

use super::{HashError, Scheme, StoredHash};

/// What a password column holds.
#[derive(Debug)]
pub(crate) enum Recognised {
    /// A hash that passwords can be compared with, and its scheme where that isn't the default one.
    Hash(PasswordHash, Option<Scheme>),
    /// Nothing that any password matches: the user signs in by other means.
    Unset,
    /// A password in clear.
    Plain(Arc<PlainPassword>),
}

/// Why a password can't be taken over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unrecognised {
    /// It is a hash of a known form, and can't be used.
    #[error("the password hash can't be used: {0}")]
    Hash(HashError),
    /// It looks like a hash, and isn't of a known form.
    #[error("the password looks like a hash, of a scheme that can't be taken over")]
    Scheme,
    /// It can't be a password.
    #[error("this can't be a password: {0}")]
    Plain(PasswordError),
}

/// Tells what a text of a password column is.
pub(crate) fn recognise(text: &str) -> Result<Recognised, Unrecognised> {
    if text.is_empty() || is_unusable(text) {
        return Ok(Recognised::Unset);
    }
    if let Some(found) = StoredHash::find(text) {
        let scheme = found.map_err(Unrecognised::Hash)?.scheme().clone();
        let hash = PasswordHash::from_phc(text.to_owned());
        return Ok(Recognised::Hash(
            hash,
            (scheme != Scheme::DEFAULT).then_some(scheme),
        ));
    }
    if looks_like_a_hash(text) {
        return Err(Unrecognised::Scheme);
    }
    PlainPassword::parse(text)
        .map(|plain| Recognised::Plain(Arc::new(plain)))
        .map_err(Unrecognised::Plain)
}

/// Django's mark of an account without a password: `!` and forty random letters.
fn is_unusable(text: &str) -> bool {
    text.strip_prefix('!').is_some_and(|rest| {
        rest.is_empty() || rest.len() == 40 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// `$6$…` of crypt, `{SSHA}…` of LDAP, `md5$…` and `sha256:…$…` of frameworks, and bare digests.
fn looks_like_a_hash(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':'))
    };
    let named =
        text.contains('$') && text.split('$').next().is_some_and(is_word) && text.len() > 20;
    let braced = text
        .strip_prefix('{')
        .and_then(|rest| rest.split_once('}'))
        .is_some_and(|(word, rest)| is_word(word) && rest.len() > 15);
    let hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit())
        && matches!(text.len(), 32 | 40 | 48 | 56 | 64 | 96 | 128);
    let base64 = text.ends_with('=')
        && text.len() >= 24
        && data_encoding::BASE64.decode(text.as_bytes()).is_ok();
    text.starts_with('$') || named || braced || hexadecimal || base64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_hash_is_never_a_password_in_clear() {
        for text in [
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8",
            "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99",
            "sha256$salt$5f4dcc3b5aa765d61d8327deb882cf99",
            "sha256:salt$5f4dcc3b5aa765d61d8327deb882cf99",
            "{SSHA}DkMTwBl+a/3DQTxCYEApdUtNXGgdUac3",
            "$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g.",
            "$1$abc$def",
            "$2x$04$3raLIf4ojzsUs4l/sRP73ORnzPAWNXluOaotkCwMDDh0MLHoqTQm.",
            "$argon2d$v=19$m=1024,t=1,p=1$Kwi56Xj3VcXe4T0kWuV4Xw$qAFjQ/G80C9bSebM9JePAxtjPkV7EJ8xX/gCF1Z+DZg",
            "pbkdf2:md5:1000$x$5f4dcc3b5aa765d61d8327deb882cf99",
            "scrypt:32768:8:1$",
            "XohImNooBHFR0OVvjcYpJ3NgPQ1qq73WKhHvch0VQtg=",
        ] {
            assert!(recognise(text).is_err(), "{text}");
        }
    }

    #[test]
    fn passwords_in_clear_and_their_absence_are_told_apart() {
        for text in [
            "a",
            "admin",
            "correct horse",
            "pa$$word",
            "!important",
            "deadbeef",
            "={}",
        ] {
            let recognised = recognise(text).unwrap();
            assert!(matches!(recognised, Recognised::Plain(_)), "{text}");
        }
        for text in ["", "!", "!3ukIPacyOcuciEqTvjkOqpcTiNX47XVUxAYxQ9jR"] {
            let recognised = recognise(text).unwrap();
            assert!(matches!(recognised, Recognised::Unset), "{text}");
        }
        assert!(matches!(
            recognise("a\0b"),
            Err(Unrecognised::Plain(PasswordError::Nul))
        ));
        let long = "long ".repeat(300);
        assert!(matches!(
            recognise(&long),
            Err(Unrecognised::Plain(PasswordError::TooLong))
        ));
    }
}
