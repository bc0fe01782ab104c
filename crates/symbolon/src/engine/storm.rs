//! A thousand logins at once, against an engine through its router (G16).

use std::time::Duration;

use axum::{body::Body, http::header::CONTENT_TYPE};
use http::{Request, header::RETRY_AFTER};
use symbolon_guard::token::Timestamp;
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::{Config, Engine, store::SweepTries};

const LOGINS: usize = 1000;
const PASSWORD: &str = "correct horse battery";
const BUDGET: u64 = 60 << 20;

fn login(username: &str) -> Request<Body> {
    let body = serde_json::json!({ "username": username, "password": PASSWORD });
    Request::post("/api/login")
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap()
}

/// The status, and for a 503 the seconds that it says.
async fn send(router: axum::Router, username: &str) -> (u16, Option<u64>) {
    let answer = router.oneshot(login(username)).await.unwrap();
    let seconds = answer.headers().get(RETRY_AFTER);
    let seconds = seconds.map(|value| value.to_str().unwrap().parse().unwrap());
    (answer.status().as_u16(), seconds)
}

#[tokio::test(flavor = "multi_thread")]
async fn g16_a_thousand_logins_at_once_are_all_answered_within_the_memory_budget() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::in_folder("http://127.0.0.1", folder.path()).unwrap();
    config.passwords.queue = 16;
    config.passwords.memory_budget = BUDGET;
    config.passwords.deadline = Duration::from_mins(1);
    let engine = Engine::open(config).await.unwrap();
    engine.create_user("alice", PASSWORD, &[]).await.unwrap();

    let mut logins = JoinSet::new();
    for number in 0..LOGINS {
        let router = engine.router();
        // Those whom nobody knows cost the same, and are in the same queue. Few are of one name, so that it
        // is the queue that turns them away and not the limit of tries.
        let is_alice = number % 20 == 0;
        logins.spawn(async move {
            let username = if is_alice {
                "alice"
            } else {
                &format!("nobody-{number}")
            };
            (is_alice, send(router, username).await)
        });
    }
    let answers = tokio::time::timeout(Duration::from_mins(2), logins.join_all());
    let answers = answers.await.expect("every login is answered");

    let (mut served, mut strangers, mut turned_away) = (0, 0, 0);
    for answer in answers {
        match answer {
            (true, (200, None)) => served += 1,
            (false, (401, None)) => {
                served += 1;
                strangers += 1;
            }
            (_, (503, Some(1..=60))) => turned_away += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(served + turned_away, LOGINS);
    assert!(served > 16, "{served} were served");
    assert!(turned_away > 0, "the queue holds sixteen");
    // Nothing was written for those: there is a count for each name that was refused, and none besides.
    let everything = SweepTries {
        now: Timestamp::from_secs(4_000_000_000),
        limit: 10_000,
    };
    let counts = engine.app.store.run(everything).await.unwrap();
    assert_eq!(counts, strangers);
    let passwords = &engine.app.passwords;
    let (_, most) = passwords.memory_used();
    let budget = usize::try_from(BUDGET).unwrap();
    assert!((19 << 20..=budget).contains(&most), "{most}");

    // And then all is as before: logins are served, and nothing is kept.
    assert_eq!(send(engine.router(), "alice").await, (200, None));
    let gone = async {
        let mut looks = tokio::time::interval(Duration::from_millis(1));
        while passwords.memory_used().0 > 0 {
            looks.tick().await;
        }
    };
    let gone = tokio::time::timeout(Duration::from_mins(1), gone);
    gone.await.expect("the blocks are given back");
    engine.shutdown().await;
    let (status, _) = send(engine.router(), "alice").await;
    assert_eq!(status, 503);
}

/// A body that never comes: whoever is turned away isn't asked for it.
#[tokio::test(flavor = "multi_thread")]
async fn g16_who_finds_the_queue_full_is_told_so_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::in_folder("http://127.0.0.1", folder.path()).unwrap();
    config.passwords.queue = 1;
    let engine = Engine::open(config).await.unwrap();
    engine.create_user("alice", PASSWORD, &[]).await.unwrap();
    let mut places = Vec::new();
    while let Ok(place) = engine.app.passwords.place().await {
        places.push(place);
    }
    let never = futures_util::stream::pending::<Result<Vec<u8>, std::convert::Infallible>>();
    let request = Request::post("/api/login")
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from_stream(never))
        .unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(5), engine.router().oneshot(request));
    let answer = answer.await.expect("it is answered at once").unwrap();
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key(RETRY_AFTER));
    drop(places);
    assert_eq!(send(engine.router(), "alice").await, (200, None));
    engine.shutdown().await;
}
