//! What goes into an access token (RFC 9068 §2.2).
//!
//! Invariant: claims that a program adds never stand in for the ones that verifiers decide by. Their
//! names are listed here, and an extra claim of such a name is refused, not dropped.

use std::{fmt, time::Duration};

use serde::Serialize;
use serde_json::{Map, Value};
use symbolon_token::{AccessClaims, Timestamp};

use crate::{
    Entropy,
    client::ClientId,
    id::{SessionId, TokenId},
    permission::{self, Role, Scope},
};

/// How long an access token is good for. Short, because an API that only checks signatures goes on
/// accepting it for so long after a sign-out.
pub const ACCESS_TOKEN_LIFETIME: Duration = Duration::from_mins(10);

/// The longest life a program may give a token.
pub const LIFETIME_MAX: Duration = Duration::from_hours(24);

/// Whether a token may live for so long: a second at the least, a day at the most.
pub fn is_lifetime(lifetime: Duration) -> bool {
    (Duration::from_secs(1)..=LIFETIME_MAX).contains(&lifetime)
}

/// Most that extra claims may take as JSON, in bytes: a token travels in a header, and servers
/// refuse headers beyond 8 KiB.
pub const EXTRA_CLAIMS_MAX_BYTES: usize = 4096;

/// Claims that mean something to verifiers (RFC 7519 §4.1, RFC 9068 §2.2, OpenID Connect Core §2,
/// RFC 7800, RFC 8693, RFC 8417) or to Symbolon.
const RESERVED: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "client_id",
    "scope",
    "scp",
    "roles",
    "groups",
    "entitlements",
    "auth_time",
    "acr",
    "amr",
    "azp",
    "sid",
    "nonce",
    "at_hash",
    "c_hash",
    "s_hash",
    "cnf",
    "act",
    "may_act",
    "events",
    "toe",
    "txn",
    "fresh",
    "rsq",
];

/// Claims that a program adds to a token.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExtraClaims(Map<String, Value>);

impl ExtraClaims {
    /// Takes the members of a JSON object; null counts as an empty one.
    pub fn parse(claims: Value) -> Result<Self, ClaimError> {
        let claims = match claims {
            Value::Object(claims) => claims,
            Value::Null => Map::new(),
            _ => return Err(ClaimError::NotAnObject),
        };
        claims.keys().try_for_each(|name| check_name(name))?;
        if serde_json::to_string(&claims).map_or(usize::MAX, |text| text.len())
            > EXTRA_CLAIMS_MAX_BYTES
        {
            return Err(ClaimError::TooLarge);
        }
        Ok(Self(claims))
    }

    /// These and then those; of two that have one name the latter counts.
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// The claims.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }
}

/// The name of a claim that a program adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimName(String);

impl ClaimName {
    /// A name of a program's own, under the rules of [`ExtraClaims::parse`].
    pub fn parse(name: &str) -> Result<Self, ClaimError> {
        if name.is_empty() {
            return Err(ClaimError::Reserved(String::new()));
        }
        check_name(name)?;
        Ok(Self(name.to_owned()))
    }

    /// This claim alone.
    pub fn with(&self, value: String) -> ExtraClaims {
        ExtraClaims(Map::from_iter([(self.0.clone(), value.into())]))
    }
}

fn check_name(name: &str) -> Result<(), ClaimError> {
    if RESERVED.contains(&name) || permission::is_reserved(name) {
        return Err(ClaimError::Reserved(name.to_owned()));
    }
    Ok(())
}

/// Why claims can't be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimError {
    /// They are no JSON object.
    NotAnObject,
    /// One has a name that verifiers decide by.
    Reserved(String),
    /// They take more than [`EXTRA_CLAIMS_MAX_BYTES`].
    TooLarge,
}

impl fmt::Display for ClaimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject => f.write_str("extra claims must be a JSON object"),
            Self::Reserved(name) => write!(f, "the claim {name:?} is set by Symbolon alone"),
            Self::TooLarge => f.write_str("the extra claims are longer than 4096 bytes"),
        }
    }
}

/// Whether the token says that its bearer has just proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// It does.
    Fresh,
    /// It doesn't.
    Unmarked,
}

/// An access token to mint.
#[derive(Clone, Debug)]
pub struct Grant<'a> {
    /// Who mints it.
    pub issuer: &'a str,
    /// Whom it is for.
    pub audience: &'a str,
    /// Whom it is about.
    pub subject: &'a str,
    /// The client it is issued to.
    pub client: ClientId<'static>,
    /// Their roles; Symbolon's own are left out of the token.
    pub roles: &'a [Role],
    /// What it is good for at the API, beside the roles.
    pub scopes: &'a [Scope],
    /// The session it comes from, if one.
    pub session: Option<SessionId>,
    /// When they proved who they are, if that is known.
    pub authenticated_at: Option<Timestamp>,
    /// How long it is good for.
    pub lifetime: Duration,
    /// Whether it is marked as fresh.
    pub freshness: Freshness,
    /// What the program adds.
    pub extra: &'a ExtraClaims,
}

/// The claims of a token, ready to be signed.
#[derive(Clone, Debug, Serialize)]
pub struct Claims<'a> {
    #[serde(flatten)]
    access: AccessClaims,
    #[serde(skip_serializing_if = "Option::is_none")]
    fresh: Option<bool>,
    #[serde(flatten)]
    extra: &'a Map<String, Value>,
}

impl<'a> Grant<'a> {
    /// The claims of this token, minted at `now`.
    pub fn claims(&self, now: Timestamp, entropy: &mut impl Entropy) -> Claims<'a> {
        let roles = permission::for_audience(self.roles);
        Claims {
            access: AccessClaims {
                iss: self.issuer.to_owned(),
                sub: self.subject.to_owned(),
                aud: self.audience.into(),
                exp: (now + self.lifetime).as_secs(),
                iat: now.as_secs(),
                jti: TokenId::generate(now, entropy).to_string(),
                client_id: self.client.as_str().to_owned(),
                scope: permission::scope_claim(self.scopes),
                roles: roles.map(|role| role.as_str().to_owned()).collect(),
                auth_time: self.authenticated_at.map(Timestamp::as_secs),
                sid: self.session.map(|session| session.to_string()),
            },
            fresh: (self.freshness == Freshness::Fresh).then_some(true),
            extra: self.extra.as_map(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::client;

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    #[test]
    fn a_program_cannot_set_what_verifiers_decide_by() {
        for name in RESERVED {
            let mut claims = Map::new();
            claims.insert((*name).to_owned(), json!("x"));
            let refused = ExtraClaims::parse(Value::Object(claims));
            assert_eq!(refused, Err(ClaimError::Reserved((*name).to_owned())));
        }
        for claims in [json!({"symbolon:admin": true}), json!({"Symbolon:x": 1})] {
            assert!(matches!(
                ExtraClaims::parse(claims),
                Err(ClaimError::Reserved(_))
            ));
        }
        for name in ["", "sub", "roles", "symbolon:id"] {
            assert!(ClaimName::parse(name).is_err(), "{name}");
        }
        let named = ClaimName::parse("user_id").unwrap();
        assert_eq!(
            Ok(named.with("7".to_owned())),
            ExtraClaims::parse(json!({"user_id": "7"}))
        );
        assert_eq!(ExtraClaims::parse(json!([1])), Err(ClaimError::NotAnObject));
        assert_eq!(
            ExtraClaims::parse(json!({"x": "y".repeat(5000)})),
            Err(ClaimError::TooLarge)
        );
    }

    #[test]
    fn extra_claims_stand_beside_the_registered_ones() {
        let extra = ExtraClaims::parse(json!({"identity": "7", "user": {"id": 7}})).unwrap();
        let role = Role::parse("editor").unwrap();
        let roles = [role, Role::from_stored("symbolon:admin".to_owned())];
        let now = Timestamp::from_secs(1_800_000_000);
        let grant = Grant {
            issuer: "https://a.example",
            audience: "https://b.example",
            subject: "7",
            client: client::LOCAL,
            roles: &roles,
            scopes: &[Scope::parse("posts:read").unwrap()],
            session: None,
            authenticated_at: None,
            lifetime: Duration::from_mins(5),
            freshness: Freshness::Fresh,
            extra: &extra,
        };
        let claims = serde_json::to_value(grant.claims(now, &mut Zeros)).unwrap();
        assert_eq!(
            claims,
            json!({
                "iss": "https://a.example",
                "sub": "7",
                "aud": "https://b.example",
                "exp": 1_800_000_300,
                "iat": 1_800_000_000,
                "jti": "01a3185c-5000-7000-8000-000000000000",
                "client_id": "local",
                "scope": "posts:read",
                "roles": ["editor"],
                "fresh": true,
                "identity": "7",
                "user": {"id": 7},
            })
        );
    }
}
