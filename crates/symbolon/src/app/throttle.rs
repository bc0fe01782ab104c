//! Counting tries at passwords: before each is looked at, and what follows from how it went.
//!
//! Invariant: no password is compared whose try isn't counted (W5). What went wrong with us, rather than
//! with the password, counts for nothing: an outage must not lock anybody out.

use symbolon_rules::{
    login::LoginFacts,
    throttle::{self, Account, Try},
    user::Username,
};

use super::{App, AppError, LoginError};
use crate::store::{BlockAccount, ClaimLogin, ClaimTry, ClaimedTry, TakeBackTry};

/// A try that is counted: whoever holds one may look at a password.
#[derive(Debug)]
pub(super) struct Counted {
    attempt: Try,
    number: i64,
}

impl Counted {
    pub(super) const fn account(&self) -> Account {
        self.attempt.account
    }
}

impl App {
    /// Counts a try at a user of ours, and tells what is known of them.
    pub(super) async fn count_try(
        &self,
        username: Username,
    ) -> Result<(Counted, Option<LoginFacts>), LoginError> {
        let attempt = self.begin_try(username.as_str());
        let claim = ClaimLogin { attempt, username };
        let patience = self.passwords.patience();
        let (claimed, facts) = self.store.run_patiently(claim, patience).await?;
        Ok((self.counted(attempt, claimed)?, facts))
    }

    /// Counts a try at somebody of the program's, by the canonical form of what was typed.
    ///
    /// Names that only differ in case or width have one count: whether they are one account only the
    /// program knows, and as many spellings as there are must not be as many guesses.
    pub(super) async fn count_try_of_hook(&self, typed: &str) -> Result<Counted, LoginError> {
        let attempt = match Username::parse(typed) {
            Ok(username) => self.begin_try(username.as_str()),
            Err(_) => self.begin_try(&typed.trim().to_lowercase()),
        };
        let claimed = self.store.run(ClaimTry { attempt }).await?;
        self.counted(attempt, claimed)
    }

    /// Lets an account wait whose password was wrong, if it was wrong often enough.
    pub(super) async fn note_failure(&self, counted: &Counted) -> Result<(), AppError> {
        let Some(wait) = throttle::decide(counted.number, self.clock.now()) else {
            return Ok(());
        };
        let account = counted.account();
        self.store.run(BlockAccount { account, wait }).await?;
        let seconds = throttle::retry_after(wait.until, self.clock.now()).as_secs();
        tracing::warn!(tries = counted.number, seconds, "an account waits");
        Ok(())
    }

    /// Takes a try back. Where that fails too it stays counted until it is forgotten, or until a login.
    pub(super) async fn take_back(&self, counted: Counted) {
        let Counted { attempt, number } = counted;
        if let Err(error) = self.store.run(TakeBackTry { attempt, number }).await {
            tracing::warn!(%error, "a try that was none of the user's fault stays counted");
        }
    }

    fn begin_try(&self, name: &str) -> Try {
        Try::begin(self.names.account(name), self.clock.now())
    }

    fn counted(&self, attempt: Try, claimed: ClaimedTry) -> Result<Counted, LoginError> {
        match claimed {
            ClaimedTry::Granted(number) => Ok(Counted { attempt, number }),
            ClaimedTry::Waits(until) => {
                let retry_after = throttle::retry_after(until, self.clock.now());
                Err(LoginError::TooManyAttempts { retry_after })
            }
        }
    }
}
