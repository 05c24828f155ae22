//! Answers from whoever the user brings: the bytes of a fuzzer, the values of a property test, a strategy of one's own.

use std::fmt;
use std::sync::Arc;

use reveille_executor::{Choose, Point};

use super::Source;

/// Makes a source that has somebody of the user's answer the choices of each run.
#[derive(Clone)]
pub(crate) struct Maker(Arc<dyn Fn() -> Box<dyn Source> + Send + Sync>);

impl Maker {
    pub(crate) fn new<C: Choose + 'static>(make: impl Fn(u64) -> C + Send + Sync + 'static) -> Self {
        let make = Arc::new(make);
        Self(Arc::new(move || Box::new(Custom { make: make.clone(), current: None })))
    }

    pub(crate) fn source(&self) -> Box<dyn Source> {
        (self.0)()
    }
}

impl PartialEq for Maker {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Maker {}

impl fmt::Debug for Maker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Maker(..)")
    }
}

/// Passes every choice on. An answer out of range is lowered to the last one: what the user brings need not know bounds.
struct Custom<F, C> {
    /// Makes what answers the choices of the run of a seed.
    make: Arc<F>,
    current: Option<C>,
}

impl<F, C: Choose> Choose for Custom<F, C> {
    #[inline]
    fn choose(&mut self, point: Point<'_>) -> u32 {
        self.current.as_mut().map_or(0, |current| current.choose(point)).min(point.bound - 1)
    }
}

impl<F: Fn(u64) -> C, C: Choose> Source for Custom<F, C> {
    fn begin(&mut self, seed: u64) {
        self.current = Some((self.make)(seed));
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use reveille_executor::Kind;

    use super::*;

    struct Always(u32);

    impl Choose for Always {
        fn choose(&mut self, _: Point<'_>) -> u32 {
            self.0
        }
    }

    #[test]
    fn each_run_has_its_own_and_answers_are_lowered_into_range() {
        let mut custom = Maker::new(|seed| Always(u32::try_from(seed).unwrap())).source();
        let mut answer = |seed, bound| {
            custom.begin(seed);
            custom.choose(Point::new(Kind::SCHEDULE, bound))
        };
        assert_eq!([answer(0, 4), answer(2, 4), answer(9, 4)], [0, 2, 3]);
    }
}
