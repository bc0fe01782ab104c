//! Importing users, and what becomes of their hashes.

use symbolon_rules::{import::Namesake, permission::Role, user::UserState};

use super::{Database, create, hash, name, on_both_engines, user};
use crate::store::{
    CountSchemes, CreateUser, FindLogin, FindNamesakes, ImportUsers, NewImport, RenewPassword,
    SetPassword, Store, schemes::SchemeCounts,
};

on_both_engines! {
    an_import_adds_users_as_they_were,
    an_import_changes_nobody_who_is_there,
    namesakes_are_found_by_name_and_by_id,
    a_hash_is_renewed_only_while_it_is_the_one_compared_with,
    users_are_counted_by_what_their_hashes_cost,
}

fn import(username: &str, external_id: Option<&str>) -> NewImport {
    NewImport {
        user: user(username),
        state: UserState::Enabled,
        external_id: external_id.map(str::to_owned),
        imported_scheme: Some("scrypt".to_owned()),
    }
}

async fn run(store: &Store, users: Vec<NewImport>) -> Vec<bool> {
    store.run(ImportUsers { users }).await.unwrap()
}

async fn an_import_adds_users_as_they_were(database: Database) {
    let store = database.open().await;
    let mut disabled = import("bob", None);
    disabled.state = UserState::Disabled;
    disabled.user.password_hash = None;
    disabled.user.roles = vec![];
    let added = run(&store, vec![import("alice", Some("7")), disabled]).await;
    assert_eq!(added, [true, true]);

    let find = |username| FindLogin {
        username: name(username),
    };
    let alice = store.run(find("alice")).await.unwrap().unwrap();
    assert_eq!(alice.external_id.as_deref(), Some("7"));
    assert_eq!(alice.password_hash, Some(hash("first")));
    assert_eq!(alice.roles, [Role::parse("user").unwrap()]);
    assert_eq!(
        (alice.state, alice.credential_epoch),
        (UserState::Enabled, 0)
    );
    let bob = store.run(find("bob")).await.unwrap().unwrap();
    assert_eq!((bob.state, bob.password_hash), (UserState::Disabled, None));
    assert_eq!((bob.external_id, bob.roles), (None, vec![]));
}

async fn an_import_changes_nobody_who_is_there(database: Database) {
    let store = database.open().await;
    create(&store, "alice").await;
    run(&store, vec![import("bob", Some("2"))]).await;
    let find = |username| FindLogin {
        username: name(username),
    };
    let before = format!("{:?}", store.run(find("alice")).await.unwrap());

    let mut named_alike = import("ALICE", Some("1"));
    named_alike.user.roles = vec![Role::parse("admin").unwrap()];
    let users = vec![
        named_alike,
        import("carol", Some("2")),
        import("dave", Some("4")),
        import("dave", Some("5")),
        import("erin", None),
        import("frank", None),
    ];
    let added = run(&store, users).await;
    assert_eq!(added, [false, false, true, false, true, true]);
    let after = format!("{:?}", store.run(find("alice")).await.unwrap());
    assert_eq!(before, after);
    assert!(store.run(find("carol")).await.unwrap().is_none());
}

async fn namesakes_are_found_by_name_and_by_id(database: Database) {
    let store = database.open().await;
    create(&store, "alice").await;
    run(&store, vec![import("bob", Some("2"))]).await;
    let rows = [
        ("alice", Some("2")),
        ("bob", Some("2")),
        ("carol", Some("2")),
        ("carol", Some("3")),
        ("alice", None),
        ("carol", None),
    ];
    let find = FindNamesakes {
        rows: rows
            .map(|(username, id)| (name(username), id.map(str::to_owned)))
            .to_vec(),
    };
    let found = store.run(find).await.unwrap();
    let names: Vec<Vec<_>> = found
        .iter()
        .map(|found| {
            let mut names: Vec<_> = found.iter().map(|user| user.username.as_str()).collect();
            names.sort_unstable();
            names
        })
        .collect();
    let expected: [&[&str]; 6] = [&["alice", "bob"], &["bob"], &["bob"], &[], &["alice"], &[]];
    assert_eq!(names, expected);
    let bob = Namesake {
        username: name("bob"),
        external_id: Some("2".to_owned()),
        password_hash: Some(hash("first")),
    };
    assert_eq!(found[1], [bob]);
}

async fn a_hash_is_renewed_only_while_it_is_the_one_compared_with(database: Database) {
    let store = database.open().await;
    run(&store, vec![import("alice", None)]).await;
    let find = || FindLogin {
        username: name("alice"),
    };
    let user = store.run(find()).await.unwrap().unwrap().user;
    let renew = |old, new| RenewPassword {
        user,
        old: hash(old),
        new: hash(new),
    };
    assert!(store.run(renew("first", "second")).await.unwrap());
    let facts = store.run(find()).await.unwrap().unwrap();
    assert_eq!(facts.password_hash, Some(hash("second")));
    assert_eq!(facts.credential_epoch, 0, "sessions stay");

    // A login that compared an older hash must not undo a new password.
    let set = SetPassword {
        username: name("alice"),
        password_hash: hash("third"),
    };
    assert!(store.run(set).await.unwrap());
    assert!(!store.run(renew("second", "fourth")).await.unwrap());
    let facts = store.run(find()).await.unwrap().unwrap();
    assert_eq!(facts.password_hash, Some(hash("third")));
}

async fn users_are_counted_by_what_their_hashes_cost(database: Database) {
    let store = database.open().await;
    let count = async || store.run(CountSchemes).await.unwrap();
    assert_eq!(count().await, SchemeCounts::default());
    create(&store, "alice").await;
    let anybody = count().await;
    assert_eq!((anybody.imported.len(), anybody.others), (0, 1));

    let mut other = import("dave", None);
    other.imported_scheme = Some("bcrypt".to_owned());
    run(
        &store,
        vec![import("bob", None), import("carol", None), other],
    )
    .await;
    let mut counts = count().await;
    counts.imported.sort();
    let imported = [("bcrypt".to_owned(), 1), ("scrypt".to_owned(), 2)];
    assert_eq!((&*counts.imported, counts.others), (&imported[..], 1));

    let set = SetPassword {
        username: name("bob"),
        password_hash: hash("new"),
    };
    assert!(store.run(set).await.unwrap());
    let find = |username| FindLogin {
        username: name(username),
    };
    let renew = RenewPassword {
        user: store.run(find("carol")).await.unwrap().unwrap().user,
        old: hash("first"),
        new: hash("new"),
    };
    assert!(store.run(renew).await.unwrap());
    let counts = count().await;
    assert_eq!(counts.imported, [("bcrypt".to_owned(), 1)]);
    assert_eq!(counts.others, 3);

    // A hash that was made with other parameters than the default carries their name, whichever way it
    // comes in.
    let dear = |text| hash(text).with_scheme("dear".to_owned());
    let set = SetPassword {
        username: name("alice"),
        password_hash: dear("newer"),
    };
    assert!(store.run(set).await.unwrap());
    let renew = RenewPassword {
        user: store.run(find("carol")).await.unwrap().unwrap().user,
        old: hash("new"),
        new: dear("newer"),
    };
    assert!(store.run(renew).await.unwrap());
    let mut eve = user("eve");
    eve.password_hash = Some(dear("first"));
    store.run(CreateUser { user: eve }).await.unwrap();
    let mut counts = count().await;
    counts.imported.sort();
    let imported = [("bcrypt".to_owned(), 1), ("dear".to_owned(), 3)];
    assert_eq!((&*counts.imported, counts.others), (&imported[..], 1));
}
