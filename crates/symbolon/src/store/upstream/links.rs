//! Which of our users a provider means.
//!
//! Invariant: a link is found by `(issuer, subject)` and by nothing else (row U2). Two first logins of
//! one subject at once end with one user: the second's insert finds the link taken, and takes its own
//! new user back.

use symbolon_rules::{id::UserId, permission::Role, user::UserState, user::Username};
use symbolon_token::Timestamp;

use super::super::{
    Access, Operation, StoreError, Tx,
    sql::{Arg, Row, statements},
    users::{insert_user, list_roles, user_state},
};
use crate::store::NewUser;

statements! {
    FIND_LINK = "SELECT users.id, users.username, users.credential_epoch, users.state FROM upstream_links \
        JOIN users ON users.id = upstream_links.user_id \
        WHERE upstream_links.issuer = $1 AND upstream_links.subject = $2";
    ADD_LINK = "INSERT INTO upstream_links (issuer, subject, user_id, created_at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT DO NOTHING";
    TAKE_BACK_USER = "DELETE FROM users WHERE id = $1";
    FIND_NAMED = "SELECT id FROM users WHERE username = $1";
}

/// Whom a provider means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) issuer: String,
    pub(crate) subject: String,
}

/// The user that a provider's subject is linked to, if one is.
pub(crate) struct FindLink {
    pub(crate) link: Link,
}

/// What a login with a provider needs to know of the linked user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LinkFacts {
    pub(crate) user: UserId,
    pub(crate) username: Username,
    pub(crate) credential_epoch: i64,
    pub(crate) state: UserState,
    pub(crate) roles: Vec<Role>,
}

impl Operation for FindLink {
    type Out = Option<LinkFacts>;
    const ACCESS: Access = Access::Read;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [Arg::Text(&self.link.issuer), Arg::Text(&self.link.subject)];
        let Some(mut facts) = tx.query_opt(&FIND_LINK, &args, link_facts).await? else {
            return Ok(None);
        };
        facts.roles = list_roles(tx, facts.user).await?;
        Ok(Some(facts))
    }
}

fn link_facts(row: &Row<'_>) -> Result<LinkFacts, StoreError> {
    Ok(LinkFacts {
        user: UserId::from_uuid(row.uuid(0)?),
        username: Username::from_stored(row.text(1)?),
        credential_epoch: row.int(2)?,
        state: user_state(&row.text(3)?)?,
        roles: Vec::new(),
    })
}

/// Links a provider's subject, to a user who is there or to a new one.
pub(crate) struct LinkUser {
    pub(crate) link: Link,
    pub(crate) to: LinkTo,
    pub(crate) now: Timestamp,
}

/// Whom it is linked to.
pub(crate) enum LinkTo {
    /// A new user of this name.
    New(NewUser),
    /// The user of this name.
    Named(Username),
}

/// What became of a link to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Linked {
    /// It is there.
    Done,
    /// The subject has a link already; nothing was changed.
    LinkTaken,
    /// The new user's name is taken; nothing was changed.
    NameTaken,
    /// There is no user of this name.
    NoUser,
}

impl Operation for LinkUser {
    type Out = Linked;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let user = match &self.to {
            LinkTo::New(user) => {
                if !insert_user(tx, user).await? {
                    return Ok(Linked::NameTaken);
                }
                user.id
            }
            LinkTo::Named(name) => {
                let args = [Arg::Text(name.as_str())];
                let found =
                    tx.query_opt(&FIND_NAMED, &args, |row| row.uuid(0).map(UserId::from_uuid));
                let Some(user) = found.await? else {
                    return Ok(Linked::NoUser);
                };
                user
            }
        };
        let args = [
            Arg::Text(&self.link.issuer),
            Arg::Text(&self.link.subject),
            Arg::Id(user.as_uuid()),
            Arg::Int(self.now.as_millis()),
        ];
        if tx.execute(&ADD_LINK, &args).await? == 1 {
            return Ok(Linked::Done);
        }
        if let LinkTo::New(user) = &self.to {
            tx.execute(&TAKE_BACK_USER, &[Arg::Id(user.id.as_uuid())])
                .await?;
        }
        Ok(Linked::LinkTaken)
    }
}
