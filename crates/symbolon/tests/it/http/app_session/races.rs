//! Requests of one visitor side by side, put in order by gates and not by luck.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::Path,
    routing::{get, post},
};
use http::{Method, StatusCode};
use symbolon::{AppSession, AppSessionError, Engine};
use tokio::sync::{Barrier, oneshot};

use super::{Program, routes, sent_back, sets_nothing};
use crate::support::{Answer, Server};

#[tokio::test]
async fn sets_of_different_keys_side_by_side_both_stay() {
    let server = Server::start().await;
    // Both have read the session before either sets a value.
    let both_have_read = Arc::new(Barrier::new(2));
    let set = async move |session: AppSession, Path(key): Path<String>| {
        both_have_read.wait().await;
        session.set(&key, 1)
    };
    let router = routes(&server.engine).route("/gated/{key}", post(set));
    let program = with(server, router);
    let cookie = program.begin().await;
    let (one, other) = tokio::join!(
        program.send(Method::POST, "/gated/role", Some(&cookie)),
        program.send(Method::POST, "/gated/next", Some(&cookie)),
    );
    assert_eq!((one.status, other.status), (StatusCode::OK, StatusCode::OK));
    let body = program.get("/all", Some(&cookie)).await.body;
    assert_eq!(body, "[true,true,true]");
}

/// What came of a request whose session another one ended meanwhile.
struct Met {
    program: Program,
    /// The cookie that both were sent with.
    cookie: String,
    ending: Answer,
    slow: Answer,
}

/// One request reads its session and stands still; meanwhile another ends it; then the first one
/// goes on with `act`.
async fn meets_the_end(
    ending: (Method, &str),
    act: fn(&AppSession) -> Result<(), AppSessionError>,
) -> Met {
    let server = Server::start().await;
    let (says, has_read) = oneshot::channel();
    let (release, gate) = oneshot::channel::<()>();
    let once = Arc::new(Mutex::new(Some((says, gate))));
    let stand_still = async move |session: AppSession| {
        let (says, gate) = once.lock().unwrap().take().unwrap();
        says.send(()).unwrap();
        gate.await.unwrap();
        act(&session)
    };
    let router = routes(&server.engine).route("/slow", get(stand_still));
    let program = with(server, router);
    let cookie = program.begin().await;
    let (slow, ending) = tokio::join!(program.get("/slow", Some(&cookie)), async {
        has_read.await.unwrap();
        let (method, path) = ending;
        let ended = program.send(method, path, Some(&cookie)).await;
        assert_eq!(ended.status, StatusCode::OK);
        release.send(()).unwrap();
        ended
    });
    Met {
        program,
        cookie,
        ending,
        slow,
    }
}

#[tokio::test]
async fn s4_a_request_in_flight_does_not_revive_what_was_ended() {
    for ending in [
        (Method::POST, "/logout"),
        (Method::DELETE, "/session"),
        (Method::POST, "/login"),
        (Method::POST, "/next"),
    ] {
        for act in [
            |session: &AppSession| session.set("username", "revived"),
            |session: &AppSession| session.renew(),
        ] {
            let met = meets_the_end(ending.clone(), act).await;
            // It isn't told that its value was kept.
            assert_eq!(met.slow.status, StatusCode::CONFLICT, "{ending:?}");
            assert_eq!(met.slow.code(), "app_session_ended");
            // Nor does it touch the cookie, which may be that of a new login.
            assert!(sets_nothing(&met.slow));
            let body = met.program.get("/all", Some(&met.cookie)).await.body;
            assert_eq!(body, "[false,false,false]");
        }
    }
}

#[tokio::test]
async fn p3_08_what_is_gone_anyway_may_be_removed_once_more() {
    for act in [
        |session: &AppSession| session.remove("username"),
        |session: &AppSession| session.clear(),
    ] {
        let met = meets_the_end((Method::POST, "/logout"), act).await;
        assert_eq!(met.slow.status, StatusCode::OK);
        assert!(sets_nothing(&met.slow));
    }
}

#[tokio::test]
async fn s4_a_logout_reaches_a_session_that_was_renewed_meanwhile() {
    let end = |session: &AppSession| session.end();
    let met = meets_the_end((Method::POST, "/login"), end).await;
    assert_eq!(sent_back(&met.slow), "session=");
    let renewed = sent_back(&met.ending);
    assert_ne!(renewed, met.cookie);
    for cookie in [met.cookie, renewed] {
        let body = met.program.get("/all", Some(&cookie)).await.body;
        assert_eq!(body, "[false,false,false]");
    }
}

fn with(server: Server, router: Router) -> Program {
    let mut program = Program::around(server, Engine::app_sessions);
    program.router = router.layer(program.server.engine.app_sessions());
    program
}
