//! Tokens in cookies, and what keeps foreign pages from using them.

use axum::{Router, body::Body, routing::any};
use http::{HeaderName, Method, Request, StatusCode, header::COOKIE};
use symbolon_guard::{
    Caller, CrossSite, CsrfValue, Guard, Invalid, Malformed, Reason, Sources, TokenCookie,
    TokenCookieError, testing::TestIssuer,
};
use tower::ServiceExt;

fn cookie() -> TokenCookie {
    TokenCookie::new("access_token").unwrap()
}

fn guard(issuer: &TestIssuer, sources: Sources) -> Guard {
    issuer.guard("https://api.example").with_sources(sources)
}

fn routes(guard: &Guard) -> Router {
    Router::new()
        .route(
            "/extractor",
            any(async |caller: Caller| caller.subject().to_owned()),
        )
        .with_state(guard.clone())
        .merge(
            Router::new()
                .route("/layer", any(async || "ada"))
                .layer(guard.layer()),
        )
}

async fn answers(guard: &Guard, method: &Method, headers: &[(&str, &str)]) -> [u16; 2] {
    let mut statuses = [0; 2];
    for (status, path) in statuses.iter_mut().zip(["/extractor", "/layer"]) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let answer = routes(guard).oneshot(request).await.unwrap();
        if answer.status() != StatusCode::OK {
            assert!(answer.headers().contains_key("www-authenticate"));
        }
        *status = answer.status().as_u16();
    }
    statuses
}

#[tokio::test]
async fn s3_a_cookie_alone_reads_and_changes_nothing() {
    let issuer = TestIssuer::new();
    let guard = guard(&issuer, Sources::bearer().and_cookie(cookie()));
    let value = CsrfValue::from_random([7; 32]);
    let other = CsrfValue::from_random([8; 32]);
    let token = issuer.mint("ada").csrf(&value).token();
    let sent = format!("theme=dark; __Host-access_token={token}; x=y");
    let cookie = ("cookie", sent.as_str());
    let right = ("x-csrf-token", value.as_str());
    let from = |site| ("sec-fetch-site", site);

    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        assert_eq!(
            answers(&guard, &method, &[cookie]).await,
            [200; 2],
            "{method}"
        );
        // A link on another site that leads here.
        assert_eq!(
            answers(&guard, &method, &[cookie, from("cross-site")]).await,
            [200; 2]
        );
    }
    let unknown = Method::from_bytes(b"PROPPATCH").unwrap();
    for method in [
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::TRACE,
        unknown,
    ] {
        for (headers, expected) in [
            (vec![cookie], 403),
            (vec![cookie, right], 200),
            (vec![cookie, right, from("same-origin")], 200),
            (vec![cookie, right, from("none")], 200),
            (vec![cookie, right, from("cross-site")], 403),
            (vec![cookie, right, from("same-site")], 403),
            (vec![cookie, right, from("Same-Origin")], 403),
            (vec![cookie, right, from("")], 403),
            (
                vec![cookie, right, from("same-origin"), from("cross-site")],
                403,
            ),
            (vec![cookie, from("same-origin")], 403),
            (vec![cookie, ("x-csrf-token", "")], 403),
            (vec![cookie, ("x-csrf-token", other.as_str())], 403),
            // What the token holds is the hash, not the value.
            (vec![cookie, ("x-csrf-token", &value.claim())], 403),
            (vec![cookie, right, right], 403),
            (vec![cookie, ("x_csrf_token", value.as_str())], 403),
            (vec![cookie, ("csrf-token", value.as_str())], 403),
        ] {
            let got = answers(&guard, &method, &headers).await;
            assert_eq!(got, [expected; 2], "{method} {headers:?}");
        }
    }
    // A token that its bearer puts there himself needs none of it.
    let bearer = format!("Bearer {token}");
    let by_hand = [("authorization", bearer.as_str()), from("cross-site")];
    assert_eq!(answers(&guard, &Method::POST, &by_hand).await, [200; 2]);
}

#[tokio::test]
async fn s3_a_token_without_a_hash_changes_nothing() {
    let issuer = TestIssuer::new();
    let guard = guard(&issuer, Sources::cookie(cookie()));
    let value = CsrfValue::from_random([7; 32]);
    for claim in [
        serde_json::Value::Null,
        "".into(),
        "AAAA".into(),
        7.into(),
        value.as_str().into(),
        vec![value.claim()].into(),
        format!("{}=", value.claim()).into(),
    ] {
        let token = issuer.mint("ada").claim("csrf_sha256", &claim).token();
        let cookie = format!("__Host-access_token={token}");
        let headers = [
            ("cookie", cookie.as_str()),
            ("x-csrf-token", value.as_str()),
        ];
        assert_eq!(
            answers(&guard, &Method::POST, &headers).await,
            [403; 2],
            "{claim}"
        );
    }
}

/// The value belongs to the token: that of another sign-in doesn't do.
#[tokio::test]
async fn s3_t20_values_are_not_swapped_between_tokens() {
    let issuer = TestIssuer::new();
    let guard = guard(&issuer, Sources::cookie(cookie()));
    let values = [
        CsrfValue::from_random([1; 32]),
        CsrfValue::from_random([2; 32]),
    ];
    for _ in 0..2 {
        for (mine, sent, expected) in [(0, 0, 200), (1, 1, 200), (0, 1, 403), (1, 0, 403)] {
            let token = issuer.mint("ada").csrf(&values[mine]).token();
            let cookie = format!("__Host-access_token={token}");
            let headers = [
                ("cookie", cookie.as_str()),
                ("x-csrf-token", values[sent].as_str()),
            ];
            assert_eq!(
                answers(&guard, &Method::POST, &headers).await,
                [expected; 2]
            );
        }
    }
}

#[tokio::test]
async fn two_credentials_are_refused_wherever_they_sit() {
    let issuer = TestIssuer::new();
    let sources = Sources::bearer()
        .and_cookie(cookie())
        .and_cookie(TokenCookie::new("other").unwrap());
    let guard = guard(&issuer, sources);
    let token = issuer.token("ada");
    let bearer = ("authorization", format!("Bearer {token}"));
    let basic = ("authorization", "Basic dTpw".to_owned());
    let first = ("cookie", format!("__Host-access_token={token}"));
    let second = ("cookie", format!("__Host-other={token}"));
    let twice = (
        "cookie",
        format!("__Host-access_token={token}; __Host-access_token={token}"),
    );
    let planted = (
        "cookie",
        format!("__Host-access_token=x; __Host-access_token={token}"),
    );
    let empty = ("cookie", "__Host-access_token=".to_owned());
    let mangled = ("authorization", "Bearer a b".to_owned());
    for (headers, expected) in [
        (vec![&bearer], 200),
        (vec![&first], 200),
        (vec![&second], 200),
        (vec![&basic, &first], 200),
        (vec![&bearer, &first], 400),
        (vec![&first, &second], 400),
        (vec![&bearer, &first, &second], 400),
        (vec![&twice], 400),
        (vec![&planted], 400),
        (vec![&first, &first], 400),
        (vec![&bearer, &empty], 400),
        (vec![&empty], 400),
        // What is wrong with the one isn't made good by the other.
        (vec![&mangled, &first], 400),
    ] {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(a, b)| (*a, b.as_str())).collect();
        let got = answers(&guard, &Method::GET, &headers).await;
        assert_eq!(got, [expected; 2], "{headers:?}");
    }
}

#[tokio::test]
async fn a_cookie_has_one_name_and_one_spelling() {
    let issuer = TestIssuer::new();
    let guard = guard(&issuer, Sources::cookie(cookie()));
    let token = issuer.token("ada");
    for name in [
        "access_token",
        "__host-access_token",
        "__HOST-access_token",
        "__Host-Access_Token",
        "__Host-access-token",
        "__Secure-access_token",
        "__Host-access_token ",
        "x__Host-access_token",
        "__Host-access_tokens",
        "__Host-access%5Ftoken",
        "$Version=1; __Host-access_tokeN",
    ] {
        let sent = format!("{name}={token}");
        let got = answers(&guard, &Method::GET, &[("cookie", &sent)]).await;
        assert_eq!(got, [401; 2], "{name}");
    }
    for value in [
        format!("\"{token}\""),
        format!("{token} x"),
        format!("{token},"),
        format!("%{token}"),
        "a b".to_owned(),
        format!("Bearer {token}"),
        format!("={token}"),
    ] {
        let sent = format!("__Host-access_token={value}");
        let got = answers(&guard, &Method::GET, &[("cookie", &sent)]).await;
        assert_eq!(got, [400; 2], "{value}");
    }
    // Over HTTP/2 one field may come as several (RFC 9113 §8.2.3).
    let sent = format!("__Host-access_token={token}");
    let got = answers(
        &guard,
        &Method::GET,
        &[("cookie", "a=b"), ("cookie", &sent)],
    )
    .await;
    assert_eq!(got, [200; 2]);
    let got = answers(
        &guard,
        &Method::GET,
        &[("authorization", &format!("Bearer {token}"))],
    )
    .await;
    assert_eq!(got, [401; 2], "nothing but the cookie is taken");
}

#[tokio::test]
async fn by_choice_the_browsers_word_is_enough() {
    let issuer = TestIssuer::new();
    let guard = guard(
        &issuer,
        Sources::cookie(cookie().dangerous_sec_fetch_only()),
    );
    let sent = format!("__Host-access_token={}", issuer.token("ada"));
    let cookie = ("cookie", sent.as_str());
    for (site, expected) in [
        (Some("same-origin"), 200),
        (Some("none"), 403),
        (Some("same-site"), 403),
        (Some("cross-site"), 403),
        (None, 403),
    ] {
        let mut headers = vec![cookie];
        headers.extend(site.map(|site| ("sec-fetch-site", site)));
        let got = answers(&guard, &Method::POST, &headers).await;
        assert_eq!(got, [expected; 2], "{site:?}");
    }
}

/// Without the method nobody knows that a request is harmless.
#[tokio::test]
async fn where_only_headers_are_seen_a_cookie_needs_its_value() {
    let issuer = TestIssuer::new();
    let guard = guard(
        &issuer,
        Sources::cookie(cookie().csrf_header(HeaderName::from_static("x-xsrf-token"))),
    );
    let value = CsrfValue::from_random([7; 32]);
    let token = issuer.mint("ada").csrf(&value).token();
    let mut headers = http::HeaderMap::new();
    headers.insert(
        COOKIE,
        format!("__Host-access_token={token}").try_into().unwrap(),
    );
    let refused = guard.require(&headers).await.unwrap_err();
    assert_eq!(refused.code(), "cross_site");
    assert_eq!(
        *refused.reason(),
        Reason::Invalid(Invalid::CrossSite(CrossSite::NoValue))
    );
    assert!(
        guard
            .require_as::<serde_json::Value>(&headers)
            .await
            .is_err()
    );
    headers.insert("x-xsrf-token", value.as_str().try_into().unwrap());
    assert!(guard.require(&headers).await.is_ok());
    assert!(
        guard
            .require_as::<serde_json::Value>(&headers)
            .await
            .is_ok()
    );

    let (parts, ()) = Request::get("/")
        .header("cookie", &headers["cookie"])
        .body(())
        .unwrap()
        .into_parts();
    assert!(guard.require_request(&parts).await.is_ok());
    assert!(guard.admit_request(&parts).await.unwrap().is_some());
}

#[test]
fn s1_what_is_set_is_for_this_host_and_no_script() {
    let set = cookie()
        .set("a.b.c", std::time::Duration::from_mins(1))
        .unwrap();
    assert!(set.is_sensitive());
    for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=60"] {
        assert!(set.to_str().unwrap().contains(attribute), "{attribute}");
    }
    assert!(!set.to_str().unwrap().contains("Domain"));
    let unset = cookie().unset().unwrap();
    assert!(
        unset
            .to_str()
            .unwrap()
            .starts_with("__Host-access_token=; Path=/; Max-Age=0")
    );
    for value in ["", "a b", "a;b", "a\r\nSet-Cookie: x=y", "\"a\""] {
        assert!(
            cookie().set(value, std::time::Duration::ZERO).is_none(),
            "{value:?}"
        );
    }
    for name in ["", "a b", "a=b", "a;b", "\u{e9}", "a\r\n"] {
        assert_eq!(
            TokenCookie::new(name),
            Err(TokenCookieError::NotAName),
            "{name:?}"
        );
    }
    for name in ["__Host-x", "__host-x", "__Host-"] {
        assert_eq!(
            TokenCookie::new(name),
            Err(TokenCookieError::Prefixed),
            "{name:?}"
        );
    }
    let old = TokenCookie::dangerous_without_prefix("access_token_cookie").unwrap();
    assert_eq!(old.name(), "access_token_cookie");
    assert!(!format!("{:?}", CsrfValue::from_random([7; 32])).contains("BwcH"));
    assert_eq!(
        Malformed::Several.to_string(),
        "there are several credentials"
    );
}
