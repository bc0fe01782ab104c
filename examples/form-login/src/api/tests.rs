//! What a running example doesn't show: where the password went, and what ends a token early.

use std::{fs, path::Path};

use axum::{body::Body, http};
use http_body_util::BodyExt;
use symbolon::{Config, Signing};
use tower::ServiceExt;

use super::*;
use crate::guard::guard;

const PASSWORD: &str = "correct horse battery staple";

async fn api(folder: &Path) -> Api {
    let mut config = Config::in_folder("http://127.0.0.1:3000", folder).unwrap();
    config.signing = Signing::SharedKept;
    let engine = Engine::open(config).await.unwrap();
    engine.create_user("ada", PASSWORD, &[]).await.unwrap();
    Api {
        guard: guard(&engine, &Signing::SharedKept).unwrap(),
        engine,
    }
}

async fn call(api: &Api, token: &str) -> (u16, String) {
    let request = http::Request::get("/protected");
    let request = request.header("authorization", format!("Bearer {token}"));
    let request = request.body(Body::empty()).unwrap();
    let answer = routes(api.clone()).oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn p2_09_the_database_holds_a_hash_and_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let api = api(folder.path()).await;
    api.engine.login("ada", PASSWORD).await.unwrap();
    assert!(api.engine.login("ada", "something else").await.is_err());
    api.engine.shutdown().await;
    let mut kept = Vec::new();
    for file in fs::read_dir(folder.path()).unwrap() {
        kept.extend(fs::read(file.unwrap().path()).unwrap());
    }
    let holds = |text: &str| kept.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(holds("$argon2id$"));
    assert!(!holds(PASSWORD));
}

#[tokio::test]
async fn p2_05_a_disabled_user_and_an_old_password_end_a_token_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let api = api(folder.path()).await;
    let login = api.engine.login("ada", PASSWORD).await.unwrap();
    let served = format!(
        r#"{{"message":"Protected route for user: {}"}}"#,
        login.subject
    );
    assert_eq!(call(&api, &login.access_token).await, (200, served));

    let revoked = (401, r#"{"msg":"Token has been revoked"}"#.to_owned());
    let changed = "another horse battery staple";
    api.engine.set_password("ada", changed).await.unwrap();
    assert_eq!(call(&api, &login.access_token).await, revoked);

    let again = api.engine.login("ada", changed).await.unwrap();
    api.engine.disable_user("ada").await.unwrap();
    assert_eq!(call(&api, &again.access_token).await, revoked);
    api.engine.shutdown().await;
}
