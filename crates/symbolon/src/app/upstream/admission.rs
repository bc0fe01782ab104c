//! Who somebody is here, whom a provider has named.
//!
//! Invariant: by issuer and subject alone (row U2). The name of a new user is made from what the
//! provider tells, and says whose word it is.

use symbolon_rules::{
    Entropy, client as local,
    id::UserId,
    session::NewSession,
    upstream::{Profile, Refusal, Why, suggestions},
    user::UserState,
};

use super::{Admitted, UpstreamError};
use crate::{
    app::App,
    client::{Client, NewUsers},
    store::{BeginSession, Begun, FindLink, Link, LinkFacts, LinkTo, LinkUser, Linked, NewUser},
};

const NOBODY: Refusal = Refusal::new(Why::NotAdmitted, "nobody here is linked to this subject");

impl App {
    pub(super) async fn admit(
        &self,
        client: &Client,
        profile: &Profile,
    ) -> Result<Admitted, UpstreamError> {
        if self.hooks.decide_admission() {
            let identity = self
                .hooks
                .admit(profile.clone())
                .await?
                .ok_or(Refusal::new(
                    Why::NotAdmitted,
                    "the program doesn't let this subject in",
                ))?;
            return Ok(Admitted::Program {
                roles: identity.roles().map(str::to_owned).collect(),
                subject: identity.subject,
                username: identity.username,
            });
        }
        let facts = self.linked_user(client, profile).await?;
        self.sign_in(&facts).await
    }

    /// The user of this subject, made where there is none and that is wanted.
    async fn linked_user(
        &self,
        client: &Client,
        profile: &Profile,
    ) -> Result<LinkFacts, UpstreamError> {
        let link = Link {
            issuer: profile.issuer.clone(),
            subject: profile.subject.clone(),
        };
        let find = || FindLink { link: link.clone() };
        if let Some(facts) = self.store.run(find()).await? {
            return Ok(facts);
        }
        if client.registration().new_users == NewUsers::Refused {
            return Err(NOBODY.into());
        }
        let now = self.clock.now();
        let entropy = &mut self.randomness.clone();
        let mut random = [0; 5];
        entropy.fill(&mut random);
        let random = data_encoding::BASE32_NOPAD
            .encode(&random)
            .to_ascii_lowercase();
        for username in suggestions(profile, client.name(), &random) {
            let user = NewUser {
                id: UserId::generate(now, entropy),
                username,
                password_hash: None,
                roles: Vec::new(),
                created_at: now,
            };
            let add = LinkUser {
                link: link.clone(),
                to: LinkTo::New(user),
                now,
            };
            // Taken by a login at the same moment, the link is as good as ours.
            if self.store.run(add).await? != Linked::NameTaken {
                break;
            }
        }
        Ok(self.store.run(find()).await?.ok_or(NOBODY)?)
    }

    async fn sign_in(&self, facts: &LinkFacts) -> Result<Admitted, UpstreamError> {
        let now = self.clock.now();
        let changed = Refusal::new(Why::NotUnderWay, "the user was changed meanwhile");
        if facts.state == UserState::Disabled {
            return Err(Refusal::new(Why::NotAdmitted, "the user is disabled").into());
        }
        let session = NewSession::begin(
            facts.user,
            local::LOCAL,
            facts.credential_epoch,
            now,
            &mut self.randomness.clone(),
        );
        let id = session.id;
        if self.store.run(BeginSession { session }).await? == Begun::Stale {
            return Err(changed.into());
        }
        Ok(Admitted::User {
            id: facts.user.to_string(),
            session: id.to_string(),
        })
    }

    /// Links a provider's subject to the user of this name.
    pub(crate) async fn link_user(
        &self,
        username: symbolon_rules::user::Username,
        link: Link,
    ) -> Result<Linked, crate::AppError> {
        let add = LinkUser {
            link,
            to: LinkTo::Named(username),
            now: self.clock.now(),
        };
        Ok(self.store.run(add).await?)
    }
}
