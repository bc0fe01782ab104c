//! `POST /logout`: ends the login here, and at the provider where it offers that.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use zeroize::Zeroizing;

use super::{
    super::{
        AppSession,
        body::read_fields,
        csrf,
        error::{Language, Problem},
    },
    VISITOR, page,
};
use crate::app::{App, Visitor};

pub(super) async fn log_out(
    State(app): State<Arc<App>>,
    language: Language,
    session: AppSession,
    request: Request,
) -> Response {
    let headers = request.headers().clone();
    match ended(&app, &session, request).await {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(problem) => page::answer(&problem, language, &headers, "/"),
    }
}

/// Where the browser goes next. Nobody who is logged in is nothing to end.
async fn ended(app: &App, session: &AppSession, request: Request) -> Result<HeaderValue, Problem> {
    if !csrf::is_same_origin(request.headers(), &app.issuer) {
        return Err(Problem::CrossSite);
    }
    let sent = token(request).await?;
    let home = HeaderValue::from_static("/");
    let Some(visitor) = session.get::<Visitor>(VISITOR).unwrap_or_default() else {
        return Ok(home);
    };
    if !csrf::is_token(sent.as_bytes(), &visitor.csrf) {
        return Err(Problem::CrossSite);
    }
    let elsewhere = app.end_upstream_login(&visitor).await?;
    session.end().map_err(|_| Problem::Internal)?;
    let after = app.clients.find(&visitor.client);
    let after = after.map(|client| client.registration().after_logout.as_str());
    let location = elsewhere.as_deref().or(after).unwrap_or("/");
    Ok(HeaderValue::from_str(location).unwrap_or(home))
}

async fn token(request: Request) -> Result<Zeroizing<String>, Problem> {
    let mut fields = read_fields(request).await?;
    let token = fields.take("csrf_token")?;
    fields.finish()?;
    Ok(token)
}
