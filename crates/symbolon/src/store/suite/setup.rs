//! The code by which the first user is made: one at a time, one use, none once somebody administers (W7).

use std::{sync::Arc, time::Duration};

use symbolon_rules::{
    permission::Role,
    setup::{SETUP_LIFETIME, SetupCode, SetupCodeHash},
    user::UserState,
};
use symbolon_token::Timestamp;
use tokio::task::JoinSet;

use super::{Database, NOW, create, name, on_both_engines, user};
use crate::{
    Randomness,
    store::{
        BeginSetup, CreateUser, FindLogin, FindSetup, NewUser, RedeemSetup, Redeemed, SetUserState,
        Store, StoreError, StoreOptions,
    },
};

on_both_engines! {
    w7_one_of_many_redeems_a_code,
    w7_a_code_is_good_once_for_an_hour_until_another_takes_its_place,
    w7_a_name_that_is_taken_leaves_the_code_as_it_was,
    w7_no_code_counts_while_somebody_administers,
}

fn code() -> SetupCodeHash {
    // Nothing here depends on how a code becomes its hash.
    SetupCode::generate(&mut Randomness::system()).hash(|code| {
        let mut hash = [0; 32];
        hash[..code.len()].copy_from_slice(code);
        hash
    })
}

async fn begin(store: &Store) -> SetupCodeHash {
    let code = code();
    let begin = BeginSetup {
        code,
        expires_at: NOW + SETUP_LIFETIME,
    };
    assert!(store.run(begin).await.unwrap());
    code
}

fn administrator(username: &str) -> NewUser {
    NewUser {
        roles: vec![Role::administrator()],
        ..user(username)
    }
}

async fn redeem(store: &Store, code: SetupCodeHash, username: &str, now: Timestamp) -> Redeemed {
    loop {
        let user = administrator(username);
        match store.run(RedeemSetup { code, user, now }).await {
            // No connection became free on a busy machine: nothing was redeemed.
            Err(StoreError::Unavailable(_)) => {}
            redeemed => return redeemed.unwrap(),
        }
    }
}

async fn is_good(store: &Store, code: SetupCodeHash, now: Timestamp) -> bool {
    store.run(FindSetup { code, now }).await.unwrap()
}

async fn find_roles(store: &Store, username: &str) -> Option<Vec<Role>> {
    let find = FindLogin {
        username: name(username),
    };
    let facts = store.run(find).await.unwrap();
    facts.map(|facts| facts.roles)
}

async fn w7_one_of_many_redeems_a_code(database: Database) {
    let options = StoreOptions {
        connections: 8,
        deadline: Duration::from_mins(1),
    };
    let store = Arc::new(database.open_with(options).await);
    let code = begin(&store).await;
    let mut racers = JoinSet::new();
    for number in 0..50 {
        let store = Arc::clone(&store);
        racers.spawn(async move {
            let name = format!("user-{number}");
            (redeem(&store, code, &name, NOW).await, name)
        });
    }
    let mut made = Vec::new();
    for (redeemed, name) in racers.join_all().await {
        assert_ne!(redeemed, Redeemed::NameTaken);
        let roles = find_roles(&store, &name).await;
        assert_eq!(roles.is_some(), redeemed == Redeemed::Done, "{name}");
        made.extend(roles);
    }
    assert_eq!(made, [vec![Role::administrator()]]);
}

async fn w7_a_code_is_good_once_for_an_hour_until_another_takes_its_place(database: Database) {
    let store = database.open().await;
    assert_eq!(
        redeem(&store, code(), "nobody", NOW).await,
        Redeemed::Refused
    );
    let replaced = begin(&store).await;
    let good = begin(&store).await;
    let end = NOW + Duration::from_hours(1);
    let last = Timestamp::from_millis(end.as_millis() - 1);
    for (code, now, expected) in [
        (replaced, NOW, false),
        (code(), NOW, false),
        (good, end, false),
        (good, end + Duration::from_hours(24), false),
        (good, last, true),
    ] {
        assert_eq!(is_good(&store, code, now).await, expected);
        let redeemed = redeem(&store, code, "alice", now).await;
        assert_eq!(redeemed == Redeemed::Done, expected, "{redeemed:?}");
        assert_eq!(find_roles(&store, "alice").await.is_some(), expected);
    }
    assert_eq!(redeem(&store, good, "bob", NOW).await, Redeemed::Refused);
    assert!(find_roles(&store, "bob").await.is_none());
    // Nor is it when whom it made administers no more.
    disable(&store, "alice").await;
    assert!(!is_good(&store, good, NOW).await);
    assert_eq!(redeem(&store, good, "bob", NOW).await, Redeemed::Refused);
}

async fn disable(store: &Store, username: &str) {
    let disable = SetUserState {
        username: name(username),
        state: UserState::Disabled,
    };
    store.run(disable).await.unwrap();
}

async fn w7_a_name_that_is_taken_leaves_the_code_as_it_was(database: Database) {
    let store = database.open().await;
    create(&store, "alice").await;
    let code = begin(&store).await;
    assert_eq!(
        redeem(&store, code, "alice", NOW).await,
        Redeemed::NameTaken
    );
    let kept = find_roles(&store, "alice").await.unwrap();
    assert_eq!(kept, [Role::parse("user").unwrap()]);
    assert!(is_good(&store, code, NOW).await);
    assert_eq!(redeem(&store, code, "bob", NOW).await, Redeemed::Done);
}

async fn w7_no_code_counts_while_somebody_administers(database: Database) {
    let store = database.open().await;
    let code = begin(&store).await;
    let user = administrator("alice");
    store.run(CreateUser { user }).await.unwrap();
    let another = || BeginSetup {
        code: self::code(),
        expires_at: NOW + SETUP_LIFETIME,
    };
    assert!(!store.run(another()).await.unwrap());
    assert!(!is_good(&store, code, NOW).await);
    assert_eq!(redeem(&store, code, "bob", NOW).await, Redeemed::Refused);
    assert!(find_roles(&store, "bob").await.is_none());
    // One who can't sign in administers nothing.
    disable(&store, "alice").await;
    assert!(store.run(another()).await.unwrap());
}
