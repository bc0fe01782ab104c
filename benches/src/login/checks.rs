//! Token checks: at a steady pace, to see how long one takes, or as many as the machine can do.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use anyhow::{Result, anyhow, ensure};

use super::{http::Connection, server::Server};
use crate::clock::Stopwatch;

/// A second. Far from what the server can do: what is looked at is how long one waits, not how many there are.
const PACE: f64 = 500.0;
const CONNECTIONS: usize = 4;

/// The 99th percentile of what checks took, in microseconds, until the answer was there and until whoever asked
/// had it.
pub(super) struct P99 {
    pub(super) answered: f64,
    pub(super) read: f64,
}

/// Asks at a steady pace while something else is done.
///
/// What a check took is counted from when it was due: one that waits makes the next late, and its waiting
/// counts too, as it does for callers who don't wait for each other.
pub(super) fn p99_during<T: Send>(
    server: &Server,
    work: impl FnOnce() -> Result<T> + Send,
) -> Result<(P99, T)> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let checking = scope.spawn(|| pace(server, &is_over));
        let done = work();
        is_over.store(true, Ordering::Relaxed);
        let took = checking
            .join()
            .map_err(|_| anyhow!("checking panicked"))??;
        let (answered, read) = took.into_iter().unzip();
        let p99 = P99 {
            answered: percentile_99(answered),
            read: percentile_99(read),
        };
        Ok((p99, done?))
    })
}

fn pace(server: &Server, is_over: &AtomicBool) -> Result<Vec<(f64, f64)>> {
    let mut connections = (0..CONNECTIONS)
        .map(|_| server.connect())
        .collect::<Result<Vec<_>>>()?;
    let clock = Stopwatch::start();
    let mut took = Vec::new();
    let mut due = 1.0;
    while !is_over.load(Ordering::Relaxed) {
        for connection in &mut connections {
            clock.reach(due);
            check(connection, server)?;
            let read = clock.milliseconds() - due;
            let answered = clock.milliseconds_at(connection.arrived()) - due;
            took.push((answered * 1e3, read * 1e3));
            due += 1e3 / PACE;
        }
    }
    Ok(took)
}

/// Keeps every core busy with checks while something else is done.
pub(super) fn saturated_during<T: Send>(
    server: &Server,
    cores: usize,
    work: impl FnOnce() -> Result<T> + Send,
) -> Result<T> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let checking: Vec<_> = (0..cores * 8)
            .map(|_| {
                scope.spawn(|| {
                    let mut connection = server.connect()?;
                    while !is_over.load(Ordering::Relaxed) {
                        check(&mut connection, server)?;
                    }
                    Ok::<_, anyhow::Error>(())
                })
            })
            .collect();
        let done = work();
        is_over.store(true, Ordering::Relaxed);
        for thread in checking {
            thread.join().map_err(|_| anyhow!("checking panicked"))??;
        }
        done
    })
}

fn check(connection: &mut Connection, server: &Server) -> Result<()> {
    let answer = connection.ask(&server.check)?;
    ensure!(answer.status == 200, "a check is {}", answer.status);
    Ok(())
}

fn percentile_99(mut took: Vec<f64>) -> f64 {
    took.sort_unstable_by(f64::total_cmp);
    let at = (took.len() * 99).div_ceil(100).saturating_sub(1);
    took.get(at).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_hundred_one_is_above_the_percentile() {
        let took: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(percentile_99(took), 99.0);
        let took: Vec<f64> = (1..=1000).map(f64::from).collect();
        assert_eq!(percentile_99(took), 990.0);
        assert_eq!(percentile_99(vec![3.0]), 3.0);
        assert!(percentile_99(vec![]).is_nan());
    }
}
