//! Requests to a provider's token endpoint, and to others where the client authenticates alike.
//!
//! RFC 6749 §2.3, §4.1.3, §4.4.2, §6; RFC 7521 §4.2 (assertions); RFC 7636 §4.5.
//!
//! Invariant: a client authenticates in one way a request (row A6).

use serde::Deserialize;
use symbolon_rules::upstream::{Pending, Refusal, refused_by_token_endpoint};

use super::{
    Authentication, Tokens, assertion,
    outgoing::{Answer, Endpoint, Send},
    provider::{Client, Inner},
    registration::AssertionAudience,
};

impl Client {
    /// Redeems the code of a login.
    pub(crate) async fn redeem(&self, code: &str, pending: &Pending) -> Result<Tokens, Refusal> {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.0.redirect_uri.as_str()),
            ("code_verifier", pending.code_verifier()),
        ];
        self.0.ask_for_tokens(&fields, None).await
    }
}

impl Inner {
    /// Asks for tokens; what a refresh doesn't give anew stays as it was `before`.
    pub(super) async fn ask_for_tokens(
        &self,
        fields: &[(&str, &str)],
        before: Option<&Tokens>,
    ) -> Result<Tokens, Refusal> {
        let metadata = self.metadata().await?;
        let answer = self.authenticated(&metadata.token, fields).await?;
        if !answer.is_success {
            return Err(refused(&answer));
        }
        // An error in a 200 is what one large provider answers; without an access token it is read as
        // one.
        Tokens::read(&answer.body, before, self.clock.now()).map_err(|unreadable| match error_code(
            &answer.body,
        ) {
            Some(error) => refused_by_token_endpoint(Some(&error)),
            None => unreadable,
        })
    }

    /// Sends a form as this client.
    pub(super) async fn authenticated(
        &self,
        endpoint: &Endpoint,
        fields: &[(&str, &str)],
    ) -> Result<Answer, Refusal> {
        let client_id = self.registration.client_id.as_str();
        let mut fields = fields.to_vec();
        let mut authorization = None;
        let signed;
        match &self.registration.authentication {
            Authentication::None => fields.push(("client_id", client_id)),
            Authentication::SecretBasic(secret) => authorization = secret.basic(client_id),
            Authentication::SecretPost(secret) => {
                fields.extend([("client_id", client_id), ("client_secret", secret.as_str())]);
            }
            Authentication::PrivateKeyJwt(keys) => {
                let audience = match self.registration.audience {
                    AssertionAudience::Issuer => self.registration.issuer.clone(),
                    AssertionAudience::TokenEndpoint => self.metadata().await?.token_url.clone(),
                };
                let now = self.clock.now();
                let entropy = &mut self.randomness.clone();
                signed = assertion::assertion(&keys.signing(), client_id, &audience, now, entropy)?;
                fields.extend([
                    ("client_id", client_id),
                    ("client_assertion_type", assertion::TYPE),
                    ("client_assertion", signed.as_str()),
                ]);
            }
        }
        let form = Send::Form {
            fields: &fields,
            authorization,
        };
        self.send(endpoint, form).await
    }
}

pub(super) fn refused(answer: &Answer) -> Refusal {
    refused_by_token_endpoint(error_code(&answer.body).as_deref())
}

fn error_code(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Error {
        error: String,
    }
    let error: Error = serde_json::from_slice(body).ok()?;
    Some(error.error)
}
