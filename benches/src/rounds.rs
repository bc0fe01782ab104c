//! Taking turns, and what remains of it: median, least and most.
//!
//! Invariant: candidates are measured interleaved, one after the other within each round. A machine
//! that is busy for a while slows all of them, so their ratio holds where the figures themselves move.

use anyhow::Result;

/// Something that is measured once a round.
pub(crate) type Candidate<'a, T> = &'a mut dyn FnMut() -> Result<T>;

/// Lets each candidate run once a round and gives each one's measurements. The round before the first
/// isn't kept: caches fill and clocks speed up in it. Who comes first goes around.
pub(crate) fn interleave<T>(
    rounds: usize,
    candidates: &mut [Candidate<'_, T>],
) -> Result<Vec<Vec<T>>> {
    for candidate in &mut *candidates {
        candidate()?;
    }
    let mut measured: Vec<Vec<T>> = candidates.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        let mut turns: Vec<_> = candidates.iter_mut().zip(&mut measured).collect();
        let first = round % turns.len();
        turns.rotate_left(first);
        for (candidate, measured) in turns {
            measured.push(candidate()?);
        }
    }
    Ok(measured)
}

/// What the rounds of one candidate come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figure {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Figure {
    pub(crate) fn of(measured: impl IntoIterator<Item = f64>) -> Self {
        let mut measured: Vec<f64> = measured.into_iter().collect();
        measured.sort_unstable_by(f64::total_cmp);
        let at = |index: usize| measured.get(index).copied().unwrap_or(f64::NAN);
        let last = measured.len().saturating_sub(1);
        Self {
            median: f64::midpoint(at(last / 2), at(last.div_ceil(2))),
            min: at(0),
            max: at(last),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn candidates_take_turns_and_each_is_first_in_its_turn() {
        let order = RefCell::new(String::new());
        let mut a = || {
            order.borrow_mut().push('a');
            Ok(1)
        };
        let mut b = || {
            order.borrow_mut().push('b');
            Ok(2)
        };
        let measured = interleave(3, &mut [&mut a, &mut b]).unwrap();
        assert_eq!(measured, [[1; 3], [2; 3]]);
        assert_eq!(order.into_inner(), "ababbaab");
    }

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        let figure = Figure::of([4.0, 1.0, 2.0, 8.0]);
        assert_eq!((figure.median, figure.min, figure.max), (3.0, 1.0, 8.0));
        let figure = Figure::of([5.0, 1.0, 2.0]);
        assert_eq!((figure.median, figure.min, figure.max), (2.0, 1.0, 5.0));
    }
}
