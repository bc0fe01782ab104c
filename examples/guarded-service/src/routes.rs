//! What the service does. Each handler's arguments say who may call it.

use axum::{Router, extract::State, http::StatusCode, routing::get};
use symbolon_guard::{Caller, CallerWith, Guard, Role};

struct User;

impl Role for User {
    const NAME: &'static str = "user";
}

struct Admin;

impl Role for Admin {
    const NAME: &'static str = "admin";
}

pub(crate) fn routes(guard: Guard) -> Router {
    Router::new()
        .route("/", get(welcome))
        .route("/me", get(me))
        .route("/members", get(members))
        .route("/admin", get(admin))
        .route("/readyz", get(ready))
        .with_state(guard)
}

async fn welcome(caller: Option<Caller>) -> String {
    match caller {
        Some(caller) => format!("welcome, {}\n", caller.subject()),
        None => "welcome, whoever you are\n".to_owned(),
    }
}

async fn me(caller: Caller) -> String {
    format!(
        "you are {}, with the roles {:?}\n",
        caller.subject(),
        caller.roles()
    )
}

async fn members(caller: CallerWith<User>) -> String {
    format!("{} is a member\n", caller.subject())
}

async fn admin(caller: CallerWith<Admin>) -> String {
    format!("{} may administer\n", caller.subject())
}

/// Whether tokens can be judged yet. For whoever sends traffic here, not for callers: no token asked.
async fn ready(State(guard): State<Guard>) -> (StatusCode, String) {
    if guard.holds_keys() {
        return (StatusCode::OK, "ready\n".to_owned());
    }
    let why = guard.fetch_failure().map_or_else(
        || "the keys have not arrived yet".to_owned(),
        |failure| failure.to_string(),
    );
    (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n"))
}

#[cfg(test)]
mod tests {
    use axum::{
        body::Body,
        http::{Request, header},
    };
    use http_body_util::BodyExt;
    use symbolon_guard::{
        Clock,
        token::{
            AccessClaims, Algorithm, Audience, KeySet, Policy, SigningKey, Timestamp, Typ,
            Verifier, sign,
        },
    };
    use tower::ServiceExt;

    use super::*;

    const ISSUER: &str = "https://login.example";
    const NOW: i64 = 1_800_000_000;

    async fn call(path: &str, roles: Option<&[&str]>) -> (StatusCode, String) {
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
        let policy = Policy {
            issuer: ISSUER.into(),
            audience: vec![ISSUER.into()],
            algorithms: vec![Algorithm::Ed25519],
            typ: Typ::ACCESS_TOKEN,
        };
        let keys = KeySet::new([key.verifying_key()]).unwrap();
        let guard = Guard::with_clock(
            Verifier::new(keys, policy).unwrap(),
            Clock::fixed(Timestamp::from_secs(NOW)).clock(),
        );
        let mut request = Request::get(path);
        if let Some(roles) = roles {
            let claims = AccessClaims {
                iss: ISSUER.into(),
                sub: "ada".into(),
                aud: Audience::from(ISSUER),
                exp: NOW + 600,
                iat: NOW,
                jti: "1".into(),
                client_id: "local".into(),
                scope: None,
                roles: roles.iter().map(|role| (*role).to_owned()).collect(),
                auth_time: None,
                sid: None,
            };
            let token = sign(&key, Typ::ACCESS_TOKEN, &claims).unwrap();
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Body::empty()).unwrap();
        let answer = routes(guard).oneshot(request).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn each_route_takes_the_callers_it_names() {
        let nobody: Option<&[&str]> = None;
        let (none, user, admin) = (Some(&[][..]), Some(&["user"][..]), Some(&["admin"][..]));
        for (path, caller, status) in [
            ("/", nobody, 200),
            ("/", none, 200),
            ("/me", nobody, 401),
            ("/me", none, 200),
            ("/members", nobody, 401),
            ("/members", none, 403),
            ("/members", user, 200),
            ("/members", admin, 403),
            ("/admin", nobody, 401),
            ("/admin", user, 403),
            ("/admin", admin, 200),
            ("/readyz", nobody, 200),
        ] {
            assert_eq!(call(path, caller).await.0, status, "{path} {caller:?}");
        }
    }

    #[tokio::test]
    async fn the_public_page_knows_a_caller() {
        assert_eq!(call("/", Some(&[])).await.1, "welcome, ada\n");
        assert_eq!(call("/", None).await.1, "welcome, whoever you are\n");
    }
}
