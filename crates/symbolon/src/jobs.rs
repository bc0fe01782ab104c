//! What an engine does by itself: reading the signing keys anew and turning them over, removing what is
//! over, counting users by what their password hashes cost, and watching the clock.
//!
//! Small steps, so that nobody waits behind them; an expired session counts for nothing whether its
//! row is still there or not (expiry is judged at use, never by the sweeper).

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use symbolon_rules::moment;
use symbolon_token::Timestamp;
use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

#[cfg(feature = "client")]
use crate::store::{SweepUpstreamLogins, SweepUpstreamTokens};
use crate::{
    app::App,
    store::{Operation, SeeTime, SweepAppSessions, SweepSessions, SweepTries},
};

const SWEEP_EVERY: Duration = Duration::from_mins(1);
const SWEEP_STEP: i64 = 500;
/// Where other nodes change the keys too, each looks twice a minute: a key that one revokes is refused by
/// all within that time, and one that it announces is known long before it signs.
const LOOKS_A_SWEEP: u32 = 2;

/// The tasks of an engine; they end with it.
#[derive(Debug)]
pub(crate) struct Jobs(Mutex<Option<JoinHandle<()>>>);

impl Jobs {
    /// Starts them. They hold the app weakly: an engine that is dropped ends them too.
    pub(crate) fn start(app: &Arc<App>) -> Self {
        Self(Mutex::new(Some(tokio::spawn(sweep(Arc::downgrade(app))))))
    }

    /// Stops them and waits until they have.
    pub(crate) async fn stop(&self) {
        let task = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            task.abort();
            // The error says that it was stopped.
            let _ = task.await;
        }
    }
}

async fn sweep(app: Weak<App>) {
    let looks = match app.upgrade() {
        Some(app) if app.store.is_shared() => LOOKS_A_SWEEP,
        Some(_) => 1,
        None => return,
    };
    let mut ticks = interval(SWEEP_EVERY / looks);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for look in (0..looks).cycle() {
        ticks.tick().await;
        let Some(app) = app.upgrade() else { return };
        look_at_keys(&app).await;
        if look > 0 {
            continue;
        }
        let (now, limit) = (app.clock.now(), SWEEP_STEP);
        watch_clock(&app, now).await;
        in_steps(&app, || SweepSessions { now, limit }).await;
        in_steps(&app, || SweepAppSessions { now, limit }).await;
        in_steps(&app, || SweepTries { now, limit }).await;
        #[cfg(feature = "client")]
        {
            in_steps(&app, || SweepUpstreamLogins { now, limit }).await;
            in_steps(&app, || SweepUpstreamTokens { now, limit }).await;
        }
        // What was counted last holds on until the store answers again.
        let _ = app.count_schemes().await;
    }
}

/// What fails here leaves the keys in memory, which sign and verify on.
async fn look_at_keys(app: &Arc<App>) {
    if let Err(error) = app.tend_keys().await {
        tracing::warn!(%error, "the signing keys can't be read again; those in memory go on");
    }
    if app.vault.is_turning_over()
        && let Err(error) = app.reseal_what_is_left().await
    {
        tracing::warn!(%error, "what the previous key-encryption key sealed waits for the next look");
    }
}

/// Writes the time down, and says so where it went back. Serving goes on: a server that stops would keep
/// everybody out, and the clock may be right again in a moment.
async fn watch_clock(app: &App, now: Timestamp) {
    if let Ok(last_seen) = app.store.run(SeeTime { now }).await
        && let Err(behind) = moment::check(last_seen, now)
    {
        tracing::error!(
            %behind,
            "the clock went back: tokens and sessions that have expired count again until it is set"
        );
    }
}

/// Goes on until a step finds less than it might remove, or fails: the next tick tries again.
async fn in_steps<O: Operation<Out = u64>>(app: &App, sweep: impl Fn() -> O) {
    while let Ok(swept) = app.store.run(sweep()).await {
        if swept < SWEEP_STEP.unsigned_abs() {
            break;
        }
    }
}
