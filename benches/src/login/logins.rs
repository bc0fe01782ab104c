//! Logins: as many as can be had, at a pace of their own, or a thousand at once.

use std::thread;

use anyhow::{Result, anyhow, bail};

use super::{
    http::{Answer, Connection},
    server::{Server, login},
};
use crate::clock::Stopwatch;

/// At once, in a storm.
pub(super) const STORM: usize = 1000;
/// Clients that take turns at a pace: enough that none is late for its next one.
const PACED: u32 = 32;

/// Milliseconds until logins that come without a pause count: by then memory is had and every core is at it.
const WARMING_UP: f64 = 250.0;

/// Logins that were served.
pub(super) struct Served {
    /// Milliseconds from one to the next, once they are under way.
    pub(super) each: f64,
    /// The longest that anybody waited, in milliseconds.
    pub(super) slowest: f64,
}

/// One request of a client's, in milliseconds.
struct Asked {
    began: f64,
    answered: f64,
    is_served: bool,
}

/// So many clients log in again and again, for so many milliseconds.
pub(super) fn as_many_as_can_be(
    server: &Server,
    clients: usize,
    milliseconds: f64,
) -> Result<Served> {
    let clock = Stopwatch::start();
    let end = WARMING_UP + milliseconds;
    let asked = thread::scope(|scope| {
        let clients: Vec<_> = (0..clients)
            .map(|_| {
                scope.spawn(|| {
                    let mut connection = server.connect()?;
                    let mut asked = Vec::new();
                    while clock.milliseconds() < end {
                        let began = clock.milliseconds();
                        let answer = connection.ask(&server.login)?;
                        asked.push(Asked {
                            began,
                            answered: clock.milliseconds(),
                            is_served: is_served(&answer)?,
                        });
                    }
                    Ok(asked)
                })
            })
            .collect();
        let mut all = Vec::new();
        for client in clients {
            let asked: Result<Vec<Asked>> =
                client.join().map_err(|_| anyhow!("a client panicked"))?;
            all.extend(asked?);
        }
        Ok::<_, anyhow::Error>(all)
    })?;
    let times = asked.iter().filter(|asked| asked.is_served);
    let mut times: Vec<f64> = times.map(|asked| asked.answered).collect();
    // Before, not all are at it yet, and after it no longer.
    times.retain(|answered| (WARMING_UP..end).contains(answered));
    times.sort_by(f64::total_cmp);
    let [first, .., last] = times[..] else {
        bail!("hardly anybody logged in");
    };
    let waits = asked.iter().map(|asked| asked.answered - asked.began);
    Ok(Served {
        each: (last - first) / count(times.len() - 1),
        // Who was turned away at the deadline has waited as long.
        slowest: waits.fold(0.0, f64::max),
    })
}

/// Logins arrive at a pace, one each so many milliseconds on average, whether the former have been served or
/// not.
pub(super) fn at_a_pace(server: &Server, every: f64, milliseconds: f64) -> Result<()> {
    let clock = Stopwatch::start();
    thread::scope(|scope| {
        let clients: Vec<_> = (0..PACED)
            .map(|client| {
                scope.spawn(move || {
                    let mut connection = server.connect()?;
                    let mut chance = Chance(client);
                    let mut turn = 0;
                    loop {
                        let slot = f64::from(turn * PACED + client);
                        let due = (slot + chance.next()) * every;
                        if due > milliseconds {
                            return Ok(());
                        }
                        clock.reach(due);
                        is_served(&connection.ask(&server.login)?)?;
                        turn += 1;
                    }
                })
            })
            .collect();
        for client in clients {
            let done: Result<()> = client.join().map_err(|_| anyhow!("a client panicked"))?;
            done?;
        }
        Ok(())
    })
}

/// Whether it is a login, or a word when to come back.
fn is_served(answer: &Answer) -> Result<bool> {
    match (answer.status, answer.retry_after) {
        (200, _) => Ok(true),
        (429 | 503, Some(_)) => Ok(false),
        (status, _) => bail!("a login is {status}"),
    }
}

/// How a storm was weathered.
pub(super) struct Storm {
    pub(super) served: f64,
    pub(super) turned_away: f64,
}

/// Everybody's connection, all of them accepted: the handshakes aren't part of the storm.
pub(super) fn connect_many(server: &Server) -> Result<Vec<Connection>> {
    let mut connections = (0..STORM)
        .map(|_| server.connect())
        .collect::<Result<Vec<_>>>()?;
    // They are accepted in their order.
    if let Some(last) = connections.last_mut() {
        last.ask(&server.check)?;
    }
    Ok(connections)
}

/// Everybody at once: all requests are sent before the first answer is read.
///
/// Each has a name of its own, or the limit of tries for one account would turn most of them away before they
/// get to the queue. Nobody has these names, and a login under one costs as much as any.
pub(super) fn storm(connections: &mut [Connection]) -> Result<Storm> {
    for (number, connection) in connections.iter_mut().enumerate() {
        connection.send(&login(
            &format!("nobody-{number}"),
            "something else entirely",
        ))?;
    }
    let mut storm = Storm {
        served: 0.0,
        turned_away: 0.0,
    };
    for connection in connections {
        let answer = connection.receive()?;
        if answer.status == 401 || is_served(&answer)? {
            storm.served += 1.0;
        } else {
            storm.turned_away += 1.0;
        }
    }
    Ok(storm)
}

#[expect(clippy::cast_precision_loss, reason = "some hundred logins")]
fn count(number: usize) -> f64 {
    number as f64
}

/// Numbers from 0 to 1 that look random, so that arrivals keep no step with anything.
struct Chance(u32);

impl Chance {
    fn next(&mut self) -> f64 {
        // Numerical Recipes' generator; its high bits will do.
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(self.0 >> 8) / f64::from(1 << 24)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_spread_from_nought_to_one() {
        let mut chance = Chance(3);
        let drawn: Vec<f64> = (0..10_000).map(|_| chance.next()).collect();
        assert!(drawn.iter().all(|drawn| (0.0..1.0).contains(drawn)));
        let mean = drawn.iter().sum::<f64>() / count(drawn.len());
        assert!((0.48..0.52).contains(&mean), "{mean}");
    }
}
