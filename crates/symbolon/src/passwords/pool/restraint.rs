//! When one more core may hash.
//!
//! Where all of them do, whatever else runs has to push a hash aside each time, and the scheduler isn't always
//! quick about it: a token check may wait for some milliseconds. So half of the threads hold back for as long as
//! that costs nobody more than the time of another hash; and in a flood, when waiting is certain, for as long as
//! everybody in it is served in time without them.
//!
//! A flood is over in a deadline's time, one way or the other: what lasts longer isn't a flood but the load, and
//! has all threads. Otherwise a load that two cores can do would be turned away by one.

use std::time::Duration;

use super::state::Limits;

/// A flood begins when this part of the queue is taken, but no fewer places than these.
const FLOOD: (usize, usize) = (4, 16);
/// It ends below these.
const EBB: (usize, usize) = (16, 4);
/// So much of the deadline may go by for who comes last: what a hash takes isn't known exactly.
const IN_TIME: (u32, u32) = (3, 4);
/// Nobody waits for longer than this part of the deadline so that a core stays free.
const PATIENCE: u32 = 8;

/// What a worker finds that has nothing to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    /// How long whoever is first has waited.
    pub(super) waited: Duration,
    pub(super) running: usize,
    /// Jobs that wait or are still to come.
    pub(super) crowd: usize,
    /// How long a hash takes.
    pub(super) average: Duration,
    /// Whether everything else has the processors as it is.
    pub(super) is_starving: bool,
}

#[derive(Debug, Default)]
pub(super) struct Restraint {
    flooded_since: Option<Duration>,
}

impl Restraint {
    /// For how long this worker waits before it asks again; `None`: it may begin.
    pub(super) fn rest(
        &mut self,
        limits: &Limits,
        scene: &Scene,
        now: Duration,
    ) -> Option<Duration> {
        let is_flood = self.is_flood(limits, scene, now);
        if scene.running < limits.at_once || scene.is_starving {
            return None;
        }
        if is_flood {
            let last = scene.waited + limits.time_for(scene.crowd, scene.average);
            let is_in_time = last < limits.deadline * IN_TIME.0 / IN_TIME.1;
            return is_in_time.then_some(scene.average);
        }
        let patience = scene.average.min(limits.deadline / PATIENCE);
        let rest = patience.checked_sub(scene.waited)?;
        (!rest.is_zero()).then_some(rest)
    }

    fn is_flood(&mut self, limits: &Limits, scene: &Scene, now: Duration) -> bool {
        let (part, least) = self.flooded_since.map_or(FLOOD, |_| EBB);
        if scene.crowd < limits.queue.div_ceil(part).max(least) {
            self.flooded_since = None;
            return false;
        }
        let since = *self.flooded_since.get_or_insert(now);
        now.saturating_sub(since) < limits.deadline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: Duration = Duration::from_millis(20);
    const DEADLINE: Duration = Duration::from_secs(5);

    fn limits() -> Limits {
        Limits {
            threads: 2,
            at_once: 1,
            relievers: 1,
            budget: 1,
            usual: 1,
            queue: 256,
            deadline: DEADLINE,
        }
    }

    fn scene(waited: Duration, crowd: usize) -> Scene {
        Scene {
            waited,
            running: 1,
            crowd,
            average: HASH,
            is_starving: false,
        }
    }

    fn rest(scene: Scene) -> Option<Duration> {
        Restraint::default().rest(&limits(), &scene, Duration::from_secs(100))
    }

    #[test]
    fn another_core_hashes_for_who_has_waited_as_long_as_a_hash_takes() {
        assert_eq!(rest(scene(Duration::ZERO, 1)), Some(HASH));
        assert_eq!(rest(scene(HASH / 4, 1)), Some(HASH * 3 / 4));
        assert_eq!(rest(scene(HASH, 1)), None);
        assert_eq!(rest(scene(HASH * 9, 63)), None);
        let slow = |waited| Scene {
            average: DEADLINE,
            ..scene(waited, 1)
        };
        assert_eq!(rest(slow(DEADLINE / 16)), Some(DEADLINE / 16));
        assert_eq!(rest(slow(DEADLINE / 8)), None);
    }

    #[test]
    fn the_first_half_doesn_t_wait_nor_anybody_where_hashing_starves() {
        let none = Scene {
            running: 0,
            ..scene(Duration::ZERO, 200)
        };
        assert_eq!(rest(none), None);
        for crowd in [1, 200] {
            let starving = Scene {
                is_starving: true,
                ..scene(Duration::ZERO, crowd)
            };
            assert_eq!(rest(starving), None);
        }
    }

    #[test]
    fn in_a_flood_a_core_stays_free_for_as_long_as_all_are_served_in_time() {
        // 64 of 20 ms take 0.64 s on both threads, 256 of them 2.56 s; three quarters of the deadline are 3.75 s.
        for (crowd, waited, holds_back) in [
            (64, 0, true),
            (64, 3100, true),
            (64, 3110, false),
            (256, 0, true),
            (256, 1180, true),
            (256, 1190, false),
        ] {
            let found = rest(scene(Duration::from_millis(waited), crowd));
            assert_eq!(found, holds_back.then_some(HASH), "{crowd} {waited}");
        }
    }

    #[test]
    fn what_lasts_longer_than_a_deadline_isn_t_a_flood() {
        let mut restraint = Restraint::default();
        let limits = limits();
        let flood = scene(HASH, 64);
        let begin = Duration::from_secs(100);
        assert_eq!(restraint.rest(&limits, &flood, begin), Some(HASH));
        let nearly = begin + Duration::from_millis(4999);
        assert_eq!(restraint.rest(&limits, &flood, nearly), Some(HASH));
        let end = begin + DEADLINE;
        assert_eq!(restraint.rest(&limits, &flood, end), None);
        // It ebbs, which is seen by whoever looks, and another comes.
        let first = |crowd| Scene {
            running: 0,
            ..scene(HASH, crowd)
        };
        assert_eq!(restraint.rest(&limits, &first(16), end), None);
        assert_eq!(restraint.rest(&limits, &flood, end), None);
        assert_eq!(restraint.rest(&limits, &first(15), end), None);
        assert_eq!(restraint.rest(&limits, &flood, end), Some(HASH));
    }

    #[test]
    fn a_few_are_no_flood_however_short_the_queue_is() {
        let limits = Limits {
            queue: 8,
            ..limits()
        };
        let mut restraint = Restraint::default();
        let rest = restraint.rest(&limits, &scene(HASH, 8), Duration::from_secs(100));
        assert_eq!(rest, None);
    }

    #[test]
    fn a_flood_begins_at_a_quarter_of_the_queue_and_ends_at_a_sixteenth() {
        let mut restraint = Restraint::default();
        let begin = Duration::from_secs(100);
        for (crowd, is_held_back) in [
            (63, false),
            (64, true),
            (16, true),
            (15, false),
            (63, false),
        ] {
            let rest = restraint.rest(&limits(), &scene(HASH, crowd), begin);
            assert_eq!(rest.is_some(), is_held_back, "{crowd}");
        }
    }
}
