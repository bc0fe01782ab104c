//! The tokens of a provider, where a program keeps them.
//!
//! Invariant: of any number of nodes one refreshes at a time. Whoever wants to claims the row, in a
//! statement that says "still this version, and nobody else's now"; a provider that rotates its
//! refresh tokens would take two refreshes at once for a theft.

use symbolon_rules::id::{Id, SessionId};
use symbolon_token::Timestamp;

use super::super::{
    Access, Operation, Sealed, StoreError, Tx,
    sql::{Arg, Row, statements},
};

statements! {
    KEEP_TOKENS = "INSERT INTO upstream_tokens (id, sid, sealed, version, claimed_until, expires_at, kek_id) \
        VALUES ($1, $2, $3, 0, 0, $4, $5)";
    FIND_TOKENS = "SELECT sealed, version, kek_id FROM upstream_tokens WHERE id = $1 AND expires_at > $2";
    CLAIM_REFRESH = "UPDATE upstream_tokens SET claimed_until = $4 \
        WHERE id = $1 AND version = $2 AND claimed_until <= $3 AND expires_at > $3";
    REPLACE_TOKENS = "UPDATE upstream_tokens SET sealed = $3, version = version + 1, claimed_until = 0, \
        kek_id = $4 \
        WHERE id = $1 AND version = $2";
    RELEASE_REFRESH = "UPDATE upstream_tokens SET claimed_until = 0 WHERE id = $1 AND version = $2";
    DROP_TOKENS = "DELETE FROM upstream_tokens WHERE id = $1 RETURNING sealed, version, kek_id";
    SWEEP_TOKENS = "DELETE FROM upstream_tokens WHERE id IN \
        (SELECT id FROM upstream_tokens WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
}

/// What a [`TokensId`] names.
#[derive(Debug)]
pub(crate) enum Tokens {}

/// The tokens of one login with a provider.
pub(crate) type TokensId = Id<Tokens>;

/// Keeps the tokens of a login for as long as it counts.
pub(crate) struct KeepTokens {
    pub(crate) id: TokensId,
    /// The sign-in that they go with.
    pub(crate) session: Option<SessionId>,
    pub(crate) sealed: Sealed,
    pub(crate) expires_at: Timestamp,
}

impl Operation for KeepTokens {
    type Out = ();
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [
            Arg::Id(self.id.as_uuid()),
            Arg::MaybeId(self.session.as_ref().map(SessionId::as_uuid)),
            Arg::Bytes(&self.sealed.bytes),
            Arg::Int(self.expires_at.as_millis()),
            Arg::MaybeText(self.sealed.kek.as_deref()),
        ];
        tx.execute(&KEEP_TOKENS, &args).await?;
        Ok(())
    }
}

/// Tokens as they are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SealedTokens {
    pub(crate) sealed: Sealed,
    pub(crate) version: i64,
}

/// The tokens of a login, if they still count.
pub(crate) struct FindTokens {
    pub(crate) id: TokensId,
    pub(crate) now: Timestamp,
}

impl Operation for FindTokens {
    type Out = Option<SealedTokens>;
    const ACCESS: Access = Access::Read;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [Arg::Id(self.id.as_uuid()), Arg::Int(self.now.as_millis())];
        tx.query_opt(&FIND_TOKENS, &args, sealed_tokens).await
    }
}

fn sealed_tokens(row: &Row<'_>) -> Result<SealedTokens, StoreError> {
    Ok(SealedTokens {
        sealed: Sealed {
            bytes: row.bytes(0)?,
            kek: row.maybe_text(2)?,
        },
        version: row.int(1)?,
    })
}

/// Takes the refresh of this version for oneself, until a time at the most.
pub(crate) struct ClaimRefresh {
    pub(crate) id: TokensId,
    pub(crate) version: i64,
    pub(crate) now: Timestamp,
    pub(crate) until: Timestamp,
}

/// Whose the refresh is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claimed {
    /// The caller's.
    Ours,
    /// Somebody else has it or has done it, or there is nothing to refresh any more.
    Theirs,
}

impl Operation for ClaimRefresh {
    type Out = Claimed;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [
            Arg::Id(self.id.as_uuid()),
            Arg::Int(self.version),
            Arg::Int(self.now.as_millis()),
            Arg::Int(self.until.as_millis()),
        ];
        Ok(match tx.execute(&CLAIM_REFRESH, &args).await? {
            0 => Claimed::Theirs,
            _ => Claimed::Ours,
        })
    }
}

/// Puts what a refresh gave in place of this version.
pub(crate) struct ReplaceTokens {
    pub(crate) id: TokensId,
    pub(crate) version: i64,
    pub(crate) sealed: Sealed,
}

impl Operation for ReplaceTokens {
    /// Whether it was still this version.
    type Out = bool;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [
            Arg::Id(self.id.as_uuid()),
            Arg::Int(self.version),
            Arg::Bytes(&self.sealed.bytes),
            Arg::MaybeText(self.sealed.kek.as_deref()),
        ];
        Ok(tx.execute(&REPLACE_TOKENS, &args).await? == 1)
    }
}

/// Gives a refresh that came to nothing back.
pub(crate) struct ReleaseRefresh {
    pub(crate) id: TokensId,
    pub(crate) version: i64,
}

impl Operation for ReleaseRefresh {
    type Out = ();
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [Arg::Id(self.id.as_uuid()), Arg::Int(self.version)];
        tx.execute(&RELEASE_REFRESH, &args).await?;
        Ok(())
    }
}

/// Keeps the tokens of a login no longer.
pub(crate) struct DropTokens {
    pub(crate) id: TokensId,
}

impl Operation for DropTokens {
    /// What they were.
    type Out = Option<SealedTokens>;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [Arg::Id(self.id.as_uuid())];
        tx.query_opt(&DROP_TOKENS, &args, sealed_tokens).await
    }
}

/// Removes some tokens whose login is over, and tells how many.
pub(crate) struct SweepUpstreamTokens {
    pub(crate) now: Timestamp,
    /// How many at the most.
    pub(crate) limit: i64,
}

impl Operation for SweepUpstreamTokens {
    type Out = u64;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [Arg::Int(self.now.as_millis()), Arg::Int(self.limit)];
        tx.execute(&SWEEP_TOKENS, &args).await
    }
}
