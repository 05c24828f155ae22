//! Every run there is, or every one within a bound of delays.
//!
//! An odometer over the tape, as in `exhaustigen`: a run repeats the answers of the one before up to the last that can be
//! raised, raises it, and answers 0 from there on. With a bound, tapes are left out that delay tasks by more than so many
//! turns in all (delay bounding: Emmi, Qadeer and Rakamarić, POPL 2011).

use reveille_executor::{Choose, Kind, Point};

use super::Source;
use crate::choices::Draw;

/// Tries all tapes, in order.
#[derive(Debug, Default)]
pub(crate) struct Exhaustive {
    /// The most delays in a run; `None` for any number.
    delays_max: Option<u32>,
    /// The answers of the current run.
    draws: Vec<Draw>,
    position: usize,
    finished: bool,
}

impl Exhaustive {
    pub(crate) fn new(delays_max: Option<u32>) -> Self {
        Self { delays_max, ..Self::default() }
    }

    /// Turns to the next tape; false if there is none.
    fn advance(&mut self) -> bool {
        while let Some(mut last) = self.draws.pop() {
            let delays: u32 = self.draws.iter().map(Self::delay).sum();
            last.value += 1;
            let within = self.delays_max.is_none_or(|max| delays + Self::delay(&last) <= max);
            if last.value < last.bound && within {
                self.draws.push(last);
                return true;
            }
        }
        false
    }

    fn delay(draw: &Draw) -> u32 {
        if draw.kind == Kind::SCHEDULE { draw.value } else { 0 }
    }
}

impl Choose for Exhaustive {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        let at = self.position;
        self.position += 1;
        if at == self.draws.len() {
            self.draws.push(Draw { kind: point.kind, bound: point.bound, value: 0 });
        }
        // Where a program asks something else than it did, it does not repeat itself; that is found by the comparison.
        self.draws[at].value.min(point.bound - 1)
    }
}

impl Source for Exhaustive {
    fn begin(&mut self, _seed: u64) {
        self.position = 0;
    }

    fn ended(&mut self) {
        self.draws.truncate(self.position);
        self.finished = !self.advance();
    }

    fn is_finished(&self) -> bool {
        self.finished
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Runs a program that asks for `bounds`, and returns all answers given.
    fn all(delays_max: Option<u32>, bounds: &[u32]) -> Vec<Vec<u32>> {
        let mut source = Exhaustive::new(delays_max);
        let mut runs = Vec::new();
        while !source.is_finished() {
            source.begin(0);
            runs.push(bounds.iter().map(|&bound| source.choose(Point::new(Kind::SCHEDULE, bound))).collect());
            source.ended();
        }
        runs
    }

    #[test]
    fn all_answers_come_once_and_the_dullest_first() {
        assert_eq!(all(None, &[2, 3]), [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]);
        assert_eq!(all(None, &[4, 3, 2]).len(), 24);
    }

    #[test]
    fn a_bound_leaves_out_what_delays_more() {
        assert_eq!(all(Some(0), &[2, 3]), [[0, 0]]);
        assert_eq!(all(Some(1), &[2, 3]), [[0, 0], [0, 1], [1, 0]]);
        assert_eq!(all(Some(2), &[2, 3]).len(), 5);
    }
}
