//! Answers from a tape, strictly: the program must ask what the tape recorded.

use reveille_executor::{Choose, Point};

use super::Source;
use crate::tape::{Mismatch, Reader, Tape};

/// Repeats a recorded run.
#[derive(Debug)]
pub(crate) struct Replay {
    reader: Reader,
    /// Where program and tape parted, once they have.
    mismatch: Option<Mismatch>,
}

impl Replay {
    pub(crate) fn new(tape: Tape) -> Self {
        Self { reader: Reader::new(tape), mismatch: None }
    }
}

impl Choose for Replay {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        if self.mismatch.is_some() {
            return u32::MAX;
        }
        self.reader.next(point.kind, point.bound).unwrap_or_else(|mismatch| {
            self.mismatch = Some(mismatch);
            u32::MAX
        })
    }
}

impl Source for Replay {
    fn begin(&mut self, _seed: u64) {
        self.reader.rewind();
        self.mismatch = None;
    }

    fn complaint(&mut self) -> Option<Mismatch> {
        self.mismatch.take().or_else(|| self.reader.end())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use reveille_executor::Kind;

    use super::*;
    use crate::draws::Draw;
    use crate::tape::Settings;

    const S: Kind = Kind::SCHEDULE;

    fn replay(draws: &[(u32, u32)]) -> Replay {
        let draws: Vec<_> = draws.iter().map(|&(bound, value)| Draw { kind: S, bound, value }).collect();
        Replay::new(Tape::record(0, Settings::default(), draws))
    }

    fn ask(replay: &mut Replay, bounds: &[u32]) -> Vec<u32> {
        bounds.iter().map(|&bound| replay.choose(Point::new(S, bound))).collect()
    }

    #[test]
    fn the_recorded_answers_come_back() {
        let mut replay = replay(&[(3, 0), (2, 1), (4, 0), (4, 0), (9, 8)]);
        assert_eq!(ask(&mut replay, &[3, 2, 4, 4, 9]), [0, 1, 0, 0, 8]);
        assert_eq!(replay.complaint(), None);
    }

    #[test]
    fn another_question_is_refused_and_both_sides_are_named() {
        let mut replay = replay(&[(3, 0), (2, 1)]);
        assert_eq!(ask(&mut replay, &[3, 5]), [0, u32::MAX]);
        let complaint = replay.complaint().unwrap().to_string();
        assert_eq!(complaint, "the program asks `s` with 5 answers at draw 1, where the tape has `s` with 2");
    }

    #[test]
    fn another_question_among_usual_answers_is_noticed_at_their_end() {
        let mut replay = replay(&[(3, 0), (2, 0), (2, 1)]);
        assert_eq!(ask(&mut replay, &[3, 7]), [0, u32::MAX]);
        assert_eq!(replay.complaint(), Some(Mismatch::Stretch { first: 0, last: 1 }));
    }

    #[test]
    fn asking_more_or_less_than_recorded_is_noticed() {
        let mut short = replay(&[(3, 1)]);
        assert_eq!(ask(&mut short, &[3, 3]), [1, u32::MAX]);
        assert_eq!(short.complaint(), Some(Mismatch::PastTheEnd { draw: 1, kind: S, bound: 3 }));
        let mut long = replay(&[(3, 1), (3, 1)]);
        assert_eq!(ask(&mut long, &[3]), [1]);
        assert_eq!(long.complaint(), Some(Mismatch::LeftOver { made: 1, tape: 2 }));
    }
}
