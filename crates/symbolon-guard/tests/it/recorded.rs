//! The router that knows which of its routes are guarded.

use axum::{
    extract::State,
    routing::{get, post},
};
use http::{HeaderMap, Method};
use symbolon_guard::{
    Caller, CallerAs, CallerWith, FreshWithin, Guard, Routes, User, testing::TestIssuer,
};

use crate::support::{call, refused};

type Fresh = FreshWithin<60>;

/// As deep among other arguments as they may stand.
fn all(guard: &Guard) -> Routes<Guard> {
    Routes::new()
        .on(&Method::GET, "/caller", async |_: Caller| "in")
        .on(&Method::GET, "/with", async |_: CallerWith<Fresh>| "in")
        .on(
            &Method::GET,
            "/as",
            async |_: CallerAs<serde_json::Value>| "in",
        )
        .on(&Method::GET, "/user", async |_: User<String>| "in")
        .on(
            &Method::POST,
            "/last",
            async |_: State<Guard>, _: HeaderMap, _: Caller, _: String| "in",
        )
        .on(
            &Method::GET,
            "/own",
            async |_: CallerWith<(Fresh, Fresh)>, _: HeaderMap| "in",
        )
        .guarded(guard.layer(), |routes| {
            routes.route("/layer", get(async || "in"))
        })
        .guarded_by_itself("/itself", get(async || "in"))
        .open("/healthz", get(async || "well"))
}

#[test]
fn what_nobody_guards_is_listed() {
    let issuer = TestIssuer::new();
    let guard = issuer.guard("https://api.example");
    let routes = all(&guard);
    assert_eq!(routes.unguarded(), Vec::<&str>::new());
    assert_eq!(routes.opened(), ["/healthz"]);
    assert!(routes.into_router().is_ok());

    let routes = all(&guard)
        .on(&Method::GET, "/nothing", async || "in")
        .on(&Method::GET, "/state", async |_: State<Guard>| "in")
        // Runs for strangers too.
        .on(&Method::DELETE, "/maybe", async |_: Option<Caller>| "in")
        .on(&Method::GET, "/maybe-with", async |_: Option<CallerWith<Fresh>>| "in")
        .on(&Method::GET, "/result", async |_: Result<Caller, symbolon_guard::Rejection>| "in")
        .route("/unknown", post(async |_: Caller| "in"))
        .guarded(guard.layer().optional(), |routes| routes.route("/optional", get(async || "in")))
        .nest("/api", Routes::new().on(&Method::GET, "/nested", async || "in"))
        .merge(Routes::new().route("/merged", get(async || "in")))
        .guarded(guard.layer(), |routes| routes);
    let expected = [
        "GET /nothing",
        "GET /state",
        "DELETE /maybe",
        "GET /maybe-with",
        "GET /result",
        "/unknown",
        "/optional",
        "GET /api/nested",
        "/merged",
    ];
    assert_eq!(routes.unguarded(), expected);
    let refused = routes.into_router().unwrap_err();
    assert_eq!(refused.routes(), expected);
    assert!(
        refused
            .to_string()
            .starts_with("routes without a guard: GET /nothing, ")
    );
}

/// A type of the program's own that is called as ours is guards nothing here.
#[test]
fn only_the_guards_own_extractors_count() {
    mod caller {
        pub(super) struct Caller;

        impl<S: Sync> axum::extract::FromRequestParts<S> for Caller {
            type Rejection = std::convert::Infallible;

            async fn from_request_parts(
                _: &mut http::request::Parts,
                _: &S,
            ) -> Result<Self, Self::Rejection> {
                Ok(Self)
            }
        }
    }
    let routes = Routes::<()>::new().on(&Method::GET, "/", async |_: caller::Caller| "in");
    assert_eq!(routes.unguarded(), ["GET /"]);
}

#[tokio::test]
async fn what_counts_as_guarded_is() {
    let issuer = TestIssuer::new();
    let guard = issuer.guard("https://api.example");
    let router = all(&guard).into_router().unwrap().with_state(guard);
    for path in ["/caller", "/with", "/as", "/user", "/own", "/layer"] {
        refused(
            call(&router, path, HeaderMap::new()).await,
            401,
            "missing_token",
        )
        .await;
    }
    assert_eq!(
        call(&router, "/healthz", HeaderMap::new()).await.status(),
        200
    );
    assert_eq!(
        call(&router, "/elsewhere", HeaderMap::new()).await.status(),
        404
    );
    let headers = issuer.mint("ada").headers();
    for path in ["/caller", "/with", "/as", "/layer"] {
        assert_eq!(
            call(&router, path, headers.clone()).await.status(),
            200,
            "{path}"
        );
    }
}
