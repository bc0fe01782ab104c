//! Tries at passwords, counted.
//!
//! Invariant: a try is counted by one statement, before its password is looked at, and whoever waits isn't
//! counted at all. A row is there for names that somebody has tried and not logged in as, known or not.
//!
//! Counts needn't outlive a power cut: nobody who guesses can bring one about, and each login waits for one
//! trip to the disk instead of two.

use std::time::Duration;

use symbolon_rules::{
    login::LoginFacts,
    session::NewSession,
    throttle::{Account, STEP, TOGETHER, Try, WAIT_MAX, Wait},
    user::Username,
};
use symbolon_token::Timestamp;

use super::{
    Access, BeginSession, Begun, FindLogin, Operation, Outlives, StoreError, Tx,
    sql::{Arg, statements},
};

statements! {
    /// From number `TOGETHER` ($4) on each makes the others wait, by a step ($5) more and $6 at the most. A wait
    /// that is longer than any can be was written by a clock that was ahead, and counts for nothing.
    CLAIM = "INSERT INTO login_failures (account, tries, blocked_until, forgotten_at) VALUES ($1, 1, 0, $3) \
        ON CONFLICT (account) DO UPDATE SET \
        tries = CASE WHEN login_failures.forgotten_at <= $2 THEN 1 ELSE login_failures.tries + 1 END, \
        blocked_until = CASE \
            WHEN login_failures.forgotten_at <= $2 OR login_failures.tries + 1 < $4 \
                THEN login_failures.blocked_until \
            WHEN (login_failures.tries + 2 - $4) * $5 < $6 \
                THEN $2 + (login_failures.tries + 2 - $4) * $5 \
            ELSE $2 + $6 END, \
        forgotten_at = CASE WHEN login_failures.forgotten_at <= $2 THEN $3 \
            ELSE login_failures.forgotten_at END \
        WHERE login_failures.blocked_until <= $2 OR login_failures.blocked_until > $2 + $6 \
        RETURNING tries";
    FIND_BLOCK = "SELECT blocked_until FROM login_failures WHERE account = $1";
    BLOCK = "UPDATE login_failures SET forgotten_at = $3, \
        blocked_until = CASE WHEN blocked_until < $2 THEN $2 ELSE blocked_until END \
        WHERE account = $1";
    /// The wait that this try began is over with it, one that failures have earned isn't.
    TAKE_BACK = "UPDATE login_failures SET tries = tries - 1, \
        blocked_until = CASE WHEN blocked_until = $2 THEN 0 ELSE blocked_until END \
        WHERE account = $1 AND tries > 0";
    FORGET = "DELETE FROM login_failures WHERE account = $1";
    SWEEP = "DELETE FROM login_failures WHERE account IN \
        (SELECT account FROM login_failures WHERE forgotten_at <= $1 AND blocked_until <= $1 \
        ORDER BY forgotten_at LIMIT $2)";
}

/// Counts a try, unless its account has to wait.
pub(crate) struct ClaimTry {
    pub(crate) attempt: Try,
}

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClaimedTry {
    /// It is counted, and the how-manieth it is: its password may be looked at.
    Granted(i64),
    /// The account waits; nothing was changed.
    Waits(Timestamp),
}

impl Operation for ClaimTry {
    type Out = ClaimedTry;
    const ACCESS: Access = Access::Write;
    const OUTLIVES: Outlives = Outlives::Program;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let Try {
            account,
            now,
            forgotten_at,
        } = &self.attempt;
        let args = [
            Arg::Bytes(account.as_bytes()),
            Arg::Int(now.as_millis()),
            Arg::Int(forgotten_at.as_millis()),
            Arg::Int(TOGETHER),
            Arg::Int(millis(STEP)),
            Arg::Int(millis(WAIT_MAX)),
        ];
        if let Some(number) = tx.query_opt(&CLAIM, &args, |row| row.int(0)).await? {
            return Ok(ClaimedTry::Granted(number));
        }
        let until = tx
            .query_opt(&FIND_BLOCK, &args[..1], |row| row.int(0))
            .await?;
        // Where somebody has just logged in there is nothing left to wait for: a moment will do.
        Ok(ClaimedTry::Waits(
            until.map_or(*now, Timestamp::from_millis),
        ))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Counts a try at a user of ours and finds what comparing the password takes.
pub(crate) struct ClaimLogin {
    pub(crate) attempt: Try,
    pub(crate) username: Username,
}

impl Operation for ClaimLogin {
    /// The facts are those of nobody where the account waits.
    type Out = (ClaimedTry, Option<LoginFacts>);
    const ACCESS: Access = Access::Write;
    const OUTLIVES: Outlives = Outlives::Program;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let attempt = self.attempt;
        let claimed = ClaimTry { attempt }.run(tx).await?;
        let ClaimedTry::Granted(_) = claimed else {
            return Ok((claimed, None));
        };
        let username = self.username.clone();
        Ok((claimed, FindLogin { username }.run(tx).await?))
    }
}

/// Begins a session, and with it forgets what was counted: of this account and no other.
pub(crate) struct BeginSessionOfTry {
    pub(crate) session: NewSession,
    pub(crate) account: Account,
}

impl Operation for BeginSessionOfTry {
    type Out = Begun;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let session = self.session.clone();
        let begun = BeginSession { session }.run(tx).await?;
        if begun == Begun::Done {
            let args = [Arg::Bytes(self.account.as_bytes())];
            tx.execute(&FORGET, &args).await?;
        }
        Ok(begun)
    }
}

/// Makes an account wait, no shorter than it does.
pub(crate) struct BlockAccount {
    pub(crate) account: Account,
    pub(crate) wait: Wait,
}

impl Operation for BlockAccount {
    type Out = ();
    const ACCESS: Access = Access::Write;
    const OUTLIVES: Outlives = Outlives::Program;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [
            Arg::Bytes(self.account.as_bytes()),
            Arg::Int(self.wait.until.as_millis()),
            Arg::Int(self.wait.forgotten_at.as_millis()),
        ];
        tx.execute(&BLOCK, &args).await?;
        Ok(())
    }
}

/// Takes a try back whose password was never judged, or was right.
pub(crate) struct TakeBackTry {
    pub(crate) attempt: Try,
    pub(crate) number: i64,
}

impl Operation for TakeBackTry {
    type Out = ();
    const ACCESS: Access = Access::Write;
    const OUTLIVES: Outlives = Outlives::Program;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let until = self.attempt.others_wait_until(self.number);
        let args = [
            Arg::Bytes(self.attempt.account.as_bytes()),
            // No wait ends at this time where it began none.
            Arg::Int(until.map_or(-1, Timestamp::as_millis)),
        ];
        tx.execute(&TAKE_BACK, &args).await?;
        Ok(())
    }
}

/// Removes some counts that count for nothing any more, and tells how many.
pub(crate) struct SweepTries {
    pub(crate) now: Timestamp,
    /// How many at the most.
    pub(crate) limit: i64,
}

impl Operation for SweepTries {
    type Out = u64;
    const ACCESS: Access = Access::Write;

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let args = [Arg::Int(self.now.as_millis()), Arg::Int(self.limit)];
        tx.execute(&SWEEP, &args).await
    }
}
