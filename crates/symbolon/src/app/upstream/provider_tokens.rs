//! A provider's tokens, kept for a login and refreshed by one node at a time.

use std::{sync::Arc, time::Duration};

use symbolon_rules::{
    id::SessionId,
    upstream::{Refusal, Why},
};
use tokio::time::interval;

use super::{UpstreamError, Visitor, fault, login_end};
use crate::{
    app::{App, AppError},
    client::{Client, Tokens},
    keys::TOKENS,
    store::{
        ClaimRefresh, Claimed, DropTokens, FindTokens, KeepTokens, ReleaseRefresh, ReplaceTokens,
        Sealed, SealedTokens, TokensId,
    },
};

/// A token that is given out is good for this long at the least.
const USABLE: Duration = Duration::from_secs(30);
/// A node that has claimed a refresh and said nothing for so long is gone.
const CLAIM: Duration = Duration::from_mins(1);
/// How often to look whether another node has finished its refresh, and how many times.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const LOOKS: usize = 100;

const GONE: Refusal = Refusal::new(Why::NotUnderWay, "no tokens are kept for this login");

impl App {
    pub(super) async fn keep_provider_tokens(
        &self,
        tokens: &Tokens,
        session: Option<SessionId>,
    ) -> Result<TokensId, AppError> {
        let now = self.clock.now();
        let id = TokensId::generate(now, &mut self.randomness.clone());
        let keep = KeepTokens {
            id,
            session,
            sealed: self.seal_tokens(id, tokens)?,
            expires_at: login_end(now),
        };
        self.store.run(keep).await?;
        Ok(id)
    }

    /// Keeps them no longer; gives what they were.
    pub(super) async fn drop_provider_tokens(
        &self,
        id: TokensId,
    ) -> Result<Option<Tokens>, AppError> {
        let dropped = self.store.run(DropTokens { id }).await?;
        dropped
            .map(|kept| self.unseal_tokens(id, &kept))
            .transpose()
    }

    /// The provider's tokens for this visitor, refreshed if their time is nearly over.
    pub(crate) async fn provider_tokens(
        self: &Arc<Self>,
        visitor: &Visitor,
    ) -> Result<Tokens, UpstreamError> {
        let id = visitor.tokens().ok_or(GONE)?;
        let client = self.clients.find(&visitor.client).ok_or(GONE)?;
        let mut looks = interval(LOOK_EVERY);
        for _ in 0..LOOKS {
            looks.tick().await;
            let now = self.clock.now();
            let kept = self.store.run(FindTokens { id, now }).await?.ok_or(GONE)?;
            let tokens = self.unseal_tokens(id, &kept)?;
            if tokens.is_good_for(USABLE, now) {
                return Ok(tokens);
            }
            let version = kept.version;
            let claim = ClaimRefresh {
                id,
                version,
                now,
                until: now + CLAIM,
            };
            if self.store.run(claim).await? == Claimed::Ours {
                // In a task of its own: what the provider answers must be kept, whether the caller is
                // still there or not.
                let (app, client) = (Arc::clone(self), client.clone());
                let refresh =
                    tokio::spawn(
                        async move { app.refresh_kept(id, version, &client, &tokens).await },
                    );
                return refresh.await.map_err(|panic| fault(&panic))?;
            }
        }
        let reason = "another node refreshes the tokens and doesn't finish";
        Err(Refusal::new(Why::Unavailable, reason).into())
    }

    async fn refresh_kept(
        &self,
        id: TokensId,
        version: i64,
        client: &Client,
        tokens: &Tokens,
    ) -> Result<Tokens, UpstreamError> {
        match client.refresh(tokens).await {
            Ok(fresh) => {
                let sealed = self.seal_tokens(id, &fresh)?;
                let replace = ReplaceTokens {
                    id,
                    version,
                    sealed,
                };
                self.store.run(replace).await?;
                Ok(Tokens::clone(&fresh))
            }
            Err(error) => {
                self.store.run(ReleaseRefresh { id, version }).await?;
                Err(error.0.into())
            }
        }
    }

    fn seal_tokens(&self, id: TokensId, tokens: &Tokens) -> Result<Sealed, AppError> {
        let plain = serde_json::to_vec(tokens).map(zeroize::Zeroizing::new);
        let plain = plain.map_err(|error| fault(&error))?;
        let entropy = &mut self.randomness.clone();
        let sealed = self.vault.seal(TOKENS, &id.to_string(), &plain, entropy);
        sealed.map_err(|error| fault(&error))
    }

    fn unseal_tokens(&self, id: TokensId, kept: &SealedTokens) -> Result<Tokens, AppError> {
        let plain = self.vault.unseal(TOKENS, &id.to_string(), &kept.sealed);
        let plain = plain.map_err(|error| fault(&error))?;
        serde_json::from_slice(&plain).map_err(|error| fault(&error))
    }
}
