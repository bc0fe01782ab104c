//! Every route for every kind of caller. A route that isn't in the table fails the test, so a new
//! one can't be forgotten.

use std::{collections::BTreeMap, time::Duration};

use http::{HeaderValue, Method, header};
use symbolon::Engine;

use crate::support::{PASSWORD, Server, request};

/// Who calls.
#[derive(Clone, Copy, Debug)]
enum Caller {
    /// Without a token.
    Anonymous,
    /// With a good one.
    User,
    /// With one whose user was disabled since.
    Disabled,
    /// With one that has expired.
    Expired,
    /// With one that somebody else's Symbolon signed.
    Foreign,
    /// With something that is no token.
    Garbage,
}

const CALLERS: [Caller; 6] = [
    Caller::Anonymous,
    Caller::User,
    Caller::Disabled,
    Caller::Expired,
    Caller::Foreign,
    Caller::Garbage,
];

/// Open to all: what anybody's request is answered, whatever token comes with it.
const fn open(status: u16) -> [u16; 6] {
    [status; 6]
}

/// In the order of [`CALLERS`].
fn expected() -> BTreeMap<(&'static str, &'static str), [u16; 6]> {
    BTreeMap::from([
        // Without a body of its own it gets as far as being told so.
        (("POST", "/api/login"), open(415)),
        (("GET", "/api/me"), [401, 200, 401, 401, 401, 401]),
        (("GET", "/.well-known/jwks.json"), open(200)),
        (
            ("GET", "/.well-known/oauth-authorization-server"),
            open(200),
        ),
        (("GET", "/.well-known/openid-configuration"), open(200)),
        // The page is the same for everybody; a form that no page of ours sent goes no further (S3).
        (("GET", "/setup"), open(200)),
        (("POST", "/setup"), open(403)),
        (("GET", "/setup/done"), open(200)),
        (("GET", "/healthz"), open(200)),
        (("GET", "/readyz"), open(200)),
    ])
}

#[tokio::test]
async fn every_route_answers_every_caller_as_it_should() {
    let expected = expected();
    let routes: Vec<_> = Engine::routes();
    assert_eq!(routes.len(), expected.len(), "a route is not in the table");
    for (method, path) in routes {
        let row = expected
            .get(&(method.as_str(), path))
            .unwrap_or_else(|| panic!("{method} {path} is not in the table"));
        for (caller, expected) in CALLERS.into_iter().zip(row) {
            let status = call(&method, path, caller).await;
            assert_eq!(status, *expected, "{method} {path} as {caller:?}");
        }
    }
}

async fn call(method: &Method, path: &str, caller: Caller) -> u16 {
    let server = Server::start().await;
    let token = match caller {
        Caller::Anonymous => None,
        Caller::Garbage => Some("garbage".to_owned()),
        Caller::Foreign => Some(Server::start().await.token().await),
        Caller::User => Some(server.token().await),
        Caller::Disabled => {
            let token = server.token().await;
            server.engine.disable_user("alice").await.unwrap();
            server
                .engine
                .create_user("bob", PASSWORD, &[])
                .await
                .unwrap();
            Some(token)
        }
        Caller::Expired => {
            let token = server.token().await;
            server.clock.advance(Duration::from_mins(11));
            Some(token)
        }
    };
    let mut request = request(method.clone(), path);
    if let Some(token) = token {
        let value = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    server.send(request).await.status.as_u16()
}
