//! How often faults struck.

use std::cell::Cell;
use std::fmt;

use super::Fault;

/// How often each fault really struck.
///
/// ```
/// use reveille_reactor::fault::{Fault, Strikes};
///
/// let (mut all, run) = (Strikes::default(), Strikes::default());
/// run.note(Fault::Lost);
/// run.note(Fault::Torn);
/// all.add(&run);
/// run.clear();
/// run.note(Fault::Lost);
/// all.add(&run);
/// assert_eq!((all.of(Fault::Lost), all.total()), (2, 3));
/// assert_eq!(Strikes::default().to_string(), "none");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strikes([Cell<u64>; Fault::ALL.len()]);

impl Strikes {
    /// How often `fault` struck.
    #[must_use]
    pub fn of(&self, fault: Fault) -> u64 {
        self.0[fault as usize].get()
    }

    /// How often any struck.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().map(Cell::get).sum()
    }

    /// Those that struck, and how often.
    ///
    /// ```
    /// use reveille_reactor::fault::{Fault, Strikes};
    ///
    /// let strikes = Strikes::default();
    /// strikes.note(Fault::Lost);
    /// assert_eq!(strikes.each().collect::<Vec<_>>(), [(Fault::Lost, 1)]);
    /// assert_eq!(strikes.to_string(), "Lost 1");
    /// ```
    pub fn each(&self) -> impl Iterator<Item = (Fault, u64)> {
        Fault::ALL.into_iter().map(|fault| (fault, self.of(fault))).filter(|(_, count)| *count > 0)
    }

    /// Adds the strikes of another run.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter().zip(&other.0) {
            mine.set(mine.get() + theirs.get());
        }
    }

    /// Forgets all.
    pub fn clear(&self) {
        self.0.iter().for_each(|count| count.set(0));
    }

    /// Counts one more.
    pub fn note(&self, fault: Fault) {
        let count = &self.0[fault as usize];
        count.set(count.get() + 1);
    }
}

impl fmt::Display for Strikes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (fault, count) in self.each() {
            write!(f, "{}{fault:?} {count}", if first { "" } else { ", " })?;
            first = false;
        }
        if first { f.write_str("none") } else { Ok(()) }
    }
}
