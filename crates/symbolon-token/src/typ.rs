//! The kinds of token.
//!
//! Explicit typing keeps the kinds apart (RFC 8725 §3.11): a verifier wants one `typ` and a header
//! without it is refused. `typ` is a media type, so it compares without regard to case, and
//! `application/` in front may be left out (RFC 7515 §4.1.9).

use std::{borrow::Cow, fmt};

use crate::error::{Error, ErrorKind};

/// The media type of a kind of token, as it stands in the `typ` header (RFC 7515 §4.1.9, RFC 8725
/// §3.11).
///
/// ```
/// use symbolon_token::Typ;
///
/// assert_eq!(Typ::ACCESS_TOKEN, Typ::new("application/AT+JWT")?);
/// assert_ne!(Typ::ACCESS_TOKEN, Typ::ID_TOKEN);
/// assert_eq!(Typ::ACCESS_TOKEN.as_str(), "at+jwt");
/// # Ok::<(), symbolon_token::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Typ(Cow<'static, str>);

impl Typ {
    /// An access token (RFC 9068 §2.1).
    pub const ACCESS_TOKEN: Self = Self(Cow::Borrowed("at+jwt"));
    /// A JWT that says no more about itself (RFC 7519 §5.1); what most libraries write by default.
    pub const JWT: Self = Self(Cow::Borrowed("JWT"));
    /// An ID token, which by custom says just `JWT` (OpenID Connect Core §2).
    pub const ID_TOKEN: Self = Self(Cow::Borrowed("JWT"));
    /// A logout token (OpenID Connect Back-Channel Logout §2.4).
    pub const LOGOUT_TOKEN: Self = Self(Cow::Borrowed("logout+jwt"));
    /// A client's assertion about itself (RFC 7523bis).
    pub const CLIENT_AUTHENTICATION: Self = Self(Cow::Borrowed("client-authentication+jwt"));
    /// A proof of possession (RFC 9449 §4.2).
    pub const DPOP: Self = Self(Cow::Borrowed("dpop+jwt"));
    /// A security event (RFC 8417 §2.3).
    pub const SECURITY_EVENT: Self = Self(Cow::Borrowed("secevent+jwt"));

    /// A kind of your own. Fails unless it is 1 to 127 characters of a media type's name.
    pub fn new(media_type: impl Into<String>) -> Result<Self, Error> {
        let media_type = media_type.into();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+/".contains(&byte);
        if media_type.is_empty() || media_type.len() > 127 || !media_type.bytes().all(is_name) {
            return Err(Error::new(
                ErrorKind::InvalidPolicy,
                "this isn't a media type",
            ));
        }
        Ok(Self(Cow::Owned(media_type)))
    }

    /// The media type as it is written into headers.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a header's `typ` means this kind.
    pub(crate) fn matches(&self, typ: &str) -> bool {
        short_form(&self.0).eq_ignore_ascii_case(short_form(typ))
    }
}

impl PartialEq for Typ {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.0)
    }
}

impl Eq for Typ {}

impl fmt::Display for Typ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The type without `application/`, which is implied only where no other slash follows.
fn short_form(media_type: &str) -> &str {
    const IMPLIED: &str = "application/";
    match media_type.split_at_checked(IMPLIED.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(IMPLIED) && !rest.contains('/') => rest,
        _ => media_type,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t13_typ_compares_as_a_media_type() {
        for same in [
            "at+jwt",
            "AT+JWT",
            "application/at+jwt",
            "Application/At+Jwt",
        ] {
            assert!(Typ::ACCESS_TOKEN.matches(same), "{same}");
        }
        for other in [
            "",
            "at+jwt ",
            " at+jwt",
            "jwt",
            "JWT",
            "text/at+jwt",
            "application/application/at+jwt",
            "application/",
            "at+jwt;charset=utf-8",
            "\u{e4}pplicatio/at+jwt",
        ] {
            assert!(!Typ::ACCESS_TOKEN.matches(other), "{other}");
        }
    }

    #[test]
    fn t13_application_is_implied_for_bare_names_only() {
        let text = Typ::new("text/plain").expect("a media type");
        assert!(text.matches("TEXT/plain"));
        assert!(!text.matches("application/text/plain"));
    }

    #[test]
    fn a_type_of_its_own_is_checked() {
        for bad in ["", "a b", "at+jwt\n", "\"", &"a".repeat(128)] {
            assert!(Typ::new(bad).is_err(), "{bad}");
        }
    }
}
