//! Who somebody is, from the ID token and, where that is needed, from the userinfo endpoint.
//!
//! OpenID Connect Core §5.3 (the endpoint), §5.3.2 (its subject must be the ID token's).

use serde_json::Value;
use symbolon_rules::upstream::{Pending, Profile, Refusal, Why};

use super::{
    Tokens, Userinfo,
    outgoing::Send,
    provider::{Client, Inner},
};

impl Client {
    /// Whom these tokens of a login are about.
    pub(crate) async fn profile(
        &self,
        tokens: &Tokens,
        pending: &Pending,
    ) -> Result<Profile, Refusal> {
        let inner = &self.0;
        let registration = &inner.registration;
        let names = &registration.claims;
        if !registration.is_openid() {
            // No ID token: the answer to our own access token, asked for over TLS, is what there is.
            let claims = inner.userinfo(tokens).await?.ok_or(Refusal::new(
                Why::Faulty,
                "the provider has no userinfo endpoint to say who it is",
            ))?;
            let subject = names.subject_of(&claims)?;
            return Ok(names.profile(&registration.issuer, subject, &claims));
        }
        let identified = inner.identify(tokens, pending).await?;
        let mut claims = identified.claims;
        let asks = match registration.userinfo {
            Userinfo::Never => false,
            Userinfo::WhenNeeded => names.wants_more_than(&claims),
            Userinfo::Always => true,
        };
        if asks && let Some(more) = inner.userinfo(tokens).await? {
            // Without this, the answer to somebody else's access token would name them.
            if more.get("sub").and_then(Value::as_str) != Some(&identified.subject) {
                return Err(Refusal::new(
                    Why::Faulty,
                    "the userinfo is about somebody else",
                ));
            }
            if let (Value::Object(claims), Value::Object(more)) = (&mut claims, more) {
                claims.extend(more);
            }
        }
        Ok(names.profile(&registration.issuer, identified.subject, &claims))
    }
}

impl Inner {
    /// What the userinfo endpoint answers, if there is one.
    async fn userinfo(&self, tokens: &Tokens) -> Result<Option<Value>, Refusal> {
        let metadata = self.metadata().await?;
        let Some(endpoint) = &metadata.userinfo else {
            return Ok(None);
        };
        let bearer = Some(tokens.access_token());
        let answer = self.send(endpoint, Send::Get { bearer }).await?;
        let body = answer.success("the userinfo endpoint refuses its own access token")?;
        let claims: Value = serde_json::from_slice(&body)
            .ok()
            .filter(Value::is_object)
            .ok_or(Refusal::new(Why::Faulty, "the userinfo can't be read"))?;
        Ok(Some(claims))
    }
}
