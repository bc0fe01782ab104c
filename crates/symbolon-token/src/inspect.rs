//! Looking into a token without trusting it.
//!
//! Invariant: an `Unverified` is no proof and can't become one: it gives JSON text for people, has no
//! way to typed claims, and no function of this crate takes it. Whoever wants claims verifies.

use std::fmt;

use crate::{
    Timestamp,
    error::{Error, ErrorKind},
    header::Header,
    json::{self, Object, Value},
    jws::{Compact, HEADER_LIMIT, TOKEN_LIMIT, decode},
    legacy::Legacy,
    policy::{check_dates, missing},
    registered::Unchecked,
};

/// What a token says about itself, whoever wrote it. Nothing of it has been verified (RFC 7515 §7.1).
///
/// ```
/// use symbolon_token::{Algorithm, SigningKey, Timestamp, Typ, Unverified, sign};
///
/// let key = SigningKey::generate(Algorithm::ES256)?;
/// let token = sign(&key, Typ::JWT, &serde_json::json!({ "sub": "user-1", "exp": 1_800_000_000 }))?;
/// let seen = Unverified::inspect(&token)?;
/// assert_eq!(seen.algorithm().as_deref(), Some("ES256"));
/// assert_eq!(seen.typ().as_deref(), Some("JWT"));
/// assert_eq!(seen.key_id().as_deref(), key.kid());
/// assert!(seen.header().starts_with('{'));
/// assert_eq!(seen.claims(), r#"{"exp":1800000000,"sub":"user-1"}"#);
/// let codes: Vec<_> = seen
///     .findings(Timestamp::from_secs(1_900_000_000))
///     .iter()
///     .map(|finding| (finding.code(), finding.claim()))
///     .collect();
/// assert_eq!(
///     codes,
///     [
///         ("missing_claim", Some("iss")),
///         ("missing_claim", Some("aud")),
///         ("expired", Some("exp")),
///     ],
/// );
/// # Ok::<(), symbolon_token::Error>(())
/// ```
pub struct Unverified {
    header: String,
    claims: String,
    form: Vec<Error>,
}

impl Unverified {
    /// Takes a token apart. Fails only if there is nothing to show: not three segments of base64url
    /// (padding is forgiven and found fault with) that hold text, or more than 1 MiB.
    pub fn inspect(token: &str) -> Result<Self, Error> {
        let compact = Compact::split_within(token, 1024 * 1024)?;
        let mut form = Vec::new();
        if token.len() > TOKEN_LIMIT {
            form.push(Error::new(
                ErrorKind::TooLarge,
                "the token is longer than 16 KiB",
            ));
        } else if compact.header.len() > HEADER_LIMIT {
            form.push(Error::new(
                ErrorKind::TooLarge,
                "the token's header is too long",
            ));
        }
        if token.contains('=') {
            form.push(Error::new(
                ErrorKind::Malformed,
                "a segment isn't canonical base64url",
            ));
        }
        let forgiving = Legacy {
            padding: true,
            ..Legacy::default()
        };
        let compact = compact.forgiving(forgiving);
        if let Err(error) = decode(compact.signature) {
            form.push(error);
        }
        let text = |octets: Vec<u8>| json::utf8(&octets).map(str::to_owned);
        Ok(Self {
            header: text(compact.header(usize::MAX)?)?,
            claims: text(decode(compact.payload)?)?,
            form,
        })
    }

    /// The header as it stands in the token.
    pub fn header(&self) -> &str {
        &self.header
    }

    /// The payload as it stands in the token. Anybody may have written it.
    pub fn claims(&self) -> &str {
        &self.claims
    }

    /// The name of the key that the token gives, to look for it.
    pub fn key_id(&self) -> Option<String> {
        self.member("kid")
    }

    /// The algorithm that the token names, whether or not there is one of that name.
    pub fn algorithm(&self) -> Option<String> {
        self.member("alg")
    }

    /// The kind of token that it says it is.
    pub fn typ(&self) -> Option<String> {
        self.member("typ")
    }

    /// What every verifier of this crate would find wrong with the token, were its signature good:
    /// its form, its header, missing and malformed claims, its time.
    ///
    /// An empty list doesn't make it a good token: issuer, audience, kind and signature are compared
    /// with what a verifier expects.
    pub fn findings(&self, now: Timestamp) -> Vec<Error> {
        let mut findings = self.form.clone();
        match Header::parse(self.header.as_bytes()) {
            Err(error) => findings.push(error),
            Ok(header) if header.typ.is_none() => findings.push(Error::new(
                ErrorKind::WrongTyp,
                "the token doesn't say of which kind it is",
            )),
            Ok(_) => {}
        }
        match Unchecked::read(&self.claims, Legacy::default()) {
            Err(error) => findings.push(error),
            Ok(claims) => {
                for (name, absent) in [
                    ("iss", claims.issuer.is_none()),
                    ("aud", claims.audience.is_none()),
                    ("exp", claims.expires_at.is_none()),
                ] {
                    if absent {
                        findings.push(missing(name));
                    }
                }
                findings.extend(check_dates(&claims, now, std::time::Duration::ZERO).err());
            }
        }
        findings
    }

    fn member(&self, wanted: &str) -> Option<String> {
        let mut found = None;
        let scanned = Object::scan(&self.header, |name, value| {
            if name.is(wanted) {
                found = Some(value);
            }
        });
        scanned.ok()?;
        found.and_then(Value::into_string).map(Into::into)
    }
}

/// Shows that nothing is known, and nothing of the token.
impl fmt::Debug for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unverified").finish_non_exhaustive()
    }
}
