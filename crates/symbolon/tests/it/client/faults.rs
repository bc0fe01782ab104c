//! A lying provider: every lie is a clear refusal in English or Korean, and nobody is logged in.

use std::time::Duration;

use axum::http::StatusCode;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use symbolon::guard::token::{Typ, sign};
use tokio::net::TcpListener;

use super::{
    Site,
    provider::{Manners, TokenEndpoint},
};
use crate::support::Answer;

/// A lie, and what becomes of the login.
struct Lie {
    name: &'static str,
    tell: fn(&mut Manners),
    status: u16,
    code: &'static str,
}

const fn lie(name: &'static str, code: &'static str, tell: fn(&mut Manners)) -> Lie {
    let status = match code.as_bytes()[0] {
        b'l' => 400,
        _ => 424,
    };
    Lie {
        name,
        tell,
        status,
        code,
    }
}

const LIES: &[Lie] = &[
    lie(
        "an ID token of another issuer",
        "provider_faulty",
        |manners| {
            manners.id_claims = |claims| claims["iss"] = "https://evil.example".into();
        },
    ),
    lie(
        "an issuer with a slash more",
        "provider_faulty",
        |manners| {
            manners.id_claims = |claims| {
                claims["iss"] = format!("{}/", claims["iss"].as_str().unwrap()).into();
            };
        },
    ),
    lie("alg none", "provider_faulty", |manners| {
        manners.id_token = |_, claims| unsigned(claims);
    }),
    lie("a key that isn't published", "provider_faulty", |manners| {
        manners.id_token = |keys, claims| sign(&keys.other, Typ::ID_TOKEN, claims).unwrap();
    }),
    lie("a key of an unknown name", "provider_faulty", |manners| {
        manners.id_token = |keys, claims| {
            let key = keys.other.clone().with_kid("two");
            sign(&key, Typ::ID_TOKEN, claims).unwrap()
        };
    }),
    lie("HMAC with the public key", "provider_faulty", |manners| {
        manners.id_token = |keys, claims| {
            let public = serde_json::to_vec(&keys.published.public_jwk()).unwrap();
            hmac(&public, claims)
        };
    }),
    lie(
        "HMAC with the client secret",
        "provider_faulty",
        |manners| {
            manners.id_token = |_, claims| hmac(&super::SECRET.repeat(4).into_bytes(), claims);
        },
    ),
    lie("no nonce", "provider_faulty", |manners| {
        manners.id_claims = |claims| remove(claims, "nonce");
    }),
    lie("the nonce of another login", "provider_faulty", |manners| {
        manners.id_claims = |claims| claims["nonce"] = "another".into();
    }),
    lie("an auth_time too long ago", "provider_faulty", |manners| {
        manners.id_claims =
            |claims| claims["auth_time"] = (claims["iat"].as_i64().unwrap() - 3600).into();
    }),
    lie("no auth_time", "provider_faulty", |manners| {
        manners.id_claims = |claims| remove(claims, "auth_time");
    }),
    lie("another audience", "provider_faulty", |manners| {
        manners.id_claims = |claims| claims["aud"] = "another-client".into();
    }),
    lie("two audiences and no azp", "provider_faulty", |manners| {
        manners.id_claims = |claims| claims["aud"] = json!(["client-id", "another-client"]);
    }),
    lie("made for another client", "provider_faulty", |manners| {
        manners.id_claims = |claims| claims["azp"] = "another-client".into();
    }),
    lie("expired", "provider_faulty", |manners| {
        manners.id_claims = |claims| claims["exp"] = (claims["iat"].as_i64().unwrap() - 100).into();
    }),
    lie("no exp", "provider_faulty", |manners| {
        manners.id_claims = |claims| remove(claims, "exp");
    }),
    lie("no iat", "provider_faulty", |manners| {
        manners.id_claims = |claims| remove(claims, "iat");
    }),
    lie("issued in the future", "provider_faulty", |manners| {
        manners.id_claims = |claims| claims["iat"] = (claims["iat"].as_i64().unwrap() + 600).into();
    }),
    lie(
        "the at_hash of another token",
        "provider_faulty",
        |manners| {
            manners.id_claims = |claims| claims["at_hash"] = "77QmUPtjPfzWtF2AnpK9RQ".into();
        },
    ),
    lie("no subject", "provider_faulty", |manners| {
        manners.id_claims = |claims| remove(claims, "sub");
    }),
    lie("no ID token", "provider_faulty", |manners| {
        manners.token_answer = |answer| remove(answer, "id_token");
    }),
    lie(
        "an access token as ID token",
        "provider_faulty",
        |manners| {
            manners.id_token =
                |keys, claims| sign(&keys.published, Typ::ACCESS_TOKEN, claims).unwrap();
        },
    ),
    lie("a token of another kind", "provider_faulty", |manners| {
        manners.token_answer = |answer| answer["token_type"] = "DPoP".into();
    }),
    lie(
        "a line end in the access token",
        "provider_faulty",
        |manners| {
            manners.token_answer = |answer| answer["access_token"] = "a\r\nX: y".into();
        },
    ),
    lie(
        "userinfo about somebody else",
        "provider_faulty",
        |manners| {
            manners.userinfo = |claims| claims["sub"] = "subject-2".into();
        },
    ),
    lie("a huge answer", "provider_faulty", |manners| {
        manners.token_endpoint = TokenEndpoint::Floods;
    }),
    lie(
        "a page instead of an answer",
        "provider_faulty",
        |manners| {
            manners.token_endpoint = TokenEndpoint::SaysHtml;
        },
    ),
    lie("no answer", "provider_unavailable", |manners| {
        manners.token_endpoint = TokenEndpoint::Hangs;
    }),
    lie("a failure", "provider_unavailable", |manners| {
        manners.token_endpoint = TokenEndpoint::Fails(500, "server_error");
    }),
    lie(
        "a code that it takes no more",
        "login_not_under_way",
        |manners| {
            manners.token_endpoint = TokenEndpoint::Fails(400, "invalid_grant");
        },
    ),
    lie(
        "a code in a 200 that is an error",
        "login_not_under_way",
        |manners| {
            manners.token_endpoint = TokenEndpoint::Fails(200, "invalid_grant");
        },
    ),
    lie("the client refused", "client_refused", |manners| {
        manners.token_endpoint = TokenEndpoint::Fails(401, "invalid_client");
    }),
    lie(
        "an answer of another issuer",
        "login_answer_of_another",
        |manners| {
            manners.named = Some("https://evil.example".to_owned());
        },
    ),
    lie(
        "an answer of nobody",
        "login_answer_of_another",
        |manners| {
            manners.named = None;
        },
    ),
];

fn remove(claims: &mut Value, name: &str) {
    claims.as_object_mut().unwrap().remove(name);
}

fn unsigned(claims: &Value) -> String {
    let encode = |json: &Value| BASE64URL_NOPAD.encode(json.to_string().as_bytes());
    format!("{}.{}.", encode(&json!({"alg": "none"})), encode(claims))
}

fn hmac(secret: &[u8], claims: &Value) -> String {
    let encode = |json: &Value| BASE64URL_NOPAD.encode(json.to_string().as_bytes());
    let header = json!({"alg": "HS256", "kid": "one", "typ": "JWT"});
    let input = format!("{}.{}", encode(&header), encode(claims));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    let tag = aws_lc_rs::hmac::sign(&key, input.as_bytes());
    format!("{input}.{}", BASE64URL_NOPAD.encode(tag.as_ref()))
}

async fn site() -> Site {
    let quick = Duration::from_millis(300);
    Site::start_with(|registration| registration.timeout(quick).max_age(Duration::from_mins(5)))
        .await
}

#[tokio::test]
async fn u1_u2_o1_every_lie_is_refused_and_nobody_is_logged_in() {
    let site = site().await;
    for told in LIES {
        let honest = site.provider.manners();
        site.provider.change(told.tell);
        let mut browser = site.browser();
        let answer = site.log_in(&mut browser, "/login/ours").await;
        assert_eq!(answer.status, told.status, "{}: {answer:?}", told.name);
        assert_eq!(answer.code(), told.code, "{}", told.name);
        assert_eq!(browser.who().await, Value::Null, "{}", told.name);
        site.provider.change(|manners| *manners = honest);
    }
    // Nobody was made or linked on the way: the first good login gets the first name.
    let mut browser = site.logged_in().await;
    assert_eq!(browser.who().await["username"], "minsu@ours");
}

#[tokio::test]
async fn people_are_told_whose_turn_it_is_in_their_language() {
    let site = site().await;
    for (tell, words) in [
        (
            LIES[0].tell,
            ["로그인 제공자의 응답을 믿을 수 없습니다", "운영자에게 알려"],
        ),
        (
            |manners: &mut Manners| manners.token_endpoint = TokenEndpoint::Fails(401, "x"),
            [
                "로그인 제공자가 이 사이트를 받아들이지 않습니다",
                "운영자가 고쳐야",
            ],
        ),
    ] {
        site.provider.change(tell);
        let mut browser = site.browser().korean();
        let answer = site.log_in(&mut browser, "/login/ours").await;
        assert_eq!(answer.status, StatusCode::FAILED_DEPENDENCY);
        is_safe_page(&answer);
        assert_eq!(answer.header("content-language"), "ko");
        for word in words {
            assert!(answer.body.contains(word), "{}", answer.body);
        }
        assert!(answer.body.contains("href=\"/login/ours\""));
    }
}

fn is_safe_page(answer: &Answer) {
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
    assert!(policy.contains("frame-ancestors 'none'"));
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!answer.body.contains("<script"));
}

#[tokio::test]
async fn an_error_with_markup_is_never_repeated() {
    let site = site().await;
    for (error, status, code) in [
        ("access_denied", 400, "login_denied"),
        ("temporarily_unavailable", 424, "provider_unavailable"),
        ("invalid_scope", 424, "client_refused"),
        ("<script>alert(1)</script>", 424, "client_refused"),
    ] {
        for korean in [false, true] {
            let mut browser = site.browser();
            if korean {
                browser = browser.korean();
            }
            let off = browser.get("/login/ours").await;
            let state = super::provider::query(off.header("location"))["state"].clone();
            let answer = super::provider::serde_urlencoded_pairs(&[
                ("error", error),
                ("error_description", "<img src=x onerror=alert(2)>"),
                ("state", &state),
                ("iss", site.provider.issuer()),
            ]);
            let answer = browser.get(&format!("/login/ours/callback?{answer}")).await;
            assert_eq!(answer.status, status, "{error}");
            assert!(!answer.body.contains("alert"), "{}", answer.body);
            if korean {
                is_safe_page(&answer);
            } else {
                assert_eq!(answer.code(), code);
            }
        }
    }
    assert_eq!(site.provider.asked("token"), 0);
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = trap.local_addr().unwrap();
    let site = site().await;
    for url in [
        format!("http://{address}/token"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
    ] {
        site.provider
            .change(|manners| manners.token_endpoint = TokenEndpoint::RedirectsTo(url));
        let mut browser = site.browser();
        let answer = site.log_in(&mut browser, "/login/ours").await;
        assert_eq!(answer.code(), "provider_faulty");
        assert_eq!(browser.who().await, Value::Null);
    }
    assert_untouched(&trap).await;
}

/// Nobody has connected, and nobody is about to.
async fn assert_untouched(trap: &TcpListener) {
    let nobody =
        std::future::poll_fn(|cx| std::task::Poll::Ready(trap.poll_accept(cx).is_pending()));
    assert!(nobody.await, "somebody connected");
}

#[tokio::test]
async fn k5_metadata_that_lies_is_refused_as_a_whole() {
    for (name, tell) in [
        (
            "another issuer",
            (|document| document["issuer"] = "https://evil.example".into()) as fn(&mut Value),
        ),
        ("an issuer with a slash more", |document| {
            document["issuer"] = format!("{}/", document["issuer"].as_str().unwrap()).into();
        }),
        ("a token endpoint inside", |document| {
            document["token_endpoint"] = "https://10.0.0.1/token".into();
        }),
        ("a token endpoint in a cloud", |document| {
            document["token_endpoint"] = "https://169.254.169.254/token".into();
        }),
        ("keys inside", |document| {
            document["jwks_uri"] = "https://[fd00::1]/jwks".into();
        }),
        ("userinfo in clear", |document| {
            document["userinfo_endpoint"] = "http://a.example/me".into();
        }),
        ("a script to send browsers to", |document| {
            document["authorization_endpoint"] = "javascript:alert(1)".into();
        }),
        ("no token endpoint", |document| {
            remove(document, "token_endpoint");
        }),
    ] {
        let site = site().await;
        site.provider.change(|manners| manners.metadata = tell);
        let answer = site.browser().get("/login/ours").await;
        assert_eq!(answer.code(), "provider_faulty", "{name}");
        assert_eq!(answer.status, StatusCode::FAILED_DEPENDENCY);
        assert_eq!(site.provider.asked("token"), 0, "{name}");
    }
}

#[tokio::test]
async fn u2_keys_that_only_hmac_fits_are_none() {
    let site = site().await;
    site.provider.change(|manners| {
        manners.metadata =
            |document| document["id_token_signing_alg_values_supported"] = json!(["none", "HS256"]);
    });
    let mut browser = site.browser();
    let answer = site.log_in(&mut browser, "/login/ours").await;
    assert_eq!(answer.code(), "provider_faulty");
}

#[tokio::test]
async fn a_provider_that_is_down_is_asked_once_in_a_moment() {
    let site = site().await;
    site.provider
        .change(|manners| manners.metadata = |document| *document = Value::Null);
    for _ in 0..20 {
        let answer = site.browser().get("/login/ours").await;
        assert_eq!(answer.code(), "provider_faulty");
    }
    assert_eq!(site.provider.asked("metadata"), 1);
    // And it goes on by itself.
    site.provider.change(|manners| manners.metadata = |_| {});
    site.server.clock.advance(Duration::from_secs(3));
    let answer = site.browser().get("/login/ours").await;
    assert_eq!(answer.status, StatusCode::FOUND);
}

#[tokio::test]
async fn u1_a_mix_up_between_two_providers_sends_the_code_to_neither() {
    let (site, other) = Site::with_two_providers().await;
    // The attacker's provider sends the browser on to the honest one, and its answer to its own
    // callback, with and without the honest one's name in it.
    for keeps_name in [true, false] {
        let mut browser = site.browser();
        let off = browser.get("/login/theirs").await;
        let answer = site.provider.authorize(off.header("location"));
        let answer = if keeps_name {
            answer
        } else {
            answer.split("&iss=").next().unwrap().to_owned()
        };
        let answer = browser.get(&answer).await;
        assert_eq!(answer.code(), "login_answer_of_another");
    }
    // An answer for one client at the callback of the other.
    let mut browser = site.browser();
    let off = browser.get("/login/theirs").await;
    let answer = other.authorize(off.header("location"));
    let crossed = answer.replace("/login/theirs/", "/login/ours/");
    let answer = browser.get(&crossed).await;
    assert_eq!(answer.code(), "login_answer_of_another");
    assert_eq!((site.provider.asked("token"), other.asked("token")), (0, 0));
}

#[tokio::test]
async fn u1_an_answer_at_another_clients_callback_is_a_mix_up_where_nobody_names_itself() {
    let (site, other) = Site::with_two_providers().await;
    for provider in [&site.provider, &other] {
        provider.change(|manners| {
            manners.named = None;
            manners.metadata = |document| {
                document["authorization_response_iss_parameter_supported"] = false.into();
            };
        });
    }
    let mut browser = site.browser();
    let off = browser.get("/login/theirs").await;
    let answer = other.authorize(off.header("location"));
    let crossed = answer.replace("/login/theirs/", "/login/ours/");
    let answer = browser.get(&crossed).await;
    assert_eq!(answer.code(), "login_answer_of_another");
    assert_eq!((site.provider.asked("token"), other.asked("token")), (0, 0));
}
