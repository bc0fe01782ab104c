//! Hooks: a yes, a no, or that nobody can tell.

use axum::{Router, routing::get};
use symbolon_guard::{Caller, Guard, Hook, HookError, Reason, User, testing::TestIssuer};

use crate::support::{call, refused, text};

#[derive(Debug)]
struct Account {
    name: String,
}

const API: &str = "https://api.example";

fn api(issuer: &TestIssuer) -> Guard {
    issuer.guard(API)
}

fn routes(guard: &Guard) -> Router {
    Router::new()
        .route("/caller", get(async |_: Caller| "in"))
        .route("/maybe", get(async |_: Option<Caller>| "in"))
        .with_state(guard.clone())
        .merge(
            Router::new()
                .route("/layer", get(async || "in"))
                .layer(guard.layer()),
        )
        .merge(
            Router::new()
                .route("/layer/maybe", get(async || "in"))
                .layer(guard.layer().optional()),
        )
}

const ALL: [&str; 4] = ["/caller", "/maybe", "/layer", "/layer/maybe"];

/// What a hook answers: no, yes, an error, a panic before its first step and one after.
#[derive(Clone, Copy, Debug)]
enum Says {
    Yes,
    No,
    Error,
    Panic,
    LatePanic,
}

impl Says {
    async fn say(self) -> Result<bool, HookError> {
        match self {
            Self::Yes => Ok(true),
            Self::No => Ok(false),
            Self::Error => Err("the database is away: secret-dsn".into()),
            Self::Panic => unreachable!("a hook panics"),
            Self::LatePanic => {
                tokio::task::yield_now().await;
                unreachable!("a hook panics, later")
            }
        }
    }
}

#[tokio::test]
async fn a_hooks_failure_is_neither_a_yes_nor_a_no() {
    let issuer = TestIssuer::new();
    let headers = issuer.mint("ada").audience(API).headers();
    for says in [Says::Error, Says::Panic, Says::LatePanic] {
        let guards = [
            (
                api(&issuer).with_deny_check(move |_| says.say()),
                Hook::DenyCheck,
            ),
            (
                api(&issuer).with_user_loader(move |_| async move {
                    says.say().await.map(|_| None::<Account>)
                }),
                Hook::UserLoader,
            ),
            (api(&issuer).with_check(move |_| says.say()), Hook::Check),
        ];
        for (guard, hook) in guards {
            for path in ALL {
                let answer = call(&routes(&guard), path, headers.clone()).await;
                assert_eq!(answer.headers()["retry-after"], "1");
                let challenge = refused(answer, 503, "check_unavailable").await;
                assert_eq!(challenge, None, "{says:?} {hook:?} {path}");
            }
            let failed = guard.require(&headers).await.unwrap_err();
            let Reason::HookFailed(failed) = failed.reason() else {
                panic!("{failed}");
            };
            assert_eq!(failed.hook, hook);
        }
    }
}

/// The reason is for logs; callers hear that something can't be told.
#[tokio::test]
async fn what_kept_a_hook_is_not_told_to_callers() {
    let issuer = TestIssuer::new();
    let guard = api(&issuer).with_check(|_| Says::Error.say());
    let headers = issuer.mint("ada").headers();
    let failed = guard.require(&headers).await.unwrap_err();
    let Reason::HookFailed(failed) = failed.reason() else {
        panic!("{failed}");
    };
    assert!(failed.error.to_string().contains("secret-dsn"));
    let answer = call(&routes(&guard), "/caller", headers).await;
    let everything = format!("{:?}{}", answer.headers().clone(), text(answer).await);
    assert!(!everything.contains("secret-dsn"), "{everything}");
}

#[tokio::test]
async fn each_hook_has_its_own_no() {
    let issuer = TestIssuer::new();
    let headers = issuer.mint("ada").audience(API).headers();
    let denied = api(&issuer).with_deny_check(|_| Says::Yes.say());
    let gone = api(&issuer).with_user_loader(|_| async { Ok(None::<Account>) });
    let forbidden = api(&issuer).with_check(|_| Says::No.say());
    for path in ALL {
        for guard in [&denied, &gone] {
            let answer = call(&routes(guard), path, headers.clone()).await;
            let challenge = refused(answer, 401, "invalid_token").await.unwrap();
            assert!(challenge.contains("error=\"invalid_token\""), "{path}");
        }
        let answer = call(&routes(&forbidden), path, headers.clone()).await;
        refused(answer, 403, "insufficient_scope").await;
    }
    let willing = api(&issuer)
        .with_deny_check(|_| Says::No.say())
        .with_check(|_| Says::Yes.say());
    for path in ALL {
        assert_eq!(
            call(&routes(&willing), path, headers.clone())
                .await
                .status(),
            200
        );
    }
}

/// Nobody is asked about a token that is no good.
#[tokio::test]
async fn hooks_hear_of_good_tokens_only() {
    let issuer = TestIssuer::new();
    let guard = api(&issuer).with_check(|_| Says::Panic.say());
    let stranger = TestIssuer::new();
    let forged = stranger.mint("ada").audience(API);
    let answer = call(&routes(&guard), "/caller", forged.headers()).await;
    refused(answer, 401, "invalid_token").await;
    let answer = call(&routes(&guard), "/caller", http::HeaderMap::new()).await;
    refused(answer, 401, "missing_token").await;
}

#[tokio::test]
async fn the_user_is_at_hand_in_checks_and_handlers() {
    let issuer = TestIssuer::new();
    let guard = api(&issuer)
        .with_check(|caller| async move {
            let account = caller.user::<Account>().ok_or("no user")?;
            Ok(account.name != "mallory")
        })
        .with_user_loader(|caller| async move {
            Ok(Some(Account {
                name: caller.subject().to_owned(),
            }))
        });
    let routes = Router::new()
        .route(
            "/me",
            get(async |user: User<Account>| format!("{} {}", user.name, user.caller().subject())),
        )
        .route(
            "/maybe",
            get(async |user: Option<User<Account>>| match user {
                Some(user) => user.name.clone(),
                None => "nobody".to_owned(),
            }),
        )
        .route("/wrong", get(async |_: User<String>| "in"))
        .with_state(guard.clone());
    let ada = issuer.mint("ada").headers();
    assert_eq!(
        text(call(&routes, "/me", ada.clone()).await).await,
        "ada ada"
    );
    assert_eq!(
        text(call(&routes, "/maybe", ada.clone()).await).await,
        "ada"
    );
    let nobody = call(&routes, "/maybe", http::HeaderMap::new()).await;
    assert_eq!(text(nobody).await, "nobody");
    let mallory = issuer.mint("mallory").headers();
    refused(
        call(&routes, "/me", mallory).await,
        403,
        "insufficient_scope",
    )
    .await;
    refused(call(&routes, "/wrong", ada).await, 503, "check_unavailable").await;
}
