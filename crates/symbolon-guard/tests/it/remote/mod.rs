//! Keys that an issuer publishes.

mod algorithms;
mod failing;
mod foreign;
mod fresh;
mod start;
mod storm;

use std::time::Duration;

use http::HeaderMap;
use symbolon_guard::{Clock, Guard, ManualClock, RemoteBuilder, token::Timestamp};

use crate::support::{Mint, NOW, bearer, issuer::FakeIssuer};

fn remote(issuer: &FakeIssuer) -> (RemoteBuilder, ManualClock) {
    let hands = Clock::fixed(NOW);
    (Guard::remote(&issuer.url).clock(hands.clock()), hands)
}

/// A guard that holds the keys of these mints.
async fn holding(issuer: &FakeIssuer, mints: &[&Mint]) -> (Guard, ManualClock) {
    issuer.publish(mints);
    let (builder, hands) = remote(issuer);
    let guard = builder.start().unwrap();
    arrived(&guard).await;
    (guard, hands)
}

async fn arrived(guard: &Guard) {
    let waited = tokio::time::timeout(Duration::from_secs(10), guard.ready()).await;
    assert!(waited.is_ok(), "the keys never arrive");
}

fn fresh(mint: &Mint, hands: &ManualClock) -> HeaderMap {
    at(mint, hands.now())
}

fn at(mint: &Mint, now: Timestamp) -> HeaderMap {
    bearer(&mint.token_at(now))
}

/// How a request with these headers is answered: 200, or the status of the refusal.
async fn status(guard: &Guard, headers: &HeaderMap) -> u16 {
    match guard.admit(headers).await {
        Ok(_) => 200,
        Err(rejection) => rejection.status().as_u16(),
    }
}
