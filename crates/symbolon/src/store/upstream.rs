//! Logging in with others: logins under way, the links from a provider's subjects to our users, and the
//! provider's tokens where a program keeps them.

mod links;
mod logins;
mod tokens;

#[cfg(feature = "client")]
pub(crate) use self::{links::LinkFacts, tokens::SealedTokens};
pub(crate) use self::{
    links::{FindLink, Link, LinkTo, LinkUser, Linked},
    logins::{BeginUpstreamLogin, RedeemUpstreamLogin, SweepUpstreamLogins},
    tokens::{
        ClaimRefresh, Claimed, DropTokens, FindTokens, KeepTokens, ReleaseRefresh, ReplaceTokens,
        SweepUpstreamTokens, TokensId,
    },
};

#[cfg(test)]
pub(super) const STATEMENTS: [&[&super::sql::Statement]; 3] =
    [links::STATEMENTS, logins::STATEMENTS, tokens::STATEMENTS];
