//! To the provider and back.

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use data_encoding::HEXLOWER;
use symbolon_rules::{
    cookie::{Cookie, Transport},
    upstream::{Answer, LOGIN_LIFETIME, LoginKey, Refusal, Why},
};

use super::{
    super::{
        AppSession,
        body::read_pairs,
        error::{Language, Problem},
    },
    Upstream, VISITOR, page,
};
use crate::{
    app::{UpstreamError, Visitor},
    keys::sha256,
};

/// What a login's cookie is called, before its own mark.
const COOKIE: &str = "login_";
/// Logins that a browser may have under way; the oldest give way.
const AT_ONCE: usize = 8;
/// Bytes of a login's key that its cookie is named by: the moment, and some of the hash.
const MARK_BYTES: usize = 12;

/// `GET /login/NAME`: sends the browser to the provider.
pub(super) async fn begin(
    State(upstream): State<Upstream>,
    RawQuery(query): RawQuery,
    language: Language,
    headers: HeaderMap,
) -> Response {
    let Upstream { app, client } = &upstream;
    let next = next(query.as_deref());
    let begun = match app.begin_upstream_login(client, next.as_deref()).await {
        Ok(begun) => begun,
        Err(error) => return refuse(&upstream, error, language, &headers),
    };
    let transport = Transport::of_issuer(&app.issuer);
    let Some(cookie) = cookie(&begun.key, transport) else {
        return Problem::Internal.answer(language);
    };
    let mut response = redirect(&begun.location);
    let given = cookie.carrying_for(&begun.browser, LOGIN_LIFETIME);
    append(&mut response, &given);
    for old in surplus(&headers, transport) {
        append(&mut response, &old.expired());
    }
    response
}

/// The page to go to afterwards. One that is there twice, or can't be read, is none.
fn next(query: Option<&str>) -> Option<String> {
    let pairs = read_pairs(query?).ok()?;
    let mut found = pairs.into_iter().filter(|(name, _)| name == "next");
    match (found.next(), found.next()) {
        (Some((_, next)), None) => Some(next),
        _ => None,
    }
}

/// The callback: judges the answer, signs in, and sends the browser to where it wanted to go.
pub(super) async fn finish(
    State(upstream): State<Upstream>,
    RawQuery(query): RawQuery,
    language: Language,
    headers: HeaderMap,
    session: AppSession,
) -> Response {
    match answered(&upstream, query.as_deref(), &headers, &session).await {
        Ok(response) => response,
        Err(error) => refuse(&upstream, error, language, &headers),
    }
}

async fn answered(
    upstream: &Upstream,
    query: Option<&str>,
    headers: &HeaderMap,
    session: &AppSession,
) -> Result<Response, UpstreamError> {
    let Upstream { app, client } = upstream;
    let malformed = Refusal::new(Why::Malformed, "the answer's query can't be read");
    let pairs = read_pairs(query.unwrap_or_default()).map_err(|_| malformed)?;
    let answer = Answer::read(pairs)?;
    let cookie = cookie(&answer.state.key(sha256), Transport::of_issuer(&app.issuer));
    let sent = headers.get_all(header::COOKIE).iter();
    let sent = sent.map(HeaderValue::as_bytes);
    let browser = cookie.as_ref().and_then(|cookie| cookie.find(sent));

    let done = app.finish_upstream_login(client, answer, browser).await?;
    enter(upstream, session, &done.visitor).await?;
    let after = &client.registration().after_login;
    let mut response = redirect(done.next.as_ref().map_or(after, |next| next.as_str()));
    if let Some(cookie) = cookie {
        append(&mut response, &cookie.expired());
    }
    Ok(response)
}

/// Gives the browser's app session a new id and the visitor. What an earlier visitor left there is
/// theirs: it goes, and their login with it.
async fn enter(
    upstream: &Upstream,
    session: &AppSession,
    visitor: &Visitor,
) -> Result<(), UpstreamError> {
    let fault = |error: crate::AppSessionError| {
        UpstreamError::App(crate::AppError::Fault(error.to_string()))
    };
    let before: Option<Visitor> = session.get(VISITOR).unwrap_or_default();
    if let Some(before) = before {
        upstream.app.end_upstream_login(&before).await?;
        if !before.is_same_person(visitor) {
            session.end().map_err(fault)?;
        }
    }
    match visitor.session() {
        Some(id) => session.renew_for_session(id),
        None => session.renew(),
    }
    .and_then(|()| session.set_own(VISITOR, visitor))
    .map_err(fault)
}

/// A page for people, problem details for programs.
fn refuse(
    upstream: &Upstream,
    error: UpstreamError,
    language: Language,
    headers: &HeaderMap,
) -> Response {
    let client = &upstream.client;
    let problem = match error {
        UpstreamError::Refused(refusal) => {
            let (code, reason) = (refusal.why.code(), refusal.reason);
            tracing::info!(client = client.name(), code, reason, "login refused");
            Problem::LogIn(refusal.why)
        }
        UpstreamError::App(error) => error.into(),
    };
    page::answer(&problem, language, headers, &client.login_path())
}

/// The cookie of one login: its name carries the login's mark, so that several in several tabs don't
/// meet.
fn cookie(key: &LoginKey, transport: Transport) -> Option<Cookie> {
    let mark = HEXLOWER.encode(key.as_bytes().get(..MARK_BYTES)?);
    Cookie::named(&format!("{COOKIE}{mark}"), transport).ok()
}

/// Cookies of logins that were begun and left; the moment in their marks says which are the oldest.
fn surplus(headers: &HeaderMap, transport: Transport) -> Vec<Cookie> {
    let prefix = match transport {
        Transport::Https => "__Host-",
        Transport::Loopback => "",
    };
    let sent = headers.get_all(header::COOKIE).iter();
    let pairs = sent
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    let mut marks: Vec<&str> = pairs
        .filter_map(|pair| pair.split_once('='))
        .filter_map(|(name, _)| name.trim().strip_prefix(prefix)?.strip_prefix(COOKIE))
        .filter(|mark| mark.len() == 2 * MARK_BYTES && HEXLOWER.decode(mark.as_bytes()).is_ok())
        .collect();
    marks.sort_unstable();
    marks.dedup();
    // One place is the new login's.
    let old = marks.len().saturating_sub(AT_ONCE - 1);
    let old = marks.into_iter().take(old);
    old.filter_map(|mark| Cookie::named(&format!("{COOKIE}{mark}"), transport).ok())
        .collect()
}

fn redirect(location: &str) -> Response {
    match HeaderValue::from_str(location) {
        Ok(location) => (StatusCode::FOUND, [(header::LOCATION, location)]).into_response(),
        Err(_) => Problem::Internal.answer(Language::English),
    }
}

fn append(response: &mut Response, cookie: &str) {
    if let Ok(mut value) = HeaderValue::from_str(cookie) {
        value.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}
