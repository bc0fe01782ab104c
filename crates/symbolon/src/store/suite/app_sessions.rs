//! App sessions: what each operation does, alone and (in `races`) beside others.

mod races;

use std::time::Duration;

use symbolon_rules::{
    app_session::{
        AppSessionId, AppSessionKey, Changes, Draft, ENTRIES_MAX_BYTES, Entries, Lifetimes, Plan,
        Stored,
    },
    client,
    session::NewSession,
    user::UserState,
};
use symbolon_token::Timestamp;

use super::{Database, NOW, create, hash, name, on_both_engines};
use crate::{
    Randomness,
    keys::sha256,
    store::{
        BeginAppSession, BeginSession, EndAppSession, FindAppSession, NewKey, SaveAppSession,
        Saved, SetPassword, SetUserState, Store, SweepAppSessions, TouchAppSession,
    },
};

on_both_engines! {
    s4_it_counts_until_it_expires_and_a_touch_puts_that_off,
    values_come_back_as_they_were_written,
    s2_under_a_new_id_the_old_one_finds_nothing,
    s4_an_ended_one_is_neither_saved_nor_touched_nor_renewed,
    the_last_value_takes_the_session_along,
    what_would_be_too_much_together_changes_nothing,
    s4_it_ends_with_the_sign_in_it_hangs_on,
    those_that_are_over_are_swept_in_steps,
    s4_ended_by_its_first_id_it_ends_under_a_new_one,
}

const EXPIRES_AT: Timestamp = Timestamp::from_secs(NOW.as_secs() + 1800);

pub(super) fn new_key() -> AppSessionKey {
    AppSessionId::generate(NOW, &mut Randomness::system()).key(sha256)
}

/// The changes that a request makes which has found these entries.
fn changes(found: Option<&Stored>, act: impl FnOnce(&mut Draft)) -> Changes {
    let key = new_key();
    let entries = found
        .map(|stored| stored.entries.clone())
        .unwrap_or_default();
    let stored = Stored {
        key,
        origin: key,
        entries,
        created_at: NOW,
        touched_at: NOW,
    };
    let mut draft = Draft::open(Some(stored), &Lifetimes::default(), NOW);
    act(&mut draft);
    match draft.plan(&Lifetimes::default(), NOW, &mut Randomness::system()) {
        Plan::Save { changes, .. } => changes,
        plan => panic!("no changes: {plan:?}"),
    }
}

fn set(key: &str, json: &str) -> Changes {
    changes(None, |draft| draft.set(key, json.to_owned()).unwrap())
}

async fn begin(store: &Store, json: &[(&str, &str)]) -> AppSessionKey {
    begin_for(store, json, None).await
}

async fn begin_for(
    store: &Store,
    json: &[(&str, &str)],
    sign_in: Option<symbolon_rules::id::SessionId>,
) -> AppSessionKey {
    let mut entries = Entries::default();
    for (key, json) in json {
        entries.apply(&set(key, json)).unwrap();
    }
    let key = new_key();
    let begin = BeginAppSession {
        new: NewKey { key, sign_in },
        entries,
        now: NOW,
        expires_at: EXPIRES_AT,
        ends: None,
    };
    store.run(begin).await.unwrap();
    key
}

async fn find_at(store: &Store, key: AppSessionKey, now: Timestamp) -> Option<Stored> {
    store.run(FindAppSession { key, now }).await.unwrap()
}

async fn find(store: &Store, key: AppSessionKey) -> Option<Stored> {
    find_at(store, key, NOW).await
}

async fn save(store: &Store, key: AppSessionKey, changes: Changes) -> Saved {
    save_under(store, key, changes, None).await
}

async fn save_under(
    store: &Store,
    key: AppSessionKey,
    changes: Changes,
    renewal: Option<AppSessionKey>,
) -> Saved {
    let save = SaveAppSession {
        key,
        changes,
        now: NOW,
        expires_at: EXPIRES_AT,
        renewal: renewal.map(|key| NewKey { key, sign_in: None }),
    };
    store.run(save).await.unwrap()
}

async fn end(store: &Store, origin: AppSessionKey) {
    store.run(EndAppSession { origin }).await.unwrap();
}

async fn s4_it_counts_until_it_expires_and_a_touch_puts_that_off(database: Database) {
    let store = database.open().await;
    let key = begin(&store, &[("a", "1")]).await;
    let just_before = Timestamp::from_millis(EXPIRES_AT.as_millis() - 1);
    assert!(find_at(&store, key, just_before).await.is_some());
    assert!(find_at(&store, key, EXPIRES_AT).await.is_none());

    let touch = |now, later| TouchAppSession {
        key,
        now,
        expires_at: EXPIRES_AT + Duration::from_secs(later),
    };
    assert!(store.run(touch(just_before, 60)).await.unwrap());
    let found = find_at(&store, key, EXPIRES_AT).await.unwrap();
    assert_eq!((found.created_at, found.touched_at), (NOW, just_before));
    // Over is over: a touch that comes too late brings nothing back.
    let over = EXPIRES_AT + Duration::from_mins(1);
    assert!(!store.run(touch(over, 3600)).await.unwrap());
    assert!(find_at(&store, key, over).await.is_none());
}

async fn values_come_back_as_they_were_written(database: Database) {
    const VALUES: [(&str, &str); 6] = [
        ("number", "0.30000000000000004"),
        ("huge", "340282366920938463463374607431768211455"),
        ("text", r#""세션 \u0000 \" 😀""#),
        ("nothing", "null"),
        ("nested", r#"{"b":[1,{"a":true}],"a":{}}"#),
        ("키 \"quoted\" $1 ?1", "1"),
    ];
    let store = database.open().await;
    let key = begin(&store, &VALUES).await;
    assert_eq!(save(&store, key, set("more", "1")).await, Saved::Done);
    let found = find(&store, key).await.unwrap().entries;
    for (key, json) in VALUES {
        assert_eq!(found.find(key), Some(json));
    }
    assert_eq!(found.iter().count(), VALUES.len() + 1);
}

async fn s2_under_a_new_id_the_old_one_finds_nothing(database: Database) {
    let store = database.open().await;
    let (old, new) = (begin(&store, &[("a", "1")]).await, new_key());
    let saved = save_under(&store, old, set("b", "2"), Some(new)).await;
    assert_eq!(saved, Saved::Done);
    assert!(find(&store, old).await.is_none());
    let found = find(&store, new).await.unwrap();
    assert_eq!(found.created_at, NOW);
    assert_eq!(
        found.entries.iter().collect::<Vec<_>>(),
        [("a", "1"), ("b", "2")]
    );
    assert_eq!(save(&store, old, set("c", "3")).await, Saved::Gone);
}

async fn s4_ended_by_its_first_id_it_ends_under_a_new_one(database: Database) {
    let store = database.open().await;
    let (old, new) = (begin(&store, &[("a", "1")]).await, new_key());
    save_under(&store, old, set("b", "2"), Some(new)).await;
    end(&store, old).await;
    assert!(find(&store, new).await.is_none());
}

async fn s4_an_ended_one_is_neither_saved_nor_touched_nor_renewed(database: Database) {
    let store = database.open().await;
    let (key, new) = (begin(&store, &[("a", "1")]).await, new_key());
    end(&store, key).await;
    end(&store, key).await;
    assert_eq!(save(&store, key, set("b", "2")).await, Saved::Gone);
    let renewed = save_under(&store, key, set("b", "2"), Some(new)).await;
    assert_eq!(renewed, Saved::Gone);
    let touch = TouchAppSession {
        key,
        now: NOW,
        expires_at: EXPIRES_AT,
    };
    assert!(!store.run(touch).await.unwrap());
    for key in [key, new] {
        assert!(find(&store, key).await.is_none());
    }

    // Begun in its place, another one ends it in the same breath.
    let ended = begin(&store, &[("a", "1")]).await;
    let another = BeginAppSession {
        new: NewKey {
            key: new,
            sign_in: None,
        },
        entries: Entries::default(),
        now: NOW,
        expires_at: EXPIRES_AT,
        ends: Some(ended),
    };
    store.run(another).await.unwrap();
    assert!(find(&store, ended).await.is_none());
    assert!(find(&store, new).await.is_some());
}

async fn the_last_value_takes_the_session_along(database: Database) {
    let store = database.open().await;
    let key = begin(&store, &[("a", "1")]).await;
    let found = find(&store, key).await;
    let clear = changes(found.as_ref(), Draft::clear);
    // Another request has set a value meanwhile, which this one didn't see.
    assert_eq!(save(&store, key, set("b", "2")).await, Saved::Done);
    assert_eq!(save(&store, key, clear.clone()).await, Saved::Done);
    let left = find(&store, key).await;
    let clear = changes(left.as_ref(), Draft::clear);
    assert_eq!(save(&store, key, clear.clone()).await, Saved::Emptied);
    assert!(find(&store, key).await.is_none());
    assert_eq!(save(&store, key, clear).await, Saved::Gone);
}

async fn what_would_be_too_much_together_changes_nothing(database: Database) {
    let store = database.open().await;
    let key = begin(&store, &[("a", "1")]).await;
    let large = "1".repeat(ENTRIES_MAX_BYTES / 8);
    let mut filled = 0;
    while save(&store, key, set(&format!("key-{filled}"), &large)).await == Saved::Done {
        filled += 1;
    }
    assert_eq!(filled, 7);
    let (new, much) = (new_key(), set("more", &large));
    assert_eq!(save_under(&store, key, much, Some(new)).await, Saved::Full);
    assert!(find(&store, new).await.is_none());
    let found = find(&store, key).await.unwrap();
    assert_eq!(found.entries.iter().count(), 8);
    assert_eq!(save(&store, key, set("a", "2")).await, Saved::Done);
}

async fn s4_it_ends_with_the_sign_in_it_hangs_on(database: Database) {
    let store = database.open().await;
    for username in ["disabled", "renamed", "expired"] {
        let user = create(&store, username).await;
        let entropy = &mut Randomness::system();
        let session = NewSession::begin(user, client::LOCAL, 0, NOW, entropy);
        let sign_in = session.id;
        store.run(BeginSession { session }).await.unwrap();
        let key = begin_for(&store, &[("a", "1")], Some(sign_in)).await;
        assert!(find(&store, key).await.is_some());

        let username = name(username);
        let mut now = NOW;
        match username.as_str() {
            "disabled" => {
                let state = UserState::Disabled;
                let set = SetUserState { username, state };
                store.run(set).await.unwrap();
            }
            "renamed" => {
                let password_hash = hash("second");
                let set = SetPassword {
                    username,
                    password_hash,
                };
                store.run(set).await.unwrap();
            }
            _ => {
                now = NOW + Duration::from_hours(24);
                let touch = TouchAppSession {
                    key,
                    now: NOW,
                    expires_at: now + Duration::from_hours(1),
                };
                assert!(store.run(touch).await.unwrap());
            }
        }
        assert!(find_at(&store, key, now).await.is_none());
        // A new id doesn't cut it loose.
        let new = new_key();
        save_under(&store, key, set("b", "2"), Some(new)).await;
        assert!(find_at(&store, new, now).await.is_none());
    }
    let unknown = super::new_id();
    let key = begin_for(&store, &[("a", "1")], Some(unknown)).await;
    assert!(find(&store, key).await.is_none());
}

async fn those_that_are_over_are_swept_in_steps(database: Database) {
    let store = database.open().await;
    for _ in 0..5 {
        begin(&store, &[("a", "1")]).await;
    }
    let sweep = |now| SweepAppSessions { now, limit: 3 };
    assert_eq!(store.run(sweep(NOW)).await.unwrap(), 0);
    for expected in [3, 2, 0] {
        assert_eq!(store.run(sweep(EXPIRES_AT)).await.unwrap(), expected);
    }
}
