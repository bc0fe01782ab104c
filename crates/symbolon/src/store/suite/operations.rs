//! What each operation does, alone.

use std::time::Duration;

use symbolon_rules::{client, id::StoreId, permission::Role, session::NewSession, user::UserState};

use super::{Database, NOW, create, hash, name, new_id, on_both_engines, user};
use crate::store::sessions::SignedIn;
use crate::store::{
    BeginSession, Begun, CreateUser, Created, FindLogin, FindSignedIn, FindStore, Instance,
    MakeStore, SetPassword, SetUserState, Store, SweepSessions,
};

on_both_engines! {
    a_user_is_found_by_their_name_with_their_roles,
    a_name_is_taken_once,
    a_session_counts_until_it_expires,
    a_new_password_ends_sessions_and_stops_logins_under_way,
    a_disabled_user_has_no_session_and_begins_none,
    a_session_of_another_user_is_nobodys,
    sessions_that_are_over_are_swept_in_steps,
    a_store_keeps_its_first_identity,
    what_was_acknowledged_is_there_after_a_restart,
}

fn session(user: symbolon_rules::id::UserId, credential_epoch: i64) -> NewSession {
    NewSession {
        id: new_id(),
        user,
        client: client::LOCAL,
        credential_epoch,
        authenticated_at: NOW,
        expires_at: NOW + Duration::from_hours(1),
    }
}

async fn begin(store: &Store, session: &NewSession) -> Begun {
    let session = session.clone();
    store.run(BeginSession { session }).await.unwrap()
}

async fn find(store: &Store, session: &NewSession, after: Duration) -> Option<SignedIn> {
    let find = FindSignedIn {
        session: session.id,
        user: session.user,
        now: NOW + after,
    };
    store.run(find).await.unwrap()
}

async fn a_user_is_found_by_their_name_with_their_roles(database: Database) {
    let store = database.open().await;
    let mut new = user("alice");
    new.roles = vec![
        Role::parse("writer").unwrap(),
        Role::parse("editor").unwrap(),
    ];
    let created = store.run(CreateUser { user: new.clone() }).await.unwrap();
    assert_eq!(created, Created::Done);

    let find = |username| FindLogin {
        username: name(username),
    };
    let facts = store.run(find("ALICE")).await.unwrap().unwrap();
    assert_eq!(facts.user, new.id);
    assert_eq!(facts.state, UserState::Enabled);
    assert_eq!(facts.credential_epoch, 0);
    assert_eq!(facts.password_hash, Some(hash("first")));
    let roles: Vec<_> = facts.roles.iter().map(Role::as_str).collect();
    assert_eq!(roles, ["editor", "writer"]);
    assert!(store.run(find("bob")).await.unwrap().is_none());
}

async fn a_name_is_taken_once(database: Database) {
    let store = database.open().await;
    let first = create(&store, "alice").await;
    let again = store
        .run(CreateUser {
            user: user("Alice"),
        })
        .await
        .unwrap();
    assert_eq!(again, Created::NameTaken);
    let username = name("alice");
    let facts = store.run(FindLogin { username }).await.unwrap().unwrap();
    assert_eq!(facts.user, first);
}

async fn a_session_counts_until_it_expires(database: Database) {
    let store = database.open().await;
    let session = session(create(&store, "alice").await, 0);
    assert_eq!(begin(&store, &session).await, Begun::Done);
    let found = find(&store, &session, Duration::ZERO).await.unwrap();
    assert_eq!(found.username, name("alice"));
    let hour = Duration::from_hours(1);
    assert!(
        find(&store, &session, Duration::from_millis(3_599_999))
            .await
            .is_some()
    );
    assert!(find(&store, &session, hour).await.is_none());
}

async fn a_new_password_ends_sessions_and_stops_logins_under_way(database: Database) {
    let store = database.open().await;
    let user = create(&store, "alice").await;
    let before = session(user, 0);
    begin(&store, &before).await;

    let set = SetPassword {
        username: name("alice"),
        password_hash: hash("second"),
    };
    assert!(store.run(set).await.unwrap());
    assert!(find(&store, &before, Duration::ZERO).await.is_none());
    // A login that compared the old password comes too late.
    assert_eq!(begin(&store, &session(user, 0)).await, Begun::Stale);
    assert_eq!(begin(&store, &session(user, 1)).await, Begun::Done);

    let nobody = SetPassword {
        username: name("nobody"),
        password_hash: hash("x"),
    };
    assert!(!store.run(nobody).await.unwrap());
}

async fn a_disabled_user_has_no_session_and_begins_none(database: Database) {
    let store = database.open().await;
    let user = create(&store, "alice").await;
    let before = session(user, 0);
    begin(&store, &before).await;
    let set = |username, state| SetUserState {
        username: name(username),
        state,
    };
    assert!(store.run(set("alice", UserState::Disabled)).await.unwrap());
    assert!(find(&store, &before, Duration::ZERO).await.is_none());
    assert_eq!(begin(&store, &session(user, 1)).await, Begun::Stale);
    let username = name("alice");
    let facts = store.run(FindLogin { username }).await.unwrap().unwrap();
    assert_eq!(facts.state, UserState::Disabled);

    // Disabled twice is disabled once; enabled again, the old session stays ended.
    assert!(store.run(set("alice", UserState::Disabled)).await.unwrap());
    assert!(store.run(set("alice", UserState::Enabled)).await.unwrap());
    assert!(find(&store, &before, Duration::ZERO).await.is_none());
    assert_eq!(begin(&store, &session(user, 2)).await, Begun::Done);
    assert!(!store.run(set("nobody", UserState::Disabled)).await.unwrap());
}

async fn a_session_of_another_user_is_nobodys(database: Database) {
    let store = database.open().await;
    let alice = session(create(&store, "alice").await, 0);
    begin(&store, &alice).await;
    let mut mixed = alice.clone();
    mixed.user = create(&store, "bob").await;
    assert!(find(&store, &mixed, Duration::ZERO).await.is_none());
    let unknown = session(new_id(), 0);
    assert_eq!(begin(&store, &unknown).await, Begun::Stale);
}

async fn sessions_that_are_over_are_swept_in_steps(database: Database) {
    let store = database.open().await;
    let user = create(&store, "alice").await;
    for _ in 0..5 {
        begin(&store, &session(user, 0)).await;
    }
    let sweep = |after, limit| SweepSessions {
        now: NOW + after,
        limit,
    };
    assert_eq!(store.run(sweep(Duration::ZERO, 10)).await.unwrap(), 0);
    let hour = Duration::from_hours(1);
    assert_eq!(store.run(sweep(hour, 3)).await.unwrap(), 3);
    assert_eq!(store.run(sweep(hour, 3)).await.unwrap(), 2);
    assert_eq!(store.run(sweep(hour, 3)).await.unwrap(), 0);
}

async fn a_store_keeps_its_first_identity(database: Database) {
    let store = database.open().await;
    assert!(store.run(FindStore).await.unwrap().is_none());
    let instance = |id: StoreId, maker: &str| Instance {
        id,
        maker: maker.to_owned(),
        kek_id: "kek".to_owned(),
        kek_check: Some(vec![1]),
    };
    let first = instance(new_id(), "engine");
    let make = |instance| MakeStore { instance, now: NOW };
    assert_eq!(store.run(make(first.clone())).await.unwrap(), first);
    let second = instance(new_id(), "dev");
    assert_eq!(store.run(make(second)).await.unwrap(), first);
    assert_eq!(store.run(FindStore).await.unwrap(), Some(first));
}

async fn what_was_acknowledged_is_there_after_a_restart(database: Database) {
    let store = database.open().await;
    let session = session(create(&store, "alice").await, 0);
    begin(&store, &session).await;
    store.close().await;

    let store = database.open().await;
    assert!(find(&store, &session, Duration::ZERO).await.is_some());
    store.close().await;
    assert!(store.run(FindStore).await.is_err());
}
