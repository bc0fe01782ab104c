//! The app session of one request: read when a handler first asks, kept before the answer goes out.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use symbolon_rules::app_session::{AppSessionId, Draft};
use tokio::sync::OnceCell;

use super::{
    super::error::{Language, Problem},
    layer::Settings,
};
use crate::app::Kept;

/// The request's working copy, until the answer takes it.
pub(super) type SharedDraft = Arc<Mutex<Option<Draft>>>;

/// What the layer leaves in a request's extensions.
#[derive(Clone)]
pub(super) struct RequestSession(Arc<Inner>);

struct Inner {
    settings: Arc<Settings>,
    sent: Option<AppSessionId>,
    draft: OnceCell<SharedDraft>,
    looked_at: AtomicBool,
}

impl RequestSession {
    pub(super) fn new(settings: Arc<Settings>, headers: &HeaderMap) -> Self {
        let cookies = headers.get_all(header::COOKIE).iter();
        let sent = settings.cookie.find(cookies.map(HeaderValue::as_bytes));
        Self(Arc::new(Inner {
            settings,
            sent,
            draft: OnceCell::new(),
            looked_at: AtomicBool::new(false),
        }))
    }

    /// The session, read from the store the first time.
    pub(super) async fn open(&self) -> Result<SharedDraft, Problem> {
        let Inner {
            settings,
            sent,
            draft,
            looked_at,
        } = &*self.0;
        looked_at.store(true, Ordering::Relaxed);
        let open = async || {
            let found = settings
                .app
                .find_app_session(sent.as_ref(), &settings.lifetimes);
            Ok(Arc::new(Mutex::new(Some(found.await?))))
        };
        draft.get_or_try_init(open).await.cloned()
    }

    /// Keeps what was changed, and tells the browser; or answers that it wasn't kept.
    pub(super) async fn finish(&self, mut response: Response, language: Language) -> Response {
        // Whoever asks for the first time from now on is told that it is too late.
        let _ = self.0.draft.set(SharedDraft::default());
        if !self.0.looked_at.load(Ordering::Relaxed) {
            return response;
        }
        let cookie = match self.keep().await {
            Ok(change) => change,
            Err(problem) => {
                response = problem.answer(language);
                None
            }
        };
        let headers = response.headers_mut();
        if let Some(cookie) = cookie {
            headers.append(header::SET_COOKIE, cookie);
            // RFC 9111 §7.3: a cache that kept this would hand one visitor's session to the next.
            headers.insert(header::CACHE_CONTROL, NO_STORE);
        }
        headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
        vary_by_cookie(headers);
        response
    }

    /// What to tell the browser, once everything is kept.
    async fn keep(&self) -> Result<Option<HeaderValue>, Problem> {
        let Settings {
            app,
            cookie,
            lifetimes,
        } = &*self.0.settings;
        let draft = self.0.draft.get().and_then(|draft| {
            let mut draft = draft.lock().unwrap_or_else(PoisonError::into_inner);
            draft.take()
        });
        let Some(draft) = draft else { return Ok(None) };
        let kept = app.keep_app_session(draft, lifetimes).await;
        match kept? {
            Kept::Unchanged => Ok(None),
            Kept::Under(id) => set_cookie(&cookie.carrying(&id)).map(Some),
            Kept::Over => set_cookie(&cookie.expired()).map(Some),
            Kept::Ended => Err(Problem::AppSessionEnded),
            Kept::Full => Err(Problem::AppSessionFull),
        }
    }
}

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

fn set_cookie(text: &str) -> Result<HeaderValue, Problem> {
    let mut value = HeaderValue::from_str(text).map_err(|_| Problem::Internal)?;
    value.set_sensitive(true);
    Ok(value)
}

/// RFC 9110 §12.5.5: the answer depends on the cookie, also where there was none.
fn vary_by_cookie(headers: &mut HeaderMap) {
    let said = headers
        .get_all(header::VARY)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|name| name == "*" || name.eq_ignore_ascii_case("cookie"));
    if !said {
        headers.append(header::VARY, HeaderValue::from_static("Cookie"));
    }
}
