//! Users as an administrator sees and changes them.

use std::{sync::Arc, time::Duration};

use symbolon_rules::{
    app_session::{AppSessionKey, Entries},
    client,
    id::{SessionId, UserId},
    permission::Role,
    session::NewSession,
    user::{UserState, Username},
};
use tokio::task::JoinSet;

use super::{Database, NOW, create, custom, name, new_id, on_both_engines, user};
use crate::store::{
    BeginAppSession, BeginSession, Begun, ChangeRole, CreateUser, Created, FindAppSession,
    FindLogin, FindSignedIn, FindUser, ListFrom, ListUsers, NewKey, PasswordRecord, RemoveUser,
    RenameUser, Renamed, RoleChange, RoleChanged, SetUserState, Store, StoreError, StoreOptions,
    UserFacts, UserRecord,
    sql::{Arg, statements},
};

on_both_engines! {
    pages_hold_everybody_once_in_order,
    a_list_is_of_those_who_were_asked_for,
    a_user_is_shown_with_what_hangs_on_them,
    a_new_name_keeps_sessions_and_the_old_one_is_free,
    one_of_many_takes_a_new_name,
    a_role_is_given_once_and_taken_once,
    a_removed_user_leaves_nothing,
    a_name_that_went_to_somebody_else_removes_nobody,
    no_login_survives_a_removal_meanwhile,
}

statements! {
    LINK = "INSERT INTO upstream_links (issuer, subject, user_id, created_at) VALUES ('i', 's', $1, 0)";
    KEEP = "INSERT INTO upstream_tokens (id, sid, sealed, version, claimed_until, expires_at) \
        VALUES ($1, $2, $3, 0, 0, 9000000000000)";
    COUNT_ALL = "SELECT (SELECT COUNT(*) FROM users) + (SELECT COUNT(*) FROM user_roles) \
        + (SELECT COUNT(*) FROM sessions) + (SELECT COUNT(*) FROM app_sessions) \
        + (SELECT COUNT(*) FROM upstream_links) + (SELECT COUNT(*) FROM upstream_tokens)";
}

fn list(from: ListFrom, limit: i64) -> ListUsers {
    ListUsers {
        from,
        prefix: None,
        state: None,
        limit,
    }
}

fn names(users: &[UserRecord]) -> Vec<&str> {
    users.iter().map(|user| user.username.as_str()).collect()
}

async fn show(store: &Store, username: &str) -> Option<UserFacts> {
    let username = name(username);
    store.run(FindUser { username, now: NOW }).await.unwrap()
}

/// Asks again where no connection came free in time: on a machine with other work that says nothing.
async fn patiently<T, F>(mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, StoreError>>,
{
    for _ in 0..10 {
        match ask().await {
            Err(StoreError::Unavailable(_)) => {}
            result => return result.unwrap(),
        }
    }
    panic!("no connection came free")
}

async fn sign_in(store: &Store, user: UserId, epoch: i64) -> Option<SessionId> {
    let session = NewSession {
        id: new_id(),
        user,
        client: client::LOCAL,
        credential_epoch: epoch,
        authenticated_at: NOW,
        expires_at: NOW + Duration::from_hours(1),
    };
    let id = session.id;
    let begin = || BeginSession {
        session: session.clone(),
    };
    let outcome = patiently(|| store.run(begin())).await;
    (outcome == Begun::Done).then_some(id)
}

async fn count_all(store: &Store) -> i64 {
    let count = custom(|tx| {
        Box::pin(async {
            Ok(tx
                .query_opt(&COUNT_ALL, &[], |row| row.int(0))
                .await?
                .unwrap())
        })
    });
    store.run(count).await.unwrap()
}

async fn pages_hold_everybody_once_in_order(database: Database) {
    let store = database.open().await;
    let mut ids = Vec::new();
    for number in 0..25 {
        // Names in another order than they are made.
        let mut new = user(&format!("user-{:02}", (number * 7) % 25));
        new.roles = (0..number % 3)
            .map(|role| Role::parse(&format!("r{role}")).unwrap())
            .collect();
        ids.push(new.id);
        store.run(CreateUser { user: new }).await.unwrap();
    }
    let (mut after, mut seen) = (None, Vec::<UserRecord>::new());
    loop {
        let page = store.run(list(ListFrom::Name(after), 10)).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.username.clone());
        seen.extend(page);
    }
    let expected: Vec<_> = (0..25).map(|number| format!("user-{number:02}")).collect();
    assert_eq!(names(&seen), expected);
    let roles: usize = seen.iter().map(|user| user.roles.len()).sum();
    assert_eq!(roles, 24);

    let (mut before, mut seen) = (None, Vec::<UserRecord>::new());
    loop {
        let page = store.run(list(ListFrom::Newest(before), 10)).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        seen.extend(page);
    }
    ids.sort_by_key(|id| std::cmp::Reverse(*id.as_uuid()));
    assert_eq!(seen.iter().map(|user| user.id).collect::<Vec<_>>(), ids);
}

async fn a_list_is_of_those_who_were_asked_for(database: Database) {
    let store = database.open().await;
    for username in ["anna", "ann", "bert", "a%", "홍길동", "홍길순"] {
        create(&store, username).await;
    }
    let disable = SetUserState {
        username: name("ann"),
        state: UserState::Disabled,
    };
    store.run(disable).await.unwrap();
    for (prefix, state, expected) in [
        (Some("an"), None, &["ann", "anna"][..]),
        (Some("a%"), None, &["a%"]),
        (Some("홍길"), None, &["홍길동", "홍길순"]),
        (Some("x"), None, &[]),
        (Some("an"), Some(UserState::Enabled), &["anna"]),
        (None, Some(UserState::Disabled), &["ann"]),
    ] {
        let asked = ListUsers {
            prefix: prefix.map(|text| Username::from_stored(text.to_owned())),
            state,
            ..list(ListFrom::Name(None), 10)
        };
        let mut found = store.run(asked).await.unwrap();
        found.sort_by(|one, other| one.username.as_str().cmp(other.username.as_str()));
        assert_eq!(names(&found), expected, "{prefix:?} {state:?}");
    }
}

async fn a_user_is_shown_with_what_hangs_on_them(database: Database) {
    let store = database.open().await;
    let mut new = user("alice");
    new.password_hash = None;
    store.run(CreateUser { user: new.clone() }).await.unwrap();
    let facts = show(&store, "ALICE").await.unwrap();
    assert_eq!(facts.user.password, PasswordRecord::None);
    assert_eq!((facts.sessions, facts.last_login_at), (0, None));
    sign_in(&store, new.id, 0).await.unwrap();
    sign_in(&store, new.id, 0).await.unwrap();
    let link = custom(move |tx| {
        Box::pin(async move {
            tx.execute(&LINK, &[Arg::Id(new.id.as_uuid())]).await?;
            Ok(0)
        })
    });
    store.run(link).await.unwrap();
    let facts = show(&store, "alice").await.unwrap();
    assert_eq!((facts.sessions, facts.last_login_at), (2, Some(NOW)));
    assert_eq!(facts.links, [("i".to_owned(), "s".to_owned())]);
    assert_eq!(facts.user.roles, [Role::parse("user").unwrap()]);
    let later = FindUser {
        username: name("alice"),
        now: NOW + Duration::from_hours(2),
    };
    assert_eq!(store.run(later).await.unwrap().unwrap().sessions, 0);
    assert!(show(&store, "nobody").await.is_none());
}

async fn a_new_name_keeps_sessions_and_the_old_one_is_free(database: Database) {
    let store = database.open().await;
    let alice = create(&store, "alice").await;
    create(&store, "bob").await;
    let session = sign_in(&store, alice, 0).await.unwrap();
    let rename = |from, to| RenameUser {
        from: name(from),
        to: name(to),
    };
    for (from, to, expected) in [
        ("nobody", "x", Renamed::Unknown),
        ("nobody", "bob", Renamed::Unknown),
        ("alice", "bob", Renamed::NameTaken),
        ("alice", "alice", Renamed::Done),
        ("alice", "carol", Renamed::Done),
    ] {
        let renamed = store.run(rename(from, to)).await.unwrap();
        assert_eq!(renamed, expected, "{from} {to}");
    }
    let find = FindSignedIn {
        session,
        user: alice,
        now: NOW,
    };
    assert_eq!(
        store.run(find).await.unwrap().unwrap().username,
        name("carol")
    );
    let again = CreateUser {
        user: user("alice"),
    };
    assert_eq!(store.run(again).await.unwrap(), Created::Done);
}

async fn one_of_many_takes_a_new_name(database: Database) {
    // They wait for each other, on a machine that may have other work.
    let options = StoreOptions {
        deadline: Duration::from_mins(1),
        ..StoreOptions::default()
    };
    let store = Arc::new(database.open_with(options).await);
    for number in 0..20 {
        create(&store, &format!("user-{number}")).await;
    }
    let mut racers = JoinSet::new();
    for number in 0..20 {
        let store = Arc::clone(&store);
        racers.spawn(async move {
            let from = name(&format!("user-{number}"));
            let to = name("wanted");
            let rename = || RenameUser {
                from: from.clone(),
                to: to.clone(),
            };
            patiently(|| store.run(rename())).await
        });
    }
    let results = racers.join_all().await;
    let count = |what| results.iter().filter(|result| **result == what).count();
    assert_eq!((count(Renamed::Done), count(Renamed::NameTaken)), (1, 19));
}

async fn a_role_is_given_once_and_taken_once(database: Database) {
    let store = database.open().await;
    create(&store, "alice").await;
    let change = |username, role: &str, change| ChangeRole {
        username: name(username),
        role: Role::from_stored(role.to_owned()),
        change,
    };
    let (grant, revoke) = (RoleChange::Grant, RoleChange::Revoke);
    for (username, role, what, expected) in [
        ("alice", "user", grant, RoleChanged::Already),
        ("alice", "symbolon:admin", grant, RoleChanged::Done),
        ("alice", "user", revoke, RoleChanged::Done),
        ("alice", "user", revoke, RoleChanged::Already),
        ("nobody", "user", grant, RoleChanged::Unknown),
        ("nobody", "user", revoke, RoleChanged::Unknown),
    ] {
        let changed = store.run(change(username, role, what)).await.unwrap();
        assert_eq!(changed, expected, "{username} {role} {what:?}");
    }
    let facts = show(&store, "alice").await.unwrap();
    assert_eq!(
        facts.user.roles,
        [Role::from_stored("symbolon:admin".to_owned())]
    );
}

/// A user with something in every table that knows them.
async fn furnish(store: &Store, username: &str) -> (UserId, AppSessionKey) {
    let id = create(store, username).await;
    let session = sign_in(store, id, 0).await.unwrap();
    let key = super::app_sessions::new_key();
    let begin = BeginAppSession {
        new: NewKey {
            key,
            sign_in: Some(session),
        },
        entries: Entries::default(),
        now: NOW,
        expires_at: NOW + Duration::from_hours(1),
        ends: None,
    };
    store.run(begin).await.unwrap();
    let more = custom(move |tx| {
        Box::pin(async move {
            tx.execute(&LINK, &[Arg::Id(id.as_uuid())]).await?;
            let args = [
                Arg::Id(id.as_uuid()),
                Arg::Id(session.as_uuid()),
                Arg::Bytes(b"x"),
            ];
            tx.execute(&KEEP, &args).await?;
            Ok(0)
        })
    });
    store.run(more).await.unwrap();
    (id, key)
}

async fn a_removed_user_leaves_nothing(database: Database) {
    let store = database.open().await;
    let (id, key) = furnish(&store, "alice").await;
    assert_eq!(count_all(&store).await, 6);
    let remove = || RemoveUser {
        username: name("alice"),
        id,
    };
    assert!(store.run(remove()).await.unwrap());
    assert_eq!(count_all(&store).await, 0);
    assert!(
        store
            .run(FindAppSession { key, now: NOW })
            .await
            .unwrap()
            .is_none()
    );
    assert!(!store.run(remove()).await.unwrap());
    assert_eq!(sign_in(&store, id, 0).await, None);
}

async fn a_name_that_went_to_somebody_else_removes_nobody(database: Database) {
    let store = database.open().await;
    let (alice, _) = furnish(&store, "alice").await;
    let bob = create(&store, "bob").await;
    for (username, id) in [("alice", bob), ("bob", alice), ("nobody", alice)] {
        let username = name(username);
        assert!(!store.run(RemoveUser { username, id }).await.unwrap());
    }
    assert_eq!(count_all(&store).await, 8);
}

async fn no_login_survives_a_removal_meanwhile(database: Database) {
    let store = Arc::new(database.open().await);
    for round in 0..10 {
        let username = format!("user-{round}");
        let id = create(&store, &username).await;
        let mut racers = JoinSet::new();
        for number in 0..20 {
            let (store, username) = (Arc::clone(&store), name(&username));
            racers.spawn(async move {
                if number == 10 {
                    let remove = || RemoveUser {
                        username: username.clone(),
                        id,
                    };
                    assert!(patiently(|| store.run(remove())).await);
                    return;
                }
                let find = || FindLogin {
                    username: username.clone(),
                };
                let found = patiently(|| store.run(find())).await;
                let epoch = found.map_or(0, |facts| facts.credential_epoch);
                // Refused or begun in time, but never a failure.
                sign_in(&store, id, epoch).await;
            });
        }
        racers.join_all().await;
    }
    assert_eq!(count_all(&store).await, 0);
}
