//! What a program wants to know of a caller beyond the token: asked on every request.
//!
//! Invariant: a hook answers yes or no, or fails, and a failure is a 503: never a yes, and never a no. A
//! panic is a failure.
//! Invariant: hooks run after the token was found good, in this order: whether it is denied, who the user
//! is, whether they may. The first "no" or failure ends it.

use std::{
    any::Any,
    error::Error,
    fmt,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::Arc,
};

use crate::{Caller, Reason};

/// Why a hook could not tell.
///
/// ```
/// use symbolon_guard::{Caller, HookError};
///
/// async fn is_blocked(caller: Caller) -> Result<bool, HookError> {
///     let blocked = std::fs::read_to_string("/dev/null")?;
///     Ok(blocked.lines().any(|line| line == caller.subject()))
/// }
///
/// # fn with(guard: symbolon_guard::Guard) -> symbolon_guard::Guard {
/// guard.with_deny_check(is_blocked)
/// # }
/// ```
pub type HookError = Box<dyn Error + Send + Sync>;

/// The user of a request, of whatever type the program's loader gives.
pub(crate) type User = Arc<dyn Any + Send + Sync>;

type Ran<'a, T> = Pin<Box<dyn Future<Output = Result<T, HookError>> + Send + 'a>>;
type Yes = dyn Fn(Caller) -> Ran<'static, bool> + Send + Sync;
type Load = dyn Fn(Caller) -> Ran<'static, Option<User>> + Send + Sync;

#[derive(Clone, Default)]
pub(crate) struct Hooks {
    denied: Vec<Arc<Yes>>,
    user: Option<Arc<Load>>,
    checks: Vec<Arc<Yes>>,
}

impl Hooks {
    pub(crate) fn add_deny_check<F, A>(&mut self, denied: F)
    where
        F: Fn(Caller) -> A + Send + Sync + 'static,
        A: Future<Output = Result<bool, HookError>> + Send + 'static,
    {
        self.denied
            .push(Arc::new(move |caller| Box::pin(denied(caller))));
    }

    pub(crate) fn add_check<F, A>(&mut self, check: F)
    where
        F: Fn(Caller) -> A + Send + Sync + 'static,
        A: Future<Output = Result<bool, HookError>> + Send + 'static,
    {
        self.checks
            .push(Arc::new(move |caller| Box::pin(check(caller))));
    }

    pub(crate) fn set_user_loader<F, A, U>(&mut self, load: F)
    where
        F: Fn(Caller) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Option<U>, HookError>> + Send + 'static,
        U: Any + Send + Sync,
    {
        self.user = Some(Arc::new(move |caller| {
            let loading = load(caller);
            Box::pin(async { Ok(loading.await?.map(|user| Arc::new(user) as User)) })
        }));
    }

    pub(crate) fn are_none(&self) -> bool {
        self.denied.is_empty() && self.user.is_none() && self.checks.is_empty()
    }

    /// The caller with their user, if nothing stands against them.
    pub(crate) async fn run(&self, mut caller: Caller) -> Result<Caller, Reason> {
        for denied in &self.denied {
            if ask(Hook::DenyCheck, || denied(caller.clone())).await? {
                return Err(Reason::SignedOut);
            }
        }
        if let Some(load) = &self.user {
            let user = ask(Hook::UserLoader, || load(caller.clone())).await?;
            caller = caller.with_user(user.ok_or(Reason::SignedOut)?);
        }
        for check in &self.checks {
            if !ask(Hook::Check, || check(caller.clone())).await? {
                return Err(Reason::NotAllowed);
            }
        }
        Ok(caller)
    }
}

async fn ask<'a, T>(hook: Hook, start: impl FnOnce() -> Ran<'a, T>) -> Result<T, Reason> {
    let failed = |error| {
        Reason::HookFailed(HookFailed {
            hook,
            error: Arc::from(error),
        })
    };
    let panicked = || HookError::from("the hook panicked");
    let started = catch_unwind(AssertUnwindSafe(start)).map_err(|_| failed(panicked()))?;
    let mut running = pin!(started);
    // The future isn't polled again after a panic, so nobody sees what it left half done.
    let ran = poll_fn(|cx| {
        catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(cx)))
            .unwrap_or_else(|_| Err(panicked()).into())
    });
    ran.await.map_err(failed)
}

/// Which question was asked.
///
/// ```
/// use symbolon_guard::{Hook, Reason, Rejection};
///
/// fn is_our_database_away(rejection: &Rejection) -> bool {
///     matches!(rejection.reason(), Reason::HookFailed(failed) if failed.hook == Hook::UserLoader)
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hook {
    /// [`Guard::with_deny_check`](crate::Guard::with_deny_check).
    DenyCheck,
    /// [`Guard::with_user_loader`](crate::Guard::with_user_loader).
    UserLoader,
    /// [`Guard::with_check`](crate::Guard::with_check).
    Check,
}

/// A hook could not tell: 503. This says nothing against the caller.
///
/// ```
/// use symbolon_guard::{Reason, Rejection};
///
/// fn for_the_log(rejection: &Rejection) -> Option<String> {
///     match rejection.reason() {
///         Reason::HookFailed(failed) => Some(format!("{failed}: {}", failed.error)),
///         _ => None,
///     }
/// }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HookFailed {
    /// Which hook.
    pub hook: Hook,
    /// What kept it; for logs, callers aren't told.
    pub error: Arc<dyn Error + Send + Sync>,
}

/// Equal questions failed, for whatever reason.
impl PartialEq for HookFailed {
    fn eq(&self, other: &Self) -> bool {
        self.hook == other.hook
    }
}

impl Eq for HookFailed {}

impl fmt::Display for HookFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.hook {
            Hook::DenyCheck => "it cannot be told whether the token still counts",
            Hook::UserLoader => "the user cannot be looked up",
            Hook::Check => "it cannot be told whether the caller may do this",
        })
    }
}
