//! Which fault of several strikes, if one does.

use reveille_executor::{Choose, Hint, Kind, Point};

use super::{Fault, Faults};

/// What may happen on one occasion.
///
/// ```
/// use reveille_executor::{Choose, Kind, Point};
/// use reveille_reactor::fault::{Fault, Faults, Menu, Rate};
///
/// /// Answers 1, whatever it is asked.
/// struct One;
/// impl Choose for One {
///     fn choose(&mut self, _: Point<'_>) -> u32 {
///         1
///     }
/// }
///
/// let menu = Menu { kind: Kind::new(b'w'), sorts: &[Fault::Lost, Fault::Twice], idle: &[], usual: 10 };
/// assert_eq!(menu.strikes(&Faults::LIGHT, &mut One), Some(Fault::Lost));
/// let faults = Faults::LIGHT.at(Fault::Twice, Rate::new(1, 2)); // asked for first
/// assert_eq!(menu.strikes(&faults, &mut One), Some(Fault::Twice));
/// assert_eq!(menu.strikes(&Faults::OFF, &mut One), None); // nothing is asked
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Menu<'a> {
    /// The kind of choice that is asked.
    pub kind: Kind,
    /// The sorts that compete.
    pub sorts: &'a [Fault],
    /// Those of them that come to nothing on this occasion: not asked for where they have a rate.
    pub idle: &'a [Fault],
    /// How many times of 1,024 one of the sorts strikes that have no rate.
    pub usual: u32,
}

impl Menu<'_> {
    /// Which fault strikes. Those with a rate are asked for one by one, so often that each comes to its rate; then the others in one
    /// question. Where nothing is on nothing is asked.
    #[must_use]
    pub fn strikes(self, faults: &Faults, choose: &mut (impl Choose + ?Sized)) -> Option<Fault> {
        let mut left = Left::ALL;
        if faults.has_rates() {
            for fault in self.sorts.iter().filter(|fault| !self.idle.contains(fault)) {
                let Some(rate) = faults.rate(*fault) else { continue };
                let (numerator, denominator) = match left.share(rate.numerator().into(), rate.denominator().into()) {
                    // Together with others it would strike each time, which no caller survives: so often of what they leave.
                    (some, of) if some == of && !fault.may_be_always() => {
                        (rate.numerator().into(), rate.denominator().into())
                    }
                    share => share,
                };
                let hint = Hint::Exactly { numerator, denominator };
                if numerator > 0 && choose.choose(Point { kind: self.kind, bound: 2, hint }) == 1 {
                    return Some(*fault);
                }
                left.take(rate.numerator().into(), rate.denominator().into());
            }
        }
        let (on, meant) = faults.among(self.sorts);
        let (numerator, denominator) = left.share(self.usual, 1024);
        let hint = Hint::Rarely { numerator, denominator };
        // One answer is not asked for.
        meant(choose.decide(Point { kind: self.kind, bound: on + 1, hint }))
    }
}

/// In what part of all occasions nothing has struck yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Left {
    numerator: u64,
    /// Invariant: not 0. Four rates multiply to at most 2⁴⁰.
    denominator: u64,
}

impl Left {
    const ALL: Self = Self { numerator: 1, denominator: 1 };

    /// Of what is left, the part that makes `numerator/denominator` of all; or the whole of it, if that is less.
    fn share(self, numerator: u32, denominator: u32) -> (u32, u32) {
        let mut some = u64::from(numerator) * self.denominator;
        let mut of = u64::from(denominator) * self.numerator;
        if of == 0 {
            return (0, 1);
        }
        some = some.min(of);
        while of > u64::from(u32::MAX) {
            (some, of) = (some >> 1, of >> 1);
        }
        // Both fit now.
        (some as u32, of as u32)
    }

    fn take(&mut self, numerator: u32, denominator: u32) {
        let (numerator, denominator) = (u64::from(numerator), u64::from(denominator));
        let left = (self.numerator * denominator).saturating_sub(numerator * self.denominator);
        *self = Self { numerator: left, denominator: self.denominator * denominator };
    }
}

#[cfg(test)]
mod tests {
    use super::super::Rate;
    use super::*;

    const KIND: Kind = Kind::new(b'f');
    const SORTS: [Fault; 3] = [Fault::ShortRead, Fault::WouldBlock, Fault::Interrupted];
    const MENU: Menu<'static> = Menu { kind: KIND, sorts: &SORTS, idle: &[], usual: 10 };

    /// Answers 0, and keeps what it was asked.
    #[derive(Default)]
    struct Asked(Vec<(u32, String)>);

    impl Choose for Asked {
        fn choose(&mut self, point: Point<'_>) -> u32 {
            self.0.push((point.bound, format!("{:?}", point.hint)));
            0
        }
    }

    fn asked(faults: Faults, menu: Menu<'_>) -> Vec<(u32, String)> {
        let mut asked = Asked::default();
        assert_eq!(menu.strikes(&faults, &mut asked), None);
        asked.0
    }

    #[test]
    fn without_rates_there_is_one_question_of_all_that_is_on() {
        assert_eq!(asked(Faults::LIGHT, MENU), [(4, "Rarely(10/1024)".to_owned())]);
        assert_eq!(asked(Faults::LIGHT.without(Fault::WouldBlock), MENU), [(3, "Rarely(10/1024)".to_owned())]);
        assert_eq!(asked(Faults::OFF, MENU), []);
    }

    /// A quarter of all, then a half of all, which is two thirds of the rest; what is left of the usual ones is what they were.
    #[test]
    fn each_rate_is_of_all_occasions() {
        let faults = Faults::LIGHT.at(Fault::ShortRead, Rate::new(1, 4)).at(Fault::WouldBlock, Rate::new(1, 2));
        let expected = [(2, "Exactly(1/4)"), (2, "Exactly(4/6)"), (2, "Rarely(80/2048)")];
        assert_eq!(asked(faults, MENU), expected.map(|(bound, hint)| (bound, hint.to_owned())));
        // What cannot strike is not asked for, and takes nothing from the others.
        let menu = Menu { idle: &[Fault::ShortRead], ..MENU };
        assert_eq!(asked(faults, menu)[0], (2, "Exactly(1/2)".to_owned()));
        // Rates that are more than all together: the later ones get what is left.
        let files = Menu { sorts: &[Fault::DiskFull, Fault::SyncFailed], ..MENU };
        let faults = Faults::OFF.at(Fault::DiskFull, Rate::new(2, 3)).at(Fault::SyncFailed, Rate::new(2, 3));
        assert_eq!(asked(faults, files), [(2, "Exactly(2/3)".to_owned()), (2, "Exactly(3/3)".to_owned())]);
    }

    /// A call that is answered with one or the other each time never gets on, as it would not with either alone.
    #[test]
    fn what_makes_a_caller_try_again_is_never_all_there_is() {
        let half = Rate::new(1, 2);
        let faults = Faults::OFF.at(Fault::WouldBlock, half).at(Fault::Interrupted, half);
        assert_eq!(asked(faults, MENU), [(2, "Exactly(1/2)".to_owned()), (2, "Exactly(1/2)".to_owned())]);
    }

    #[test]
    fn shares_fit_whatever_the_rates_are() {
        let mut left = Left::ALL;
        for _ in 0..4 {
            let (some, of) = left.share(1, 1021);
            assert!(some > 0 && some <= of);
            left.take(1, 1021);
        }
        left.take(1, 1);
        assert_eq!(left.share(1, 2), (0, 1));
    }
}
