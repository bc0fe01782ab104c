//! The only file of the benches that reads a clock.

#![expect(
    clippy::disallowed_methods,
    reason = "a bench measures time, and a verifier is asked about the present"
)]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, Timespec, clock_gettime};

/// Time since a moment, read as often as needed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch {
    started: Instant,
    /// The same moment as the system's clock had it.
    by_system: SystemTime,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self {
            started: Instant::now(),
            by_system: SystemTime::now(),
        }
    }

    pub(crate) fn milliseconds(self) -> f64 {
        self.started.elapsed().as_secs_f64() * 1e3
    }

    /// What it read at a moment of the system's clock, given as the time since the Unix epoch.
    pub(crate) fn milliseconds_at(self, moment: Duration) -> f64 {
        let since = (UNIX_EPOCH + moment).duration_since(self.by_system);
        since.map_or_else(
            |early| -early.duration().as_secs_f64(),
            |since| since.as_secs_f64(),
        ) * 1e3
    }

    /// Lets the thread rest until it reads so many milliseconds.
    pub(crate) fn reach(self, milliseconds: f64) {
        let rest = (milliseconds - self.milliseconds()).max(0.0) / 1e3;
        let Ok(rest) = Duration::try_from_secs_f64(rest) else {
            return;
        };
        if let Ok(rest) = Timespec::try_from(rest) {
            // A signal may end it early; what is due is then a little early too.
            let _ = rustix::thread::nanosleep(&rest);
        }
    }
}

/// Processor time of this thread since a moment: what other programs take in between doesn't count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ThreadStopwatch(Timespec);

impl ThreadStopwatch {
    pub(crate) fn start() -> Self {
        Self(clock_gettime(ClockId::ThreadCPUTime))
    }

    pub(crate) fn microseconds(self) -> f64 {
        let since = clock_gettime(ClockId::ThreadCPUTime) - self.0;
        Duration::try_from(since).map_or(f64::NAN, |since| since.as_secs_f64() * 1e6)
    }
}

/// Whole seconds since the Unix epoch.
pub(crate) fn now_in_seconds() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or_default()
}
