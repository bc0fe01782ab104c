//! A program's own users, and claims that it adds.

use serde_json::json;
use symbolon::{HookError, Identity, Users, password};

use crate::support::{PASSWORD, Server, claims_of};

/// A table of one, that fails, panics or hangs when told by the name.
struct Table {
    hash: String,
}

impl Table {
    fn new() -> Self {
        Self {
            hash: password::hash(PASSWORD).unwrap(),
        }
    }

    fn admin() -> Result<Identity, HookError> {
        Ok(Identity::new("7", "admin")
            .with_roles(["editor"])?
            .with_claims(json!({ "identity": 7 }))?)
    }
}

impl Users for Table {
    async fn authenticate(
        &self,
        username: &str,
        password: &str,
    ) -> Result<Option<Identity>, HookError> {
        match username {
            "fails" => Err("the table is gone".into()),
            "panics" => panic!("on purpose"),
            "hangs" => std::future::pending().await,
            _ => {
                let stored = (username == "Admin User").then_some(self.hash.as_str());
                if password::verify(password, stored)? {
                    Self::admin().map(Some)
                } else {
                    Ok(None)
                }
            }
        }
    }

    async fn find(&self, subject: &str) -> Result<Option<Identity>, HookError> {
        match subject {
            "7" => Self::admin().map(Some),
            "other" => Ok(Some(Identity::new("7", "admin"))),
            "fails" => Err("the table is gone".into()),
            _ => Ok(None),
        }
    }
}

async fn server() -> Server {
    Server::start_with(|config| *config = config.clone().with_users(Table::new())).await
}

#[tokio::test]
async fn a_programs_users_stand_in_for_ours() {
    let server = server().await;
    // Names are the program's: nothing is mapped on the way.
    let answer = server.login("Admin User", PASSWORD).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let claims = claims_of(&token);
    assert_eq!(claims["sub"], "7");
    assert_eq!(claims["identity"], 7);
    assert_eq!(claims["roles"], json!(["editor"]));
    let me = server.get_with("/api/me", &token).await.json();
    assert_eq!(
        me,
        json!({ "id": "7", "username": "admin", "roles": ["editor"] })
    );

    for (username, password) in [
        ("Admin User", "wrong"),
        ("admin user", PASSWORD),
        ("alice", PASSWORD),
    ] {
        let answer = server.login(username, password).await;
        assert_eq!(answer.code(), "invalid_credentials", "{username}");
    }
}

#[tokio::test]
async fn a_hook_that_cannot_tell_is_a_503_and_neither_a_yes_nor_a_no() {
    let server = server().await;
    for username in ["fails", "panics"] {
        let answer = server.login(username, PASSWORD).await;
        assert_eq!(answer.status, 503, "{username}");
        assert_eq!(answer.code(), "temporarily_unavailable");
        assert!(!answer.body.contains("table"), "the cause is for the log");
    }
    let token = server.engine.issue("fails", json!({})).unwrap();
    assert_eq!(server.get_with("/api/me", &token).await.status, 503);
    // And it goes on.
    assert_eq!(server.login("Admin User", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_hook_that_hangs_costs_its_request_only() {
    let server = server().await;
    tokio::time::pause();
    assert_eq!(server.login("hangs", PASSWORD).await.status, 503);
}

#[tokio::test]
async fn a_deleted_user_is_refused_and_so_is_an_answer_for_somebody_else() {
    let server = server().await;
    for subject in ["deleted", "other"] {
        let token = server.engine.issue(subject, json!({})).unwrap();
        let answer = server.get_with("/api/me", &token).await;
        assert_eq!(answer.code(), "invalid_token", "{subject}");
    }
}

#[tokio::test]
async fn a_hook_adds_claims_to_the_tokens_of_our_users() {
    let server = Server::start_with(|config| {
        *config = config
            .clone()
            .with_claims(async |subject| match subject.as_str() {
                "" => Err("nobody".into()),
                _ => Ok(json!({ "plan": "free", "same": subject })),
            });
    })
    .await;
    let claims = claims_of(&server.token().await);
    assert_eq!(claims["plan"], "free");
    assert_eq!(claims["same"], claims["sub"]);
}

#[tokio::test]
async fn a_claims_hook_cannot_set_what_verifiers_decide_by() {
    for claims in [
        json!({ "exp": 1 }),
        json!({ "roles": ["symbolon:admin"] }),
        json!(1),
    ] {
        let server = Server::start_with(|config| {
            *config = config.clone().with_claims(move |_| {
                let claims = claims.clone();
                async move { Ok(claims) }
            });
        })
        .await;
        assert_eq!(server.login("alice", PASSWORD).await.status, 503);
    }
}

#[tokio::test]
async fn a_role_of_symbolon_is_refused_from_a_hook_too() {
    assert!(
        Identity::new("7", "x")
            .with_roles(["symbolon:admin"])
            .is_err()
    );
    assert!(
        Identity::new("7", "x")
            .with_claims(json!({ "scope": "x" }))
            .is_err()
    );
}
