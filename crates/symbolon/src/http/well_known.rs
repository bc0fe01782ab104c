//! What anybody may know: the keys (RFC 7517) and the metadata (RFC 8414, OpenID Connect Discovery).
//!
//! Invariant: no byte of these depends on the request (M1).

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::router::Http;

/// How long a verifier may keep the keys; shorter than a standby key is announced ahead (M2).
const JWKS_CACHE: HeaderValue = HeaderValue::from_static("public, max-age=300");
const METADATA_CACHE: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// `GET /.well-known/jwks.json`.
pub(super) async fn jwks(State(http): State<Http>, headers: HeaderMap) -> Response {
    let published = http.app.published_keys();
    let caching = [
        (header::CACHE_CONTROL, JWKS_CACHE),
        (header::ETAG, header_value(&published.etag)),
    ];
    if is_current(&headers, &published.etag) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    let kind = [(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/jwk-set+json"),
    )];
    (caching, kind, published.jwks.clone()).into_response()
}

/// `GET /.well-known/oauth-authorization-server` and `/.well-known/openid-configuration`.
pub(super) async fn metadata(State(http): State<Http>) -> Response {
    let caching = [(header::CACHE_CONTROL, METADATA_CACHE)];
    (caching, Json(&http.app.metadata)).into_response()
}

/// RFC 9110 §13.1.2: the weak comparison, over a list or `*`.
fn is_current(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use symbolon_rules::key_ring::{ANNOUNCE_MIN, JWKS_MAX_AGE};

    use super::*;

    #[test]
    fn m2_the_jwks_is_kept_for_less_than_a_key_is_announced_ahead() {
        let said = format!("public, max-age={}", JWKS_MAX_AGE.as_secs());
        assert_eq!(JWKS_CACHE.to_str().unwrap(), said);
        assert!(JWKS_MAX_AGE < ANNOUNCE_MIN);
    }
}
