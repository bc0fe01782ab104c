//! Why a request isn't served.
//!
//! RFC 6750 §3.1 (error codes), RFC 9470 §3 (a login too long ago). `answer.rs` turns a refusal into HTTP.
//!
//! Invariant: a refusal knows the guard it comes from only by its manner: what the extractor, the
//! optional extractor and the layer of one guard refuse is answered in one shape.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use http::{Response, StatusCode};
use symbolon_token::Error;

use crate::{
    Absent, Guard, HookFailed, Invalid, Language, Unavailable,
    answer::{Manner, detail, problem, respond},
};

/// Why a request isn't served, and the answer that says so.
///
/// | what happened | status | `code` | challenge |
/// |---|---|---|---|
/// | no credential | 401 | `missing_token` | `Bearer` without an error code |
/// | token refused | 401 | `invalid_token` | `Bearer error="invalid_token"` |
/// | user gone, or signed out | 401 | `invalid_token` | `Bearer error="invalid_token"` |
/// | login too long ago | 401 | `insufficient_user_authentication` | the same, with `max_age` (RFC 9470) |
/// | credential unreadable, or two | 400 | `invalid_request` | `Bearer error="invalid_request"` |
/// | role or scope missing, not allowed | 403 | `insufficient_scope` | `Bearer error="insufficient_scope"` |
/// | a cookie from another site | 403 | `cross_site` | `Bearer error="invalid_request"` |
/// | keys can't be had | 503 | `keys_unavailable` | none; `Retry-After` |
/// | a hook can't tell | 503 | `check_unavailable` | none; `Retry-After` |
///
/// The body is `application/problem+json` with `type`, `title`, `status`, `detail` and `code`, in English
/// or Korean as the request's `Accept-Language` prefers. A guard with [`Answers`](crate::Answers) of its own answers in their shape, one with other
/// [`Sources`](crate::Sources) names them in its challenges.
///
/// ```
/// use symbolon_guard::Rejection;
///
/// let answer: http::Response<String> = Rejection::missing_token().into_http_response();
/// assert_eq!(answer.status(), 401);
/// assert!(answer.headers().contains_key("www-authenticate"));
/// ```
#[derive(Clone)]
pub struct Rejection {
    reason: Reason,
    /// That of a guard with nothing special to it, if there is none.
    manner: Option<Arc<Manner>>,
    language: Language,
}

/// What a [`Rejection`] is about, as fine as an answer may want to tell it apart.
///
/// ```
/// use symbolon_guard::{Reason, Rejection};
///
/// let refusal = Rejection::missing_scope("posts:write");
/// assert_eq!(*refusal.reason(), Reason::MissingScope("posts:write".into()));
/// assert_eq!((refusal.status().as_u16(), refusal.code()), (403, "insufficient_scope"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Nothing was sent where a token is needed.
    Absent(Absent),
    /// A credential was sent and is refused.
    Invalid(Invalid),
    /// The token is good and counts no more: its user is gone, disabled or signed out. A guard doesn't
    /// find this out; whoever keeps the users does.
    SignedOut,
    /// The caller is known and lacks this role.
    MissingRole(Cow<'static, str>),
    /// The token is good and not for this: it lacks the scope.
    MissingScope(Cow<'static, str>),
    /// The caller is known, and proved longer ago than this who they are, or it isn't known when.
    NotFresh(Duration),
    /// The caller is known and may not: a check of the program's own says so.
    NotAllowed,
    /// The token can't be judged now. This says nothing against it.
    Unavailable(Unavailable),
    /// A hook could not tell. This says nothing against the caller.
    HookFailed(HookFailed),
}

/// For what a program finds out itself, as if the guard had:
///
/// ```
/// use std::time::Duration;
/// use symbolon_guard::{Caller, Guard, Language, Rejection};
///
/// fn may_transfer(guard: &Guard, caller: &Caller, suspended: &[&str]) -> Result<(), Rejection> {
///     if suspended.contains(&caller.subject()) {
///         return Err(Rejection::signed_out().answered_by(guard));
///     }
///     if !caller.is_fresh(Duration::from_secs(300)) {
///         return Err(Rejection::not_fresh(Duration::from_secs(300)).answered_by(guard));
///     }
///     if caller.client_id() != "the bank's own app" {
///         return Err(Rejection::not_allowed().answered_by(guard));
///     }
///     Ok(())
/// }
///
/// /// Out of a [`Guard::check`], which answers nothing itself.
/// fn of_a_check(outcome: symbolon_guard::Outcome) -> Option<Rejection> {
///     use symbolon_guard::Outcome;
///
///     match outcome {
///         Outcome::Valid(_) => None,
///         Outcome::Absent(_) => Some(Rejection::missing_token()),
///         Outcome::Invalid(why) => Some(Rejection::invalid(why)),
///         Outcome::Unavailable(later) => Some(Rejection::unavailable(later)),
///     }
/// }
///
/// /// More than the client is told.
/// fn for_the_log(rejection: &Rejection) -> String {
///     let inside = rejection.token_error().map(|error| error.code());
///     format!("{} ({inside:?}), answered in {:?}", rejection.code(), rejection.language())
/// }
///
/// let body = Rejection::missing_token().problem().into_body();
/// assert!(body.contains(r#""code":"missing_token""#));
/// ```
impl Rejection {
    /// Nothing was sent where a token is needed.
    pub const fn missing_token() -> Self {
        Self::of(Reason::Absent(Absent::NoHeader))
    }

    /// A credential was sent and is refused.
    pub const fn invalid(invalid: Invalid) -> Self {
        Self::of(Reason::Invalid(invalid))
    }

    /// The token is good and counts no more: its user is gone, disabled or signed out.
    pub const fn signed_out() -> Self {
        Self::of(Reason::SignedOut)
    }

    /// The caller is known and lacks this role.
    pub fn missing_role(role: impl Into<Cow<'static, str>>) -> Self {
        Self::of(Reason::MissingRole(role.into()))
    }

    /// The token is good and lacks this scope.
    pub fn missing_scope(scope: impl Into<Cow<'static, str>>) -> Self {
        Self::of(Reason::MissingScope(scope.into()))
    }

    /// The caller is known, and must prove anew who they are.
    pub const fn not_fresh(within: Duration) -> Self {
        Self::of(Reason::NotFresh(within))
    }

    /// The caller is known and may not.
    pub const fn not_allowed() -> Self {
        Self::of(Reason::NotAllowed)
    }

    /// The token can't be judged now.
    pub const fn unavailable(unavailable: Unavailable) -> Self {
        Self::of(Reason::Unavailable(unavailable))
    }

    pub(crate) const fn of(reason: Reason) -> Self {
        Self {
            reason,
            manner: None,
            language: Language::English,
        }
    }

    /// The same refusal, answered as this guard answers: for one that a handler makes itself.
    pub fn answered_by(self, guard: &Guard) -> Self {
        self.in_manner(Some(guard.manner()))
    }

    pub(crate) fn in_manner(self, manner: Option<Arc<Manner>>) -> Self {
        Self { manner, ..self }
    }

    /// The same refusal in this language; what a guard refuses itself is in the caller's already.
    ///
    /// ```
    /// # use http::HeaderMap;
    /// use symbolon_guard::{Language, Rejection};
    ///
    /// # let headers = HeaderMap::new();
    /// let refusal = Rejection::missing_role("admin").in_language(Language::of(&headers));
    /// ```
    pub fn in_language(self, language: Language) -> Self {
        Self { language, ..self }
    }

    /// The language that it is answered in, where no [`Answers`](crate::Answers) say otherwise.
    pub const fn language(&self) -> Language {
        self.language
    }

    #[cfg(feature = "axum")]
    pub(crate) fn into_reason(self) -> Reason {
        self.reason
    }

    /// What it is about.
    pub const fn reason(&self) -> &Reason {
        &self.reason
    }

    /// The status of the answer, where no [`Answers`](crate::Answers) say otherwise.
    pub fn status(&self) -> StatusCode {
        match &self.reason {
            Reason::Absent(_)
            | Reason::Invalid(Invalid::Token(_) | Invalid::WrongKind(_))
            | Reason::SignedOut
            | Reason::NotFresh(_) => StatusCode::UNAUTHORIZED,
            Reason::Invalid(Invalid::Request(_)) => StatusCode::BAD_REQUEST,
            Reason::Invalid(Invalid::CrossSite(_))
            | Reason::MissingRole(_)
            | Reason::MissingScope(_)
            | Reason::NotAllowed => StatusCode::FORBIDDEN,
            Reason::Unavailable(_) | Reason::HookFailed(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The stable code, as it stands in the body: RFC 6750's own where it has one.
    pub fn code(&self) -> &'static str {
        match &self.reason {
            Reason::Absent(_) => "missing_token",
            Reason::Invalid(Invalid::Token(_) | Invalid::WrongKind(_)) | Reason::SignedOut => {
                "invalid_token"
            }
            Reason::Invalid(Invalid::Request(_)) => "invalid_request",
            Reason::Invalid(Invalid::CrossSite(_)) => "cross_site",
            Reason::MissingRole(_) | Reason::MissingScope(_) | Reason::NotAllowed => {
                "insufficient_scope"
            }
            Reason::NotFresh(_) => "insufficient_user_authentication",
            Reason::Unavailable(_) => "keys_unavailable",
            Reason::HookFailed(_) => "check_unavailable",
        }
    }

    /// The token's own error, if a token was refused: its code says more than callers are told.
    pub fn token_error(&self) -> Option<&Error> {
        match &self.reason {
            Reason::Invalid(Invalid::Token(error)) => Some(error),
            _ => None,
        }
    }

    /// Status and body as they are without [`Answers`](crate::Answers): for those who answer some
    /// refusals in a shape of their own and leave the rest.
    pub fn problem(&self) -> Response<String> {
        self.with_manner(|manner| problem(self, &manner.sources))
    }

    /// The whole answer, in whatever body type the service uses.
    pub fn into_http_response<B: From<String>>(self) -> Response<B> {
        self.with_manner(|manner| respond(&self, manner))
            .map(B::from)
    }

    fn with_manner<T>(&self, speak: impl FnOnce(&Manner) -> T) -> T {
        match &self.manner {
            Some(manner) => speak(manner),
            None => speak(&Manner::default()),
        }
    }
}

/// Equal reasons make equal refusals, whoever answers them.
impl PartialEq for Rejection {
    fn eq(&self, other: &Self) -> bool {
        self.reason == other.reason
    }
}

impl Eq for Rejection {}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rejection").field(&self.reason).finish()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let detail =
            self.with_manner(|manner| detail(&self.reason, &manner.sources, Language::English));
        write!(f, "{}: {detail}", self.code())
    }
}

impl std::error::Error for Rejection {}

#[cfg(feature = "axum")]
impl axum_core::response::IntoResponse for Rejection {
    fn into_response(self) -> axum_core::response::Response {
        self.into_http_response()
    }
}
