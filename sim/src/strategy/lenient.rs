//! Answers from a tape that need not fit: what shrinking replays, and what a changed program is shown.

use reveille_executor::{Choose, Point};

use super::Source;
use crate::tape::Tape;

/// Answers by position, whatever is asked: an answer out of range is clamped, an exhausted tape answers 0.
///
/// What really happened is recorded anew, so the outcome of a lenient replay is a tape that replays strictly.
#[derive(Debug)]
pub(crate) struct Lenient {
    /// The unusual answers by position, ascending.
    answers: Vec<(u64, u32)>,
    /// The first entry of `answers` that is still to come.
    next: usize,
    position: u64,
}

impl Lenient {
    pub(crate) fn new(tape: &Tape) -> Self {
        Self::answering(tape.answers())
    }

    /// Gives these answers by position, ascending, and 0 elsewhere.
    pub(crate) fn answering(answers: Vec<(u64, u32)>) -> Self {
        Self { answers, next: 0, position: 0 }
    }
}

impl Choose for Lenient {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        let at = self.position;
        self.position += 1;
        match self.answers.get(self.next) {
            Some(&(position, value)) if position == at => {
                self.next += 1;
                value.min(point.bound - 1)
            }
            _ => 0,
        }
    }
}

impl Source for Lenient {
    fn begin(&mut self, _seed: u64) {
        (self.next, self.position) = (0, 0);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use reveille_executor::Kind;

    use super::*;
    use crate::choices::Choices;
    use crate::draws::Draw;
    use crate::tape::Settings;

    #[test]
    fn out_of_range_is_clamped_exhausted_is_zero_and_what_happened_is_recorded() {
        let draw = |bound, value| Draw { kind: Kind::SCHEDULE, bound, value };
        let tape = Tape::record(0, Settings::default(), [draw(9, 0), draw(9, 8), draw(9, 1)]);
        let mut choices = Choices::new(Box::new(Lenient::new(&tape)));
        choices.begin(0);
        let answers = [9, 3, 9, 9].map(|bound| choices.choose(Point::new(Kind::SCHEDULE, bound)));
        assert_eq!(answers, [0, 2, 1, 0]);
        assert_eq!(choices.draws().iter().collect::<Vec<_>>(), [draw(9, 0), draw(3, 2), draw(9, 1), draw(9, 0)]);
        assert!(!choices.refused());
    }
}
