//! The listener for whoever runs the server. It asks nobody who they are, and so it is for this
//! machine alone unless somebody says otherwise.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};

use super::metrics::Metrics;
use crate::{
    app::App,
    http::{
        error::{self, Language, Problem},
        health,
        router::Http,
    },
};

/// What the encoder writes, which Prometheus reads as well as its own text.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) fn router(app: Arc<App>, metrics: Arc<Metrics>) -> Router {
    Router::new()
        .route("/metrics", get(show_metrics).with_state(metrics))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .with_state(Http { app })
}

async fn show_metrics(State(metrics): State<Arc<Metrics>>, language: Language) -> Response {
    match metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => Problem::Internal.answer(language),
    }
}
