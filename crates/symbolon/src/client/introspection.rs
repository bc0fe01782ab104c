//! Asking the provider whether a token counts (RFC 7662), for access tokens that say nothing themselves.

use serde::Deserialize;
use symbolon_rules::upstream::{Refusal, Why};
use symbolon_token::{Audience, Timestamp};

use super::{ClientError, provider::Client};

/// An access token that its provider says is good, for the audience that was asked for.
///
/// A value of this type is a proof: only [`Client::introspect`] makes one.
#[derive(Clone, Debug)]
pub struct Introspected {
    subject: String,
    scope: Option<String>,
    roles: Vec<String>,
}

impl Introspected {
    /// Whom the token is about.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Whether exactly this scope was granted.
    pub fn has_scope(&self, scope: &str) -> bool {
        let granted = self.scope.as_deref().unwrap_or_default();
        granted.split(' ').any(|granted| granted == scope)
    }

    /// Whether the provider gives them exactly this role (RFC 9068 §2.2.3.1).
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|held| held == role)
    }
}

#[derive(Deserialize)]
struct Answer {
    active: bool,
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<Audience>,
    exp: Option<f64>,
    scope: Option<String>,
    token_type: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
}

impl Client {
    /// Asks the provider whether an access token is good for `audience` now; `None` says that it isn't.
    ///
    /// Costs a request each time, and fails where the provider doesn't answer: that is neither a yes nor
    /// a no. A token without `aud` is good for the audience that is this client's id, since a provider
    /// tells a client of no others.
    pub async fn introspect(
        &self,
        token: &str,
        audience: &str,
    ) -> Result<Option<Introspected>, ClientError> {
        let inner = &self.0;
        let metadata = inner.metadata().await?;
        let endpoint = metadata.introspection.as_ref().ok_or(Refusal::new(
            Why::ClientRefused,
            "the provider has no introspection endpoint",
        ))?;
        let fields = [("token", token), ("token_type_hint", "access_token")];
        let answer = inner.authenticated(endpoint, &fields).await?;
        if !answer.is_success {
            return Err(ClientError(Refusal::new(
                Why::ClientRefused,
                "the introspection endpoint refuses this client",
            )));
        }
        let answer: Answer = serde_json::from_slice(&answer.body).map_err(|_| {
            Refusal::new(
                Why::Faulty,
                "the introspection endpoint's answer can't be read",
            )
        })?;
        let registration = &inner.registration;
        Ok(answer.judge(
            &registration.issuer,
            &registration.client_id,
            audience,
            inner.clock.now(),
        ))
    }
}

impl Answer {
    fn judge(
        self,
        issuer: &str,
        client_id: &str,
        audience: &str,
        now: Timestamp,
    ) -> Option<Introspected> {
        let right_issuer = self.iss.is_none_or(|named| named == issuer);
        let right_audience = match &self.aud {
            Some(named) => named.contains(audience),
            None => audience == client_id,
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "saturates, and a time out of range is over or far away"
        )]
        let live = self
            .exp
            .is_none_or(|exp| now < Timestamp::from_secs(exp as i64));
        // A token that is bound to a key (RFC 9449) is none to be sent as a bearer token (row D2).
        let bearer = self
            .token_type
            .is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
        let good = self.active && right_issuer && right_audience && live && bearer;
        let subject = self.sub.filter(|subject| !subject.is_empty());
        subject.filter(|_| good).map(|subject| Introspected {
            subject,
            scope: self.scope,
            roles: self.roles,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_active_bearer_token_for_this_audience_counts() {
        let judge = |json: &str| {
            let answer: Answer = serde_json::from_str(json).unwrap();
            answer
                .judge("i", "us", "api", Timestamp::from_secs(1000))
                .is_some()
        };
        for (json, good) in [
            (r#"{"active":true,"sub":"a","aud":"api"}"#, true),
            (
                r#"{"active":true,"sub":"a","aud":["x","api"],"iss":"i","exp":1001}"#,
                true,
            ),
            (
                r#"{"active":true,"sub":"a","aud":"api","token_type":"Bearer"}"#,
                true,
            ),
            (r#"{"active":false}"#, false),
            (r#"{"active":false,"sub":"a","aud":"api"}"#, false),
            (r#"{"active":true,"aud":"api"}"#, false),
            (r#"{"active":true,"sub":"a"}"#, false),
            (r#"{"active":true,"sub":"a","aud":"apis"}"#, false),
            (
                r#"{"active":true,"sub":"a","aud":"api","iss":"other"}"#,
                false,
            ),
            (r#"{"active":true,"sub":"a","aud":"api","exp":1000}"#, false),
            (
                r#"{"active":true,"sub":"a","aud":"api","token_type":"DPoP"}"#,
                false,
            ),
        ] {
            assert_eq!(judge(json), good, "{json}");
        }
        assert!(serde_json::from_str::<Answer>(r#"{"active":"true"}"#).is_err());
    }

    #[test]
    fn scopes_are_whole_words() {
        let token = Introspected {
            subject: "a".to_owned(),
            scope: Some("posts:read posts:write".to_owned()),
            roles: vec!["admin".to_owned()],
        };
        assert!(token.has_role("admin") && !token.has_role("adm"));
        assert!(token.has_scope("posts:read"));
        assert!(!token.has_scope("posts"));
    }
}
