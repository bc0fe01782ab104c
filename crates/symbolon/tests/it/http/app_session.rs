//! App sessions, used by a program's routes as P3 has them: `GET /` sets, `GET /session` reads,
//! `DELETE /session` takes away.

mod cookies;
mod ends;
mod failures;
mod races;
mod values;

use axum::{
    Json, Router,
    extract::Path,
    routing::{get, post},
};
use http::{Method, Request, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use symbolon::{AppSession, AppSessionError, AppSessions, Engine, guard::Caller};

use crate::support::{Answer, Server, answer_of, request};

/// The engine of a server, and a program beside it.
struct Program {
    server: Server,
    router: Router,
}

/// Who sends a request: the cookie they hold, if any.
type Cookie<'a> = Option<&'a str>;

impl Program {
    async fn start() -> Self {
        Self::around(Server::start().await, Engine::app_sessions)
    }

    async fn start_https() -> Self {
        let server =
            Server::start_with(|config| "https://shop.example".clone_into(&mut config.issuer));
        Self::around(server.await, Engine::app_sessions)
    }

    fn around(server: Server, layer: impl FnOnce(&Engine) -> AppSessions) -> Self {
        let router = routes(&server.engine).layer(layer(&server.engine));
        Self { server, router }
    }

    async fn send(&self, method: Method, path: &str, cookie: Cookie<'_>) -> Answer {
        let mut request = request(method, path);
        if let Some(cookie) = cookie {
            let value = cookie.parse().unwrap();
            request.headers_mut().insert(header::COOKIE, value);
        }
        self.send_request(request).await
    }

    async fn send_request(&self, request: Request<axum::body::Body>) -> Answer {
        answer_of(&self.router, request).await
    }

    async fn get(&self, path: &str, cookie: Cookie<'_>) -> Answer {
        self.send(Method::GET, path, cookie).await
    }

    /// Begins a session and gives its cookie as a browser sends it back.
    async fn begin(&self) -> String {
        sent_back(&self.get("/", None).await)
    }
}

/// `name=value` of the one cookie that an answer sets.
fn sent_back(answer: &Answer) -> String {
    assert_eq!(
        answer.headers.get_all(header::SET_COOKIE).iter().count(),
        1,
        "{answer:?}"
    );
    let set = answer.header(header::SET_COOKIE);
    set.split_once(';').unwrap().0.to_owned()
}

/// The attributes of the cookie that an answer sets.
fn attributes(answer: &Answer) -> Vec<&str> {
    let set = answer.header(header::SET_COOKIE);
    set.split("; ").skip(1).collect()
}

fn sets_nothing(answer: &Answer) -> bool {
    !answer.headers.contains_key(header::SET_COOKIE)
}

fn routes(engine: &Engine) -> Router {
    async fn begin(session: AppSession) -> Result<&'static str, AppSessionError> {
        session.set("username", "user1")?;
        Ok("세션 시작!")
    }
    async fn show(session: AppSession) -> Result<String, AppSessionError> {
        let username: Option<String> = session.get("username")?;
        Ok(format!(
            "현재 사용자: {}",
            username.as_deref().unwrap_or("None")
        ))
    }
    async fn remove(session: AppSession) -> Result<&'static str, AppSessionError> {
        session.remove("username")?;
        Ok("세션 값 삭제!")
    }
    async fn set(session: AppSession, Path(key): Path<String>) -> Result<(), AppSessionError> {
        session.set(&key, 1)
    }
    async fn large(session: AppSession, body: String) -> Result<(), AppSessionError> {
        session.set("large", body)
    }
    async fn login(session: AppSession) -> Result<(), AppSessionError> {
        session.renew()?;
        session.set("role", "admin")
    }
    async fn hang_on(session: AppSession, caller: Caller) -> Result<(), AppSessionError> {
        session.renew_for(&caller)?;
        session.set("username", caller.subject())
    }
    async fn logout(session: AppSession) -> Result<(), AppSessionError> {
        session.end()
    }
    async fn next(session: AppSession) -> Result<(), AppSessionError> {
        session.end()?;
        session.set("next", true)
    }
    async fn all(session: AppSession) -> Result<Json<[bool; 3]>, AppSessionError> {
        let has = |key| session.get::<Value>(key).map(|value| value.is_some());
        Ok(Json([has("username")?, has("role")?, has("next")?]))
    }
    async fn fails(session: AppSession) -> Result<StatusCode, AppSessionError> {
        session.set("username", "set before it failed")?;
        Ok(StatusCode::INTERNAL_SERVER_ERROR)
    }
    Router::new()
        .route("/", get(begin))
        .route("/session", get(show).delete(remove))
        .route("/set/{key}", post(set))
        .route("/large", post(large))
        .route("/login", post(login))
        .route("/hang-on", post(hang_on))
        .route("/logout", post(logout))
        .route("/next", post(next))
        .route("/all", get(all))
        .route("/fails", post(fails))
        .route("/typed", get(typed))
        .route("/static", get(async || "the same for everyone"))
        .with_state::<()>(engine.guard())
}

/// A struct goes in, comes out, and is no number.
async fn typed(session: AppSession) -> Result<String, AppSessionError> {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Basket {
        things: Vec<(u32, String)>,
        discount: Option<f64>,
        total: u128,
    }
    let basket = Basket {
        things: vec![(1, "찻잔".to_owned()), (2, "\u{0}\"'".to_owned())],
        discount: Some(0.1 + 0.2),
        total: u128::MAX,
    };
    let found: Option<Basket> = session.get("basket")?;
    if let Some(found) = found {
        assert_eq!(found, basket);
        let wrong = session.get::<u32>("basket");
        assert_eq!(wrong, Err(AppSessionError::OtherType("basket".to_owned())));
        return Ok("found".to_owned());
    }
    session.set("basket", &basket)?;
    Ok("set".to_owned())
}
