//! On which way a place was come to: a stack in one number.

/// A number for the innermost functions on a stack, and the places in them: equal for stacks that agree in these, in one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Way(pub(crate) u64);

/// So many functions count.
const FUNCTIONS_MAX: u32 = 64;

impl Way {
    /// One of which nothing is known.
    pub(crate) const ANY: Self = Self(0);

    /// That of the caller. Costs a walk of the stack (microseconds), and no look at any symbol.
    #[inline(never)]
    pub(crate) fn here() -> Self {
        let (mut way, mut left) = (1_u64, FUNCTIONS_MAX);
        backtrace::trace(|frame| {
            // Fowler, Noll and Vo's, a word at a time.
            way = (way ^ frame.ip() as u64).wrapping_mul(0x0000_0100_0000_01B3);
            left -= 1;
            left > 0
        });
        Self(way)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_the_same_in_each_turn_and_another_elsewhere() {
        let turns: Vec<_> = (0..3).map(|_| Way::here()).collect();
        assert!(turns.iter().all(|way| *way == turns[0]), "{turns:?}");
        assert_ne!(Way::here(), turns[0]);
    }
}
