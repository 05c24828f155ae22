//! Programs of bytes, for fuzzers.

use super::{COUNTERS, Program, Step, Then};

/// The most tasks, and the most bodies of one step.
const WIDTH_MAX: usize = 4;
/// The most steps, so that a large input is no slow one.
const STEPS_MAX: usize = 48;
/// How deep steps lie within steps.
const DEPTH_MAX: usize = 3;

/// Reads a program from the front of `bytes`, and returns it with what is left of them.
///
/// Every input is a program: bytes that are missing are 0, and 0 ends a body. So a fuzzer that lets bytes go or sets them
/// to 0 makes the program smaller.
///
/// ```
/// use reveille_properties::program::{Program, Step, decode};
///
/// assert_eq!(decode(&[]), (Program::default(), &[][..]));
/// let (program, rest) = decode(&[1, 1, 2, 5, 0, 7, 7]);
/// assert_eq!(program.tasks, [vec![Step::Yield, Step::Sleep(5)]]);
/// assert_eq!(rest, [7, 7]);
/// ```
#[must_use]
pub fn decode(bytes: &[u8]) -> (Program, &[u8]) {
    let mut input = Input { bytes, steps: STEPS_MAX };
    let tasks = input.bodies(0);
    (Program { tasks }.tame(), input.bytes)
}

struct Input<'a> {
    bytes: &'a [u8],
    /// How many steps there may be yet.
    steps: usize,
}

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        first
    }

    fn below(&mut self, bound: u8) -> u8 {
        self.byte() % bound
    }

    fn bodies(&mut self, depth: usize) -> Vec<Vec<Step>> {
        let count = usize::from(self.byte()) % (WIDTH_MAX + 1);
        (0..count).map(|_| self.body(depth)).collect()
    }

    fn body(&mut self, depth: usize) -> Vec<Step> {
        std::iter::from_fn(|| self.step(depth)).collect()
    }

    /// The next step; `None` at the end of the body.
    fn step(&mut self, depth: usize) -> Option<Step> {
        self.steps = self.steps.checked_sub(1)?;
        let kinds = if depth < DEPTH_MAX { 18 } else { 11 };
        Some(match self.below(kinds) {
            0 => return None,
            1 => Step::Yield,
            2 => Step::Sleep(self.below(8)),
            3 => Step::Increment(self.below(COUNTERS)),
            4 => Step::Permit,
            5 => Step::Send(self.byte()),
            6 => Step::Post(self.byte()),
            7 => Step::Ask(self.byte()),
            8 => Step::Notified,
            9 => Step::Stream(self.byte()),
            10 => Step::Panic,
            11 => {
                let then = match self.below(3) {
                    0 => Then::Join,
                    1 => Then::Detach,
                    _ => Then::Abort(self.below(4)),
                };
                Step::Spawn(then, self.body(depth + 1))
            }
            12 => Step::Timeout(self.below(8), self.body(depth + 1)),
            13 => Step::Select { keep: self.below(2) == 1, left: self.body(depth + 1), right: self.body(depth + 1) },
            14 => Step::Unordered(self.bodies(depth + 1)),
            15 => Step::Buffered(1 + self.below(3), self.bodies(depth + 1)),
            16 => Step::Set { cut: self.below(2) == 1, bodies: self.bodies(depth + 1) },
            _ => Step::Scope {
                borrowing: self.below(4),
                cancels: self.below(5).checked_sub(1),
                bodies: self.bodies(depth + 1),
            },
        })
    }
}
