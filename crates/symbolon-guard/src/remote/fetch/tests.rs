//! What an answer's headers may say, and what is made of it.

use http::HeaderValue;

use super::*;

fn headers(pairs: &[(http::HeaderName, &'static str)]) -> HeaderMap {
    let pairs = pairs.iter().cloned();
    pairs
        .map(|(name, value)| (name, HeaderValue::from_static(value)))
        .collect()
}

#[test]
fn cache_headers_are_honoured_within_bounds() {
    for (cache_control, age, seconds) in [
        ("max-age=600", "0", 600),
        ("public, MAX-AGE=600, must-revalidate", "0", 600),
        ("max-age=600", "500", 100),
        ("max-age=600", "9999", 60),
        ("max-age=0", "0", 60),
        ("max-age=31536000", "0", 3600),
        ("max-age=99999999999999999999", "0", 60),
        ("max-age=-1", "0", 60),
        ("no-store, max-age=600", "0", 60),
        ("no-cache", "0", 60),
        ("private", "0", 300),
        ("", "nonsense", 300),
    ] {
        let headers = headers(&[(CACHE_CONTROL, cache_control), (AGE, age)]);
        assert_eq!(
            fresh_for(&headers).as_secs(),
            seconds,
            "{cache_control} {age}"
        );
    }
    assert_eq!(fresh_for(&HeaderMap::new()), FRESH_BY_DEFAULT);
}

#[test]
fn only_json_is_json() {
    for good in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/jwk-set+json",
    ] {
        assert!(is_json(&headers(&[(CONTENT_TYPE, good)])), "{good}");
    }
    for bad in ["text/html", "text/json", "application/jsonp", "json", ""] {
        assert!(!is_json(&headers(&[(CONTENT_TYPE, bad)])), "{bad}");
    }
    assert!(!is_json(&HeaderMap::new()));
}
