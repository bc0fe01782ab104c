//! The token methods of the model: rows P3-02 and P3-03.

use std::path::Path;

use symbolon::{Config, Signing};

use super::*;

const PASSWORD: &str = "correct horse battery staple";

async fn engine(folder: &Path, users: &Users) -> Engine {
    let config = Config::in_folder("http://127.0.0.1:3000", folder).unwrap();
    let mut config = config.with_users(users.clone());
    config.signing = Signing::SharedKept;
    Engine::open(config).await.unwrap()
}

async fn users(count: usize) -> Users {
    let passwords = Pool::new();
    let hash = passwords.hash(PASSWORD).await.unwrap();
    let names = ["admin", "second"];
    let users = names.into_iter().zip(1..).take(count);
    let users = users.map(|(name, id): (_, u8)| User::new(&id.to_string(), name, hash.clone()));
    Users::new(passwords, users.collect::<Vec<_>>())
}

#[tokio::test]
async fn p3_02_p3_03_a_model_makes_a_token_and_finds_whose_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let users = users(2).await;
    let engine = engine(folder.path(), &users).await;
    let user = users.get("2").unwrap();
    let token = user.make_token(&engine).unwrap();
    let verifying = Verifying::new(&engine, &Signing::SharedKept, Rejection::problem).unwrap();
    let found = User::verify_token(&verifying, &users, &token)
        .await
        .unwrap();
    assert_eq!(found.unwrap().username, "second");
    for bad in ["", "x", "x.y.z", &token[1..], &token[..token.len() - 1]] {
        let found = User::verify_token(&verifying, &users, bad).await.unwrap();
        assert!(found.is_none(), "{bad}");
    }
    engine.shutdown().await;
}

#[tokio::test]
async fn p3_03_the_token_of_a_user_who_is_gone_is_nobodys() {
    let folder = tempfile::tempdir().unwrap();
    let before = users(2).await;
    let engine = engine(folder.path(), &before).await;
    let token = before.get("2").unwrap().make_token(&engine).unwrap();
    let after = users(1).await;
    let verifying = Verifying::new(&engine, &Signing::SharedKept, Rejection::problem).unwrap();
    let found = User::verify_token(&verifying, &after, &token)
        .await
        .unwrap();
    assert!(found.is_none());
    engine.shutdown().await;
}

#[tokio::test]
async fn printing_a_user_hides_the_password() {
    let shown = format!("{:?}", users(1).await.get("1").unwrap());
    assert_eq!(shown, "User(1, admin, ********)");
}
