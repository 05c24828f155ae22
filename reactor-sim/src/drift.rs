//! A clock that runs too fast or too slow.

use crate::Instant;

/// A clock beside that of the run: it shows the run's time at first, and from a moment on gains or loses so many millionths.
///
/// What it shows is whole nanoseconds, rounded down. It never goes back, also when its rate is changed, and [`when`](Self::when) is exact: the
/// moment that it names is the first at which the clock [shows](Self::at) so much.
///
/// ```
/// use std::time::Duration;
/// use reveille_reactor::{Drift, Instant};
///
/// let hour = |n: u64| Instant::ZERO + Duration::from_secs(3600 * n);
/// let mut clock = Drift::default();
/// clock.set_rate(hour(1), -100_000); // loses a tenth
/// assert_eq!(clock.at(hour(1)), hour(1));
/// assert_eq!(clock.at(hour(11)), hour(10));
/// assert_eq!(clock.when(hour(10)), hour(11));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// The moment of the last change, and what the clock showed then.
    since: Instant,
    showed: Instant,
    /// How many millionths of a nanosecond had passed on it beyond that: so that no number of changes loses any.
    parts: u32,
    /// How many millionths it has gained since, above minus one million.
    ppm: i32,
}

/// A million.
const MILLION: i64 = 1_000_000;
const MILLIONTHS: u128 = 1_000_000;

impl Drift {
    /// Gives the clock another rate, from `now` on: that of the run's, and `ppm` millionths more.
    ///
    /// # Panics
    /// If `ppm` is not above minus one million: a clock does not stand still, nor go back.
    pub fn set_rate(&mut self, now: Instant, ppm: i32) {
        assert!(i64::from(ppm) > -MILLION, "a clock cannot lose {ppm} millionths: it would stand still, or go back");
        let (showed, parts) = self.exactly(now);
        *self = Self { since: now, showed, parts, ppm };
    }

    /// How many of its nanoseconds there are in a million of the run's.
    fn rate(&self) -> u128 {
        // Above zero, as the rate that was set is checked.
        u128::from((MILLION + i64::from(self.ppm)).unsigned_abs())
    }

    /// What it shows at `now`. At its end, after 584 years of its own, it stands still.
    #[must_use]
    pub fn at(&self, now: Instant) -> Instant {
        self.exactly(now).0
    }

    /// The same, with the millionths of a nanosecond beyond it.
    fn exactly(&self, now: Instant) -> (Instant, u32) {
        let passed = u128::from(now.as_nanos().saturating_sub(self.since.as_nanos()));
        let parts = u128::from(self.parts) + passed * self.rate();
        (saturating(u128::from(self.showed.as_nanos()) + parts / MILLIONTHS), (parts % MILLIONTHS) as u32)
    }

    /// The first moment, not before the last change of its rate, at which it shows `reading` or more; the end of time if it
    /// never does.
    #[must_use]
    pub fn when(&self, reading: Instant) -> Instant {
        let missing = u128::from(reading.as_nanos().saturating_sub(self.showed.as_nanos()));
        let wait = (missing * MILLIONTHS).saturating_sub(self.parts.into()).div_ceil(self.rate());
        saturating(u128::from(self.since.as_nanos()) + wait)
    }
}

fn saturating(nanos: u128) -> Instant {
    Instant::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of all sizes, by an own recurrence.
    fn numbers(count: usize) -> impl Iterator<Item = u64> {
        let next =
            |state: &u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
        std::iter::successors(Some(1_u64), next).map(|state| state >> (state % 61)).take(count)
    }

    const RATES: [i32; 9] = [-999_999, -500_000, -333_333, -1, 0, 1, 7, 1_000_000, i32::MAX];

    #[test]
    fn when_is_the_first_moment_at_which_it_shows_so_much() {
        for (nth, number) in numbers(20_000).enumerate() {
            let mut clock = Drift::default();
            clock.set_rate(Instant::from_nanos(number >> 20), RATES[nth % RATES.len()]);
            let reading = Instant::from_nanos(number.rotate_left(17) >> (nth % 40));
            let when = clock.when(reading);
            let before = Instant::from_nanos(when.as_nanos().saturating_sub(1));
            assert!(clock.at(when) >= reading || when == Instant::MAX, "{clock:?}, {reading}: {when} is too early");
            assert!(clock.at(before) < reading || when == clock.since, "{clock:?}, {reading}: {when} is too late");
        }
    }

    #[test]
    fn it_never_goes_back_and_with_no_drift_it_is_the_runs() {
        let mut clock = Drift::default();
        let (mut now, mut shown) = (0_u64, Instant::ZERO);
        for (nth, number) in numbers(20_000).enumerate() {
            now = now.saturating_add(number >> 24);
            if nth % 3 == 0 {
                clock.set_rate(Instant::from_nanos(now), RATES[nth / 3 % RATES.len()]);
            }
            let shows = clock.at(Instant::from_nanos(now));
            assert!(shows >= shown, "{clock:?} went back from {shown} to {shows}");
            shown = shows;
            let same = Drift::default();
            assert_eq!((same.at(Instant::from_nanos(number)), same.when(Instant::from_nanos(number))), {
                let number = Instant::from_nanos(number);
                (number, number)
            });
        }
    }

    #[test]
    fn no_number_of_changes_loses_anything() {
        let mut clock = Drift::default();
        for now in 0..3_000_000 {
            clock.set_rate(Instant::from_nanos(now), if now % 2 == 0 { -999_999 } else { -333_333 });
        }
        assert_eq!(clock.at(Instant::from_nanos(3_000_000)).as_nanos(), 1_500_000 * (1 + 666_667) / 1_000_000);
    }

    #[test]
    #[should_panic(expected = "it would stand still, or go back")]
    fn it_cannot_stand_still() {
        Drift::default().set_rate(Instant::ZERO, -1_000_000);
    }
}
