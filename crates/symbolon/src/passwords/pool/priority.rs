//! How hashing gets out of the way of everything else, where the system offers that.
//!
//! Linux has a policy for it, `SCHED_IDLE` (`sched(7)`): a thread under it runs where nothing else wants
//! to, and whoever wakes up takes its place at once. A nice value doesn't do as well: a thread with one
//! may end its slice first, some milliseconds in which a token check waits. Elsewhere threads are equal.

use std::time::Duration;

/// Whether [`give_way`] does something, so that somebody has to see that hashing gets on at all.
pub(super) const GIVES_WAY: bool = cfg!(target_os = "linux");

/// Puts this thread behind all others. Any user may do that; going back is not for everybody.
#[cfg(target_os = "linux")]
pub(super) fn give_way() {
    use thread_priority::{
        NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
        set_thread_priority_and_policy, thread_native_id,
    };
    // The policy is set first and the nice value then, which fails where the program has been made nice
    // by somebody: it doesn't matter under this policy. Where the policy itself is forbidden, hashing goes
    // on as everything else does.
    let _ = set_thread_priority_and_policy(
        thread_native_id(),
        ThreadPriority::Min,
        ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle),
    );
}

#[cfg(not(target_os = "linux"))]
pub(super) fn give_way() {}

/// A thread as `/proc` knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ThreadName(std::path::PathBuf);

impl ThreadName {
    /// This thread's, where there is a `/proc`.
    pub(super) fn of_this() -> Option<Self> {
        let thread = std::fs::read_link("/proc/thread-self").ok()?;
        Some(Self(
            std::path::Path::new("/proc").join(thread).join("schedstat"),
        ))
    }

    /// The processor time that it has had so far (`proc(5)`: the first number, in nanoseconds).
    pub(super) fn processor_time(&self) -> Option<Duration> {
        let text = std::fs::read_to_string(&self.0).ok()?;
        let nanoseconds = text.split_ascii_whitespace().next()?.parse().ok()?;
        Some(Duration::from_nanos(nanoseconds))
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn a_thread_gives_way_and_its_processor_time_can_be_read() {
        let thread = std::thread::spawn(|| {
            give_way();
            let policy = thread_priority::thread_schedule_policy().unwrap();
            let time = ThreadName::of_this().unwrap().processor_time();
            (policy, time)
        });
        let (policy, time) = thread.join().unwrap();
        assert_eq!(
            policy,
            thread_priority::ThreadSchedulePolicy::Normal(
                thread_priority::NormalThreadSchedulePolicy::Idle
            )
        );
        assert!(time.is_some());
    }
}
