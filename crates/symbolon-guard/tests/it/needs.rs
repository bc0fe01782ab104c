//! What callers must have: roles, scopes, a recent login, claims, and these together.

use std::time::Duration;

use axum::{
    Extension, Router,
    routing::{any, get},
};
use http::{HeaderMap, Request};
use serde::Deserialize;
use symbolon_guard::{
    AnyOf, Caller, CallerAs, CallerWith, FreshWithin, Guard, InScope, Need, Reason, Role, Scope,
    testing::{Mint, TestIssuer},
};
use tower::ServiceExt;

use crate::support::{call, refused, text};

macro_rules! named {
    ($($trait:ident $name:ident = $text:literal;)+) => {
        $(struct $name;
        impl $trait for $name {
            const NAME: &'static str = $text;
        })+
    };
}

named! {
    Role Admin = "admin";
    Role Auditor = "auditor";
    Scope Read = "posts:read";
    Scope Write = "posts:write";
}

struct Nobody;

impl Need for Nobody {
    fn check(_: &Caller) -> Result<(), Reason> {
        Err(Reason::NotAllowed)
    }
}

fn api(issuer: &TestIssuer) -> Guard {
    issuer.guard("https://api.example")
}

type Fresh = FreshWithin<300>;
type Mixed = (AnyOf<(Admin, InScope<Write>)>, Fresh);

fn by_type(guard: &Guard) -> Router {
    Router::new()
        .route("/all", get(async |_: CallerWith<(Admin, Auditor)>| "in"))
        .route(
            "/any",
            get(async |_: CallerWith<AnyOf<(Admin, Auditor)>>| "in"),
        )
        .route(
            "/scopes",
            get(async |_: CallerWith<(InScope<Read>, InScope<Write>)>| "in"),
        )
        .route(
            "/any-scope",
            get(async |_: CallerWith<AnyOf<(InScope<Read>, InScope<Write>)>>| "in"),
        )
        .route("/fresh", get(async |_: CallerWith<Fresh>| "in"))
        .route("/mixed", get(async |_: CallerWith<Mixed>| "in"))
        .route("/nobody", get(async |_: CallerWith<Nobody>| "in"))
        .with_state(guard.clone())
}

fn by_layer(guard: &Guard) -> Router {
    let within = Duration::from_mins(5);
    let layer = || guard.layer();
    [
        (
            "/all",
            layer().require_role("admin").require_role("auditor"),
        ),
        ("/any", layer().require_any_role(["admin", "auditor"])),
        (
            "/scopes",
            layer()
                .require_scope("posts:read")
                .require_scope("posts:write"),
        ),
        (
            "/any-scope",
            layer().require_any_scope(["posts:read", "posts:write"]),
        ),
        ("/fresh", layer().require_fresh(within)),
        (
            "/mixed",
            layer()
                .require_need::<AnyOf<(Admin, InScope<Write>)>>()
                .require_fresh(within),
        ),
        ("/nobody", layer().require_any_role(Vec::<String>::new())),
    ]
    .into_iter()
    .fold(Router::new(), |routes, (path, layer)| {
        routes.merge(Router::new().route(path, get(async || "in")).layer(layer))
    })
}

#[tokio::test]
async fn a14_types_and_layers_ask_for_the_same() {
    let issuer = TestIssuer::new();
    let guard = api(&issuer);
    let ada = || issuer.mint("ada");
    let old = |mint: Mint<'_>| mint.logged_in(Duration::from_secs(301)).headers();
    let cases = [
        ("/all", ada().role("admin").role("auditor").headers(), 200),
        ("/all", ada().role("admin").headers(), 403),
        ("/all", ada().role("auditor").headers(), 403),
        ("/any", ada().role("admin").headers(), 200),
        ("/any", ada().role("auditor").headers(), 200),
        ("/any", ada().role("admin auditor").headers(), 403),
        ("/any", ada().headers(), 403),
        (
            "/scopes",
            ada().scope("posts:write").scope("posts:read").headers(),
            200,
        ),
        ("/scopes", ada().scope("posts:read").headers(), 403),
        ("/any-scope", ada().scope("posts:write").headers(), 200),
        ("/any-scope", ada().scope("posts:writer").headers(), 403),
        ("/any-scope", ada().scope("POSTS:READ").headers(), 403),
        ("/any-scope", ada().role("posts:read").headers(), 403),
        (
            "/fresh",
            ada().logged_in(Duration::from_mins(5)).headers(),
            200,
        ),
        ("/fresh", old(ada()), 401),
        ("/fresh", ada().without("auth_time").headers(), 401),
        ("/mixed", ada().role("admin").headers(), 200),
        ("/mixed", ada().scope("posts:write").headers(), 200),
        ("/mixed", ada().scope("posts:read").headers(), 403),
        ("/mixed", old(ada().role("admin")), 401),
        (
            "/nobody",
            ada().role("admin").scope("posts:read").headers(),
            403,
        ),
        ("/nobody", HeaderMap::new(), 401),
    ];
    for routes in [by_type(&guard), by_layer(&guard)] {
        for (path, headers, expected) in &cases {
            let answer = call(&routes, path, headers.clone()).await;
            assert_eq!(answer.status().as_u16(), *expected, "{path} {headers:?}");
        }
    }
}

/// RFC 9470: the client learns that a login would do, and how recent it must be.
#[tokio::test]
async fn s5_who_must_log_in_again_is_told_so() {
    let issuer = TestIssuer::new();
    let guard = api(&issuer);
    for routes in [by_type(&guard), by_layer(&guard)] {
        let old = issuer
            .mint("ada")
            .logged_in(Duration::from_secs(301))
            .headers();
        let answer = call(&routes, "/fresh", old).await;
        let challenge = refused(answer, 401, "insufficient_user_authentication")
            .await
            .unwrap();
        assert!(
            challenge.contains(r#"error="insufficient_user_authentication""#),
            "{challenge}"
        );
        assert!(challenge.ends_with(r#"max_age="300""#), "{challenge}");
    }
}

#[tokio::test]
async fn an_optional_need_is_still_a_need() {
    let issuer = TestIssuer::new();
    let guard = api(&issuer);
    let routes = Router::new()
        .route(
            "/type",
            get(async |caller: Option<CallerWith<Admin>>| match caller {
                Some(caller) => caller.into_caller().subject().to_owned(),
                None => "nobody".to_owned(),
            }),
        )
        .with_state(guard.clone())
        .merge(
            Router::new()
                .route(
                    "/layer",
                    get(async |caller: Option<Extension<Caller>>| match caller {
                        Some(Extension(caller)) => caller.subject().to_owned(),
                        None => "nobody".to_owned(),
                    }),
                )
                .layer(guard.layer().optional().require_role("admin")),
        );
    for path in ["/type", "/layer"] {
        let nobody = call(&routes, path, HeaderMap::new()).await;
        assert_eq!(text(nobody).await, "nobody", "{path}");
        let admin = issuer.mint("ada").role("admin").headers();
        assert_eq!(
            text(call(&routes, path, admin).await).await,
            "ada",
            "{path}"
        );
        let user = issuer.mint("ada").headers();
        refused(call(&routes, path, user).await, 403, "insufficient_scope").await;
        let forged = TestIssuer::new().mint("ada").role("admin").headers();
        refused(call(&routes, path, forged).await, 401, "invalid_token").await;
        let mangled = crate::support::bearer("a b");
        refused(call(&routes, path, mangled).await, 400, "invalid_request").await;
    }
}

/// An outer guard's caller doesn't shine through an optional layer of another guard.
#[tokio::test]
async fn t12_an_optional_layer_lets_no_other_guards_caller_stand() {
    let (ours, theirs) = (
        TestIssuer::new(),
        TestIssuer::named("https://partner.example"),
    );
    let cookie = symbolon_guard::TokenCookie::new("t").unwrap();
    let theirs_guard = theirs
        .guard("https://api.example")
        .with_sources(symbolon_guard::Sources::cookie(cookie));
    let routes = Router::new()
        .route(
            "/",
            get(async |caller: Option<Extension<Caller>>| caller.is_some().to_string()),
        )
        .layer(api(&ours).layer().optional())
        .layer(theirs_guard.layer());
    let mut headers = HeaderMap::new();
    let value = format!("__Host-t={}", theirs.token("mallory"));
    headers.insert("cookie", value.try_into().unwrap());
    assert_eq!(text(call(&routes, "/", headers).await).await, "false");
}

#[derive(Deserialize)]
struct Tenant {
    tenant: String,
}

#[tokio::test]
async fn typed_claims_are_an_argument() {
    let issuer = TestIssuer::new();
    let routes = Router::new()
        .route(
            "/",
            get(async |caller: CallerAs<Tenant>| {
                format!("{} {}", caller.subject(), caller.claims.tenant)
            }),
        )
        .with_state(api(&issuer));
    let right = issuer.mint("ada").claim("tenant", "blue").headers();
    for _ in 0..2 {
        assert_eq!(
            text(call(&routes, "/", right.clone()).await).await,
            "ada blue"
        );
    }
    for headers in [
        issuer.mint("ada").headers(),
        issuer.mint("ada").claim("tenant", 7).headers(),
    ] {
        refused(call(&routes, "/", headers).await, 401, "invalid_token").await;
    }
}

/// In a middleware and wherever else a request is at hand.
#[tokio::test]
async fn the_caller_is_found_anywhere_in_the_request() {
    let issuer = TestIssuer::new();
    let seen = axum::middleware::from_fn(
        async |request: axum::extract::Request, next: axum::middleware::Next| {
            let subject =
                Caller::of(request.extensions()).map(|caller| caller.subject().to_owned());
            let mut answer = next.run(request).await;
            let subject = subject.unwrap_or_default().try_into().unwrap();
            answer.headers_mut().insert("x-seen", subject);
            answer
        },
    );
    let routes = Router::new()
        .route("/", get(async || "in"))
        .layer(seen)
        .layer(api(&issuer).layer());
    let answer = call(&routes, "/", issuer.mint("ada").headers()).await;
    assert_eq!(answer.headers()["x-seen"], "ada");
}

/// Flask-JWT-Extended runs the view of an OPTIONS request without looking at the token.
#[tokio::test]
async fn a_preflight_runs_no_view_that_takes_a_caller() {
    let issuer = TestIssuer::new();
    let routes = Router::new()
        .route(
            "/any",
            any(async |_: Caller| -> &'static str { unreachable!("run") }),
        )
        .route(
            "/get",
            get(async |_: Caller| -> &'static str { unreachable!("run") }),
        )
        .route(
            "/with",
            any(async |_: CallerWith<Admin>| -> &'static str { unreachable!("run") }),
        )
        .with_state(api(&issuer));
    for path in ["/any", "/get", "/with"] {
        let request = Request::options(path)
            .header("origin", "https://evil.example")
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "authorization")
            .body(axum::body::Body::empty())
            .unwrap();
        let answer = routes.clone().oneshot(request).await.unwrap();
        let expected = if path == "/get" { 405 } else { 401 };
        assert_eq!(answer.status().as_u16(), expected, "{path}");
    }
}
