//! Which of a program's explorations one is: the same number in this process and in those that are started for it.

use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::{Mutex, PoisonError};

use crate::digest::{Digest, Mark};

/// The number of the exploration `name` of `test`, asked for `at` that place: a hash of these, and of how often this process has
/// begun one like it before. A test that explores in a loop does the first turns again in the child, to come to the one that is meant.
pub(crate) fn exploration(test: Option<&str>, name: &str, at: &Location<'_>) -> u64 {
    /// How often each has begun, by the hash without that.
    static BEGUN: Mutex<BTreeMap<u64, u64>> = Mutex::new(BTreeMap::new());
    let place = format!("{} {name} {at}", test.unwrap_or_default());
    let place = place.bytes().fold(Digest::EMPTY, |hash, byte| hash.with(Mark::Choice, byte.into()));
    let mut begun = BEGUN.lock().unwrap_or_else(PoisonError::into_inner);
    let count = begun.entry(place.value()).or_default();
    *count += 1;
    place.with(Mark::Choice, *count).value()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn turns_of_a_loop_are_told_apart() {
        let at = Location::caller();
        let [one, two, other] = [Some("one"), Some("one"), Some("other")].map(|test| exploration(test, "loop", at));
        assert!(one != two && one != other && two != other, "{one} {two} {other}");
    }
}
