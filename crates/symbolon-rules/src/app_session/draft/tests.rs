//! What each kind of request leaves to be written.

use std::{collections::BTreeMap, time::Duration};

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

struct Ones;

impl Entropy for Ones {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill(1);
    }
}

fn key(byte: u8) -> AppSessionKey {
    AppSessionKey::from_stored(&[byte; 38]).unwrap()
}

fn stored() -> Stored {
    let entries = BTreeMap::from([("name".to_owned(), "\"user1\"".to_owned())]);
    Stored {
        key: key(1),
        origin: key(0),
        entries: Entries::from_stored(entries),
        created_at: NOW,
        touched_at: NOW,
    }
}

fn planned(stored: Option<Stored>, after: Duration, act: impl FnOnce(&mut Draft)) -> Plan {
    let lifetimes = Lifetimes::default();
    let mut draft = Draft::open(stored, &lifetimes, NOW + after);
    act(&mut draft);
    draft.plan(&lifetimes, NOW + after, &mut Ones)
}

fn set(draft: &mut Draft) {
    draft.set("other", "1".to_owned()).unwrap();
}

#[test]
fn p3_06_nothing_begins_without_a_value() {
    for act in [
        |_: &mut Draft| {},
        |draft: &mut Draft| draft.remove("name"),
        Draft::clear,
        Draft::renew,
        Draft::end,
        |draft: &mut Draft| {
            set(draft);
            draft.remove("other");
        },
    ] {
        assert!(matches!(planned(None, Duration::ZERO, act), Plan::Nothing));
    }
    let begun = planned(None, Duration::ZERO, set);
    assert!(matches!(begun, Plan::Begin { ends: None, expires_at, .. }
        if expires_at == NOW + Duration::from_mins(30)));
}

#[test]
fn p3_07_reading_writes_nothing_until_a_touch_is_due() {
    let read = |after| planned(Some(stored()), after, |_| {});
    assert!(matches!(read(Duration::from_secs(299)), Plan::Nothing));
    assert!(
        matches!(read(Duration::from_mins(5)), Plan::Touch { expires_at, .. }
        if expires_at == NOW + Duration::from_mins(35))
    );
    // Over: what is in the store counts for nothing.
    assert!(matches!(read(Duration::from_mins(30)), Plan::Nothing));
}

#[test]
fn s2_a_new_id_goes_with_the_changes_and_keeps_the_absolute_end() {
    let late = Duration::from_mins(20);
    let mut old = stored();
    old.created_at = NOW - Duration::from_mins(23 * 60 + 30);
    let Plan::Save {
        key: saved,
        changes,
        expires_at,
        renewal,
    } = planned(Some(old), late, |draft| {
        draft.renew();
        set(draft);
    })
    else {
        panic!("not saved")
    };
    assert_eq!(saved, key(1));
    assert!(!changes.is_empty());
    assert_eq!(expires_at, NOW + Duration::from_mins(30));
    assert!(renewal.is_some_and(|new| new.sign_in.is_none()));
}

#[test]
fn s4_what_is_set_after_the_end_begins_another() {
    let ended = planned(Some(stored()), Duration::ZERO, Draft::end);
    assert!(matches!(ended, Plan::End { origin } if origin == key(0)));
    let again = planned(Some(stored()), Duration::ZERO, |draft| {
        draft.renew();
        draft.end();
        draft.end();
        assert!(draft.entries().is_empty());
        set(draft);
    });
    let Plan::Begin {
        new, entries, ends, ..
    } = again
    else {
        panic!("not begun")
    };
    assert_eq!(ends, Some(key(0)));
    assert_eq!(entries.find("name"), None);
    assert!(new.sign_in.is_none());
}

#[test]
fn s4_a_lifetime_that_was_shortened_holds_for_old_sessions() {
    let lifetimes = Lifetimes {
        idle: Duration::from_mins(1),
        ..Lifetimes::default()
    };
    let draft = Draft::open(Some(stored()), &lifetimes, NOW + Duration::from_mins(1));
    assert!(draft.entries().is_empty());
}
