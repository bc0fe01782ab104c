//! The claims of an access token, as plain data.
//!
//! RFC 9068 §2.2 says which claims an access token has; §2.2.3.1 adds roles. These types are what is
//! signed and what is read; they prove nothing. The proof is [`Verified`](crate::Verified), which
//! only a [`Verifier`](crate::Verifier) makes.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The claims of an access token (RFC 9068 §2.2). Times are in seconds since the Unix epoch.
///
/// ```
/// use symbolon_token::{AccessClaims, Audience};
///
/// let claims: AccessClaims = serde_json::from_str(
///     r#"{"iss":"https://id.example","sub":"user-1","aud":"https://api.example",
///         "exp":1800000600,"iat":1800000000,"jti":"token-1","client_id":"app"}"#,
/// )?;
/// assert_eq!(claims.aud, Audience::from("https://api.example"));
/// assert!(claims.roles.is_empty());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Who issued the token: the issuer identifier, an exact string.
    pub iss: String,
    /// Whom the token is about: a user, or the client itself where no user is involved.
    pub sub: String,
    /// The resource servers that it is meant for.
    pub aud: Audience,
    /// The first second in which it is no longer valid.
    pub exp: i64,
    /// When it was issued.
    pub iat: i64,
    /// The name of this one token.
    pub jti: String,
    /// The client that it was issued to.
    pub client_id: String,
    /// The scopes granted, separated by spaces (RFC 8693 §4.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The roles of the user (RFC 9068 §2.2.3.1); absent means none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// When the user last proved who they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// The session (sign-in) that the token belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

/// The `aud` claim: one string, or a list of strings (RFC 7519 §4.1.3). One is written as a string.
///
/// ```
/// use symbolon_token::Audience;
///
/// let audience = Audience::from("https://api.example");
/// assert!(audience.contains("https://api.example"));
/// assert_eq!(audience.as_slice().len(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience(Vec<String>);

impl Audience {
    /// The audiences in the order of the token.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Whether exactly this audience is named.
    pub fn contains(&self, audience: &str) -> bool {
        self.0.iter().any(|named| named == audience)
    }
}

impl From<&str> for Audience {
    fn from(audience: &str) -> Self {
        Self(vec![audience.to_owned()])
    }
}

impl From<String> for Audience {
    fn from(audience: String) -> Self {
        Self(vec![audience])
    }
}

impl From<Vec<String>> for Audience {
    fn from(audiences: Vec<String>) -> Self {
        Self(audiences)
    }
}

impl Serialize for Audience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [only] => serializer.serialize_str(only),
            several => several.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StringOrList)
    }
}

struct StringOrList;

impl<'de> de::Visitor<'de> for StringOrList {
    type Value = Audience;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string or a list of strings")
    }

    fn visit_str<E: de::Error>(self, audience: &str) -> Result<Audience, E> {
        Ok(Audience::from(audience))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut sequence: A) -> Result<Audience, A::Error> {
        let mut audiences = Vec::new();
        while let Some(audience) = sequence.next_element()? {
            audiences.push(audience);
        }
        Ok(Audience(audiences))
    }
}
