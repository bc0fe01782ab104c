//! Hours of asking, in no time at all.

use super::*;

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn t6_unknown_kids_begin_at_most_two_fetches_in_any_minute() {
    let mut pace = Pace::default();
    pace.begin(secs(0));
    let (mut round, _) = pace.succeeded(secs(0), secs(300));
    let mut begun = vec![0];
    for tenth in 1..36_000_u64 {
        let now = Duration::from_millis(tenth * 100);
        if pace.ask(round, now) == Asked::Begun {
            begun.push(tenth);
            (round, _) = if tenth % 3 == 0 {
                pace.failed_with_keys(now)
            } else {
                pace.succeeded(now, secs(60))
            };
        }
    }
    assert!(begun.len() > 50, "an honest rotation is noticed: {begun:?}");
    for three in begun.windows(3) {
        assert!(three[2] - three[0] >= 600, "{three:?}");
    }
}

#[test]
fn many_askers_share_one_fetch() {
    let mut pace = Pace::default();
    assert_eq!(pace.ask(0, secs(1)), Asked::Begun);
    assert_eq!(pace.ask(0, secs(1)), Asked::UnderWay);
    pace.succeeded(secs(2), secs(60));
    assert_eq!(pace.ask(0, secs(2)), Asked::AlreadyNewer);
}

#[test]
fn failing_with_keys_keeps_the_limit() {
    let mut pace = Pace::default();
    let mut now = secs(0);
    let mut begun = Vec::new();
    for _ in 0..20 {
        pace.begin(now);
        begun.push(now);
        (_, now) = pace.failed_with_keys(now + secs(1));
    }
    for three in begun.windows(3) {
        assert!(three[2] >= three[0] + WINDOW, "{three:?}");
    }
}

#[test]
fn without_keys_the_pause_grows_to_its_limit() {
    let mut pace = Pace::default();
    let pauses: Vec<u64> = (0..8)
        .map(|_| {
            pace.begin(secs(0));
            pace.failed_without_keys(secs(0)).1.as_secs()
        })
        .collect();
    assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30, 30]);
}
