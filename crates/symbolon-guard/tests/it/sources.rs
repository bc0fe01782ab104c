//! Tokens under other schemes, and without one, by choice: what isn't chosen stays shut.

use axum::{Router, routing::get};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use symbolon_guard::{Caller, Guard, Scheme, Sources};

use crate::support::{Mint, bearer, call, text};

fn routes(guard: &Guard) -> Router {
    Router::new()
        .route("/me", get(async |_: Caller| "let in"))
        .route(
            "/maybe",
            get(async |caller: Option<Caller>| match caller {
                Some(_) => "let in",
                None => "nobody",
            }),
        )
        .with_state(guard.clone())
        .merge(
            Router::new()
                .route("/layer", get(async || "let in"))
                .layer(guard.layer()),
        )
}

fn field(value: &str) -> HeaderMap {
    HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(value).unwrap())])
}

/// Which of the ways to send this token open the door.
async fn taken(routes: &Router, token: &str) -> Vec<&'static str> {
    let mut open = Vec::new();
    for (name, value) in [
        ("Bearer", format!("Bearer {token}")),
        ("JWT", format!("JWT {token}")),
        ("Token", format!("Token {token}")),
        ("raw", token.to_owned()),
    ] {
        let me = call(routes, "/me", field(&value)).await.status();
        let layer = call(routes, "/layer", field(&value)).await.status();
        assert_eq!(me, layer, "{name}");
        if me == 200 {
            open.push(name);
        }
    }
    open
}

#[tokio::test]
async fn only_the_chosen_sources_are_taken() {
    let mint = Mint::new();
    let (guard, _) = mint.guard();
    let token_scheme = Scheme::new("Token").unwrap();
    let cases: [(Sources, &[&str]); 6] = [
        (Sources::default(), &["Bearer"]),
        (Sources::scheme(Scheme::JWT), &["JWT"]),
        (Sources::raw_token(), &["raw"]),
        (
            Sources::bearer().and_scheme(Scheme::JWT),
            &["Bearer", "JWT"],
        ),
        (
            Sources::raw_token().and_scheme(Scheme::BEARER),
            &["Bearer", "raw"],
        ),
        (Sources::scheme(token_scheme), &["Token"]),
    ];
    for (sources, expected) in cases {
        let routes = routes(&guard.with_sources(sources));
        assert_eq!(taken(&routes, &mint.token()).await, expected);
    }
    assert_eq!(taken(&routes(&guard), &mint.token()).await, ["Bearer"]);
}

/// A source changes where a token is found, and nothing of how it is judged.
#[tokio::test]
async fn a_forged_token_is_refused_from_every_source() {
    let mint = Mint::new();
    let all = Sources::bearer().and_scheme(Scheme::JWT).and_raw_token();
    let routes = routes(&mint.guard().0.with_sources(all));
    let forged = Mint::new().token();
    for value in [format!("Bearer {forged}"), format!("JWT {forged}"), forged] {
        for path in ["/me", "/maybe", "/layer"] {
            let answer = call(&routes, path, field(&value)).await;
            assert_eq!(answer.status(), 401, "{path}");
        }
    }
}

#[tokio::test]
async fn two_credentials_at_once_are_refused() {
    let mint = Mint::new();
    let token = mint.token();
    let all = Sources::bearer().and_scheme(Scheme::JWT).and_raw_token();
    let routes = routes(&mint.guard().0.with_sources(all));
    let mut two_fields = bearer(&token);
    two_fields.append(AUTHORIZATION, HeaderValue::from_str(&token).unwrap());
    for headers in [
        two_fields,
        field(&format!("Bearer {token}, JWT {token}")),
        field(&format!("JWT {token} Bearer {token}")),
        field(&format!("{token} {token}")),
        field(&format!("{token},{token}")),
    ] {
        for path in ["/me", "/maybe", "/layer"] {
            let answer = call(&routes, path, headers.clone()).await;
            assert_eq!(answer.status(), 400, "{path}: {headers:?}");
        }
    }
}

/// A raw token takes the whole field: what can't be read there isn't a stranger's request.
#[tokio::test]
async fn p1_03_a_failed_raw_token_is_never_anonymous() {
    let mint = Mint::new();
    let routes = routes(&mint.guard().0.with_sources(Sources::raw_token()));
    let token = mint.token();
    for value in [
        String::new(),
        " ".into(),
        "Basic dTpw".into(),
        "Bearer".into(),
        format!("Bearer {token}"),
        format!("{token} x"),
        format!("\"{token}\""),
    ] {
        let answer = call(&routes, "/maybe", field(&value)).await;
        assert!(answer.status().is_client_error(), "{value}");
    }
    let answer = call(&routes, "/maybe", HeaderMap::new()).await;
    assert_eq!(text(answer).await, "nobody");
}

#[tokio::test]
async fn p0_09_a_failed_scheme_of_ones_own_is_never_anonymous() {
    let mint = Mint::new();
    let sources = Sources::scheme(Scheme::JWT);
    let routes = routes(&mint.guard().0.with_sources(sources));
    for value in ["JWT", "JWT ", "jwt a b", "JWT  a", "JWT:a", "JWT\ta"] {
        let answer = call(&routes, "/maybe", field(value)).await;
        assert_eq!(answer.status(), 400, "{value}");
    }
    for value in ["Basic dTpw", "Bearer a.b.c"] {
        let answer = call(&routes, "/maybe", field(value)).await;
        assert_eq!(text(answer).await, "nobody", "{value}");
    }
}

/// RFC 9110 §11.6.1: a client learns every scheme that would do, the first one first.
#[tokio::test]
async fn the_challenges_name_the_sources_in_their_order() {
    let mint = Mint::new();
    let (guard, _) = mint.guard();
    for (sources, words) in [
        (Sources::bearer(), &["Bearer"][..]),
        (
            Sources::bearer().and_scheme(Scheme::JWT),
            &["Bearer", "JWT"],
        ),
        (
            Sources::scheme(Scheme::JWT).and_scheme(Scheme::BEARER),
            &["JWT", "Bearer"],
        ),
        (Sources::raw_token(), &["Raw"]),
    ] {
        let routes = routes(&guard.with_sources(sources));
        for (headers, parameter) in [
            (HeaderMap::new(), "realm=\"api\""),
            (field("JWT JWT JWT"), ""),
        ] {
            let answer = call(&routes, "/me", headers).await;
            let challenges: Vec<_> = answer
                .headers()
                .get_all("www-authenticate")
                .iter()
                .map(|value| value.to_str().unwrap().split_once(' ').unwrap())
                .collect();
            let named: Vec<_> = challenges.iter().map(|(word, _)| *word).collect();
            assert_eq!(named, words);
            assert!(
                challenges
                    .iter()
                    .all(|(_, rest)| rest.starts_with(parameter))
            );
        }
    }
}

/// The same keys under other sources are another guard: what the one let in, the other judges anew.
#[tokio::test]
async fn t12_a_caller_from_other_sources_is_no_caller_here() {
    let mint = Mint::new();
    let (guard, _) = mint.guard();
    let raw = guard.with_sources(Sources::raw_token());
    let caller = guard.require(&bearer(&mint.token())).await.unwrap();
    assert!(caller.is_from(&guard) && !caller.is_from(&raw));
    let mixed = Router::new()
        .route("/in", get(async |_: Caller| "let in"))
        .with_state(raw)
        .layer(guard.layer());
    let answer = call(&mixed, "/in", bearer(&mint.token())).await;
    assert_eq!(answer.status(), 400);
}

#[tokio::test]
async fn replaced_keys_reach_a_guard_with_other_sources() {
    let (old, new) = (Mint::new(), Mint::new());
    let (guard, _) = old.guard();
    let jwt = guard.with_sources(Sources::scheme(Scheme::JWT));
    guard.replace_keys(new.key_set()).unwrap();
    let routes = routes(&jwt);
    assert!(taken(&routes, &old.token()).await.is_empty());
    assert_eq!(taken(&routes, &new.token()).await, ["JWT"]);
}
