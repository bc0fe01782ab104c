//! What a handler needs of its caller, as a type: roles, scopes, a recent login, and these together.
//!
//! RFC 9068 §2.2.3.1 (roles), RFC 6749 §3.3 (scopes), OpenID Connect Core §2 (`auth_time`).
//!
//! Invariant: a `CallerWith<N>` exists only for a caller who met `N`.

use std::{borrow::Cow, fmt, marker::PhantomData, ops::Deref, time::Duration};

use crate::{Caller, Reason};

/// Something that a caller has or hasn't. Roles are needs, and so are [`InScope`], [`FreshWithin`],
/// [`AnyOf`] and tuples (all of them); a program's own are types that implement this.
///
/// ```
/// use symbolon_guard::{Caller, CallerWith, Need, Reason};
///
/// struct Staff;
///
/// impl Need for Staff {
///     fn check(caller: &Caller) -> Result<(), Reason> {
///         match caller.client_id() {
///             "staff-app" => Ok(()),
///             _ => Err(Reason::NotAllowed),
///         }
///     }
/// }
///
/// async fn payroll(caller: CallerWith<Staff>) -> String {
///     format!("opened by {}", caller.subject())
/// }
/// ```
pub trait Need {
    /// What the caller lacks, if they lack something: [`Reason::MissingRole`], [`Reason::MissingScope`],
    /// [`Reason::NotFresh`] or [`Reason::NotAllowed`].
    fn check(caller: &Caller) -> Result<(), Reason>;
}

/// A role as a type, so that a handler's arguments say who may call it.
///
/// ```
/// use symbolon_guard::{CallerWith, Role};
///
/// struct Admin;
///
/// impl Role for Admin {
///     const NAME: &'static str = "admin";
/// }
///
/// async fn reset(admin: CallerWith<Admin>) -> String {
///     format!("reset by {}", admin.subject())
/// }
/// ```
pub trait Role {
    /// The role as it stands in the token's `roles`.
    const NAME: &'static str;
}

impl<R: Role> Need for R {
    fn check(caller: &Caller) -> Result<(), Reason> {
        if caller.has_role(R::NAME) {
            return Ok(());
        }
        Err(Reason::MissingRole(Cow::Borrowed(R::NAME)))
    }
}

/// A scope as a type; see [`InScope`].
///
/// ```
/// use symbolon_guard::Scope;
///
/// struct PostsRead;
///
/// impl Scope for PostsRead {
///     const NAME: &'static str = "posts:read";
/// }
/// ```
pub trait Scope {
    /// The scope as it stands in the token's `scope`.
    const NAME: &'static str;
}

/// A token that was granted the scope `S`.
///
/// ```
/// use symbolon_guard::{CallerWith, InScope, Scope};
///
/// struct PostsWrite;
///
/// impl Scope for PostsWrite {
///     const NAME: &'static str = "posts:write";
/// }
///
/// async fn publish(_: CallerWith<InScope<PostsWrite>>) -> &'static str {
///     "published"
/// }
/// ```
pub struct InScope<S>(PhantomData<fn() -> S>);

impl<S: Scope> Need for InScope<S> {
    fn check(caller: &Caller) -> Result<(), Reason> {
        if caller.has_scope(S::NAME) {
            return Ok(());
        }
        Err(Reason::MissingScope(Cow::Borrowed(S::NAME)))
    }
}

/// A login that is no older than so many seconds, by the token's `auth_time`.
///
/// ```
/// use symbolon_guard::{CallerWith, FreshWithin};
///
/// async fn change_password(caller: CallerWith<FreshWithin<300>>) -> String {
///     format!("{} has just logged in", caller.subject())
/// }
/// ```
pub struct FreshWithin<const SECONDS: u64>;

impl<const SECONDS: u64> Need for FreshWithin<SECONDS> {
    fn check(caller: &Caller) -> Result<(), Reason> {
        let within = Duration::from_secs(SECONDS);
        if caller.is_fresh(within) {
            return Ok(());
        }
        Err(Reason::NotFresh(within))
    }
}

/// One of several needs. What is lacking is told by the first.
///
/// ```
/// use symbolon_guard::{AnyOf, CallerWith, FreshWithin, Role};
///
/// struct Admin;
/// struct Auditor;
///
/// impl Role for Admin {
///     const NAME: &'static str = "admin";
/// }
///
/// impl Role for Auditor {
///     const NAME: &'static str = "auditor";
/// }
///
/// // An admin or an auditor, and in either case one who has logged in within the hour.
/// async fn books(_: CallerWith<(AnyOf<(Admin, Auditor)>, FreshWithin<3600>)>) -> &'static str {
///     "the books"
/// }
/// ```
pub struct AnyOf<N>(PhantomData<fn() -> N>);

macro_rules! several {
    ($first:ident $(, $other:ident)*) => {
        /// All of them.
        impl<$first: Need, $($other: Need),*> Need for ($first, $($other,)*) {
            fn check(caller: &Caller) -> Result<(), Reason> {
                $first::check(caller)?;
                $($other::check(caller)?;)*
                Ok(())
            }
        }

        impl<$first: Need, $($other: Need),*> Need for AnyOf<($first, $($other,)*)> {
            fn check(caller: &Caller) -> Result<(), Reason> {
                let first = $first::check(caller);
                $(let first = first.or_else(|lacking| $other::check(caller).map_err(|_| lacking));)*
                first
            }
        }
    };
}

several!(A);
several!(A, B);
several!(A, B, C);
several!(A, B, C, D);
several!(A, B, C, D, E);
several!(A, B, C, D, E, F);

/// A [`Caller`] who meets the need `N`; also a proof. A [`Role`] is the usual need.
///
/// ```
/// use symbolon_guard::{Caller, CallerWith, Guard, Reason, Rejection, Role};
///
/// struct Admin;
///
/// impl Role for Admin {
///     const NAME: &'static str = "admin";
/// }
///
/// // As an argument of a handler, or from a caller that is already there:
/// fn as_admin(guard: &Guard, caller: Caller) -> Result<CallerWith<Admin>, Rejection> {
///     CallerWith::check(caller).ok_or_else(|| Rejection::missing_role("admin").answered_by(guard))
/// }
///
/// /// With the reason, where the need isn't known; and as any caller again.
/// fn why_not(caller: Caller) -> Result<Caller, Reason> {
///     CallerWith::<Admin>::require(caller).map(CallerWith::into_caller)
/// }
/// ```
pub struct CallerWith<N> {
    caller: Caller,
    need: PhantomData<fn() -> N>,
}

impl<N: Need> CallerWith<N> {
    /// The same caller, if they meet the need.
    pub fn check(caller: Caller) -> Option<Self> {
        Self::require(caller).ok()
    }

    /// The same caller, or what they lack.
    pub fn require(caller: Caller) -> Result<Self, Reason> {
        N::check(&caller)?;
        Ok(Self {
            caller,
            need: PhantomData,
        })
    }
}

impl<N> CallerWith<N> {
    /// The caller, for code that no longer asks for it.
    pub fn into_caller(self) -> Caller {
        self.caller
    }
}

impl<N> Deref for CallerWith<N> {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl<N> Clone for CallerWith<N> {
    fn clone(&self) -> Self {
        Self {
            caller: self.caller.clone(),
            need: PhantomData,
        }
    }
}

impl<N> fmt::Debug for CallerWith<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.caller.fmt(f)
    }
}
