//! From a refusal to its HTTP answer: the usual one, or the shape that an old program has always had.
//!
//! RFC 9110 §15.5.2 (a 401 has a challenge) and §10.2.3 (Retry-After), RFC 6750 §3, RFC 9457.
//!
//! Invariant: an answer in a shape of its own is still a refusal. It can't turn into a success, a
//! failure of ours can't turn into a "no", and the challenge is there.
//! Invariant: what is said here is fixed text, a number, or a scheme or role that the program's author
//! wrote; no part of the request or its token comes back.

mod challenge;
mod language;
mod problem;
mod text;

use std::{sync::Arc, time::Duration};

use http::{
    HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE},
};

use self::challenge::challenges;
pub use self::language::Language;
pub(crate) use self::{problem::problem, text::detail};
use crate::{Reason, Rejection, ResourceMetadata, Sources};

/// Words refusals in a shape of the program's own; set with [`Guard::with_answers`]. A function will do.
///
/// The answer says the body with its media type, and the status where that isn't the refusal's own:
/// - A status that isn't a refusal (such as the 200 that a new `Response` has) becomes the refusal's
///   own. A redirect, to a page where people log in, is a refusal.
/// - Keys that can't be had say nothing against the token, so their 503 stays a 5xx.
/// - `WWW-Authenticate`, `Cache-Control: no-store` and `Retry-After` are added unless they are there.
///
/// [`Guard::with_answers`]: crate::Guard::with_answers
///
/// ```
/// use http::{HeaderValue, Response, header::CONTENT_TYPE};
/// use symbolon_guard::{Guard, Reason, Rejection};
///
/// fn as_before(rejection: &Rejection) -> Response<String> {
///     let message = match rejection.reason() {
///         Reason::Absent(_) => "please log in",
///         Reason::Invalid(_) => "this token is no good",
///         Reason::MissingRole(_) => "not for you",
///         _ => return rejection.problem(),
///     };
///     let mut answer = Response::new(format!(r#"{{"message":"{message}"}}"#));
///     let json = HeaderValue::from_static("application/json");
///     answer.headers_mut().insert(CONTENT_TYPE, json);
///     answer
/// }
///
/// fn keep_the_old_shape(guard: Guard) -> Guard {
///     guard.with_answers(as_before)
/// }
/// ```
pub trait Answers: Send + Sync + 'static {
    /// The answer to this refusal.
    fn answer(&self, rejection: &Rejection) -> Response<String>;
}

impl<F> Answers for F
where
    F: Fn(&Rejection) -> Response<String> + Send + Sync + 'static,
{
    fn answer(&self, rejection: &Rejection) -> Response<String> {
        self(rejection)
    }
}

/// How one guard speaks with those whom it refuses.
#[derive(Clone, Default)]
pub(crate) struct Manner {
    pub(crate) sources: Sources,
    pub(crate) answers: Option<Arc<dyn Answers>>,
    pub(crate) metadata: Option<Arc<ResourceMetadata>>,
}

/// The whole answer.
pub(crate) fn respond(rejection: &Rejection, manner: &Manner) -> Response<String> {
    let mut response = match &manner.answers {
        Some(answers) => answers.answer(rejection),
        None => problem(rejection, &manner.sources),
    };
    let own = rejection.status();
    let status = response.status_mut();
    if !is_refusal(*status) || own.is_server_error() && !status.is_server_error() {
        *status = own;
    }
    let headers = response.headers_mut();
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if !headers.contains_key(WWW_AUTHENTICATE) {
        for challenge in challenges(rejection.reason(), manner) {
            headers.append(WWW_AUTHENTICATE, challenge);
        }
    }
    let retry_after = match rejection.reason() {
        Reason::Unavailable(unavailable) => Some(unavailable.retry_after),
        Reason::HookFailed(_) => Some(Duration::from_secs(1)),
        _ => None,
    };
    if let Some(retry_after) = retry_after {
        // Rounded up: RFC 9110 §10.2.3 knows whole seconds, and 0 would mean "at once".
        let seconds = retry_after.as_millis().div_ceil(1000).max(1);
        let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
        headers
            .entry(RETRY_AFTER)
            .or_insert(HeaderValue::from(seconds));
    }
    response
}

fn is_refusal(status: StatusCode) -> bool {
    status.is_redirection() || status.is_client_error() || status.is_server_error()
}
