//! The user table: rows P0-13 and P0-14.

use super::*;

const PASSWORD: &str = "correct horse battery staple";

fn table() -> UserTable {
    UserTable::open(Path::new(":memory:")).unwrap()
}

fn named(username: &str) -> NewUser {
    NewUser {
        username: username.to_owned(),
        password_hash: "a hash".to_owned(),
    }
}

#[test]
fn p0_13_ids_begin_at_one_and_are_given_once() {
    let table = table();
    let first = table.add(&named("admin")).unwrap();
    // The original's first user has the id 0, which its library takes for none.
    assert_eq!(first.id, 1);
    table.remove(first.id).unwrap();
    assert_eq!(table.add(&named("admin")).unwrap().id, 2);
    assert!(table.find("1").unwrap().is_none());
}

#[test]
fn p0_13_names_are_unique_and_have_50_characters_at_most() {
    let table = table();
    table.add(&named(&"가".repeat(50))).unwrap();
    for refused in ["가".repeat(50), "x".repeat(51), String::new()] {
        assert!(table.add(&named(&refused)).is_err(), "{refused}");
    }
}

#[tokio::test]
async fn p0_13_the_constructor_keeps_a_hash_and_the_hook_knows_the_password() {
    let table = table();
    let user = table
        .add(&NewUser::new("admin", PASSWORD).unwrap())
        .unwrap();
    assert!(user.password_hash.starts_with("$argon2id$"));
    for (username, password, known) in [
        ("admin", PASSWORD, true),
        ("admin", "something else entirely", false),
        ("admin", &*user.password_hash, false),
        ("nobody", PASSWORD, false),
    ] {
        let identity = table.authenticate(username, password).await.unwrap();
        assert_eq!(identity.is_some(), known, "{username}");
    }
    assert!(NewUser::new("admin", "admin").is_err());
}

#[test]
fn p0_14_a_printed_user_hides_the_password() {
    let user = table()
        .add(&NewUser::new("admin", PASSWORD).unwrap())
        .unwrap();
    let shown = r#"User(id=1, username="admin", password="********")"#;
    assert_eq!(user.to_string(), shown);
    assert_eq!(format!("{user:?}"), shown);
}
