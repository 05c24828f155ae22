//! Which faults there are, and how often.

use super::{Fault, Rate};

/// What may go wrong: which sorts of faults, and how often.
///
/// As text: a preset, `off`, `light` or `heavy`, and after it, with commas, sorts that are added or, with a minus, taken out, or given a
/// [`Rate`]. Sorts are called by their [names](Fault::name) or in groups: `packets`, `calls`, `files`, `nodes`. Without a preset the sorts
/// named are all.
///
/// ```
/// use reveille_reactor::fault::{Fault, Faults, Rate};
///
/// assert_eq!("heavy".parse(), Ok(Faults::HEAVY));
/// let faults: Faults = "heavy, -torn, crash, lost=1/5".parse().unwrap();
/// assert_eq!(faults, Faults::HEAVY.without(Fault::Torn).with(Fault::Crash).at(Fault::Lost, Rate::new(1, 5)));
/// assert_eq!("lost,twice".parse::<Faults>().unwrap().sorts().count(), 2);
/// assert!("medium".parse::<Faults>().unwrap_err().to_string().contains("`light`"));
/// ```
///
/// A sort without a rate is as frequent as the preset has it, and as in `light` without one; those that compete on one occasion share that, and a
/// strategy may make them rarer or more frequent in a run. A rate is taken at its word, of the occasions on which the sort may strike:
/// by all strategies that are random, in every run but the dullest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Faults {
    /// As often as in `heavy`, whatever is on or comes to be.
    heavy: bool,
    /// A bit for each sort.
    sorts: u32,
    /// A bit for each sort that has a rate. Invariant: it is on; or it is the latency, and never varies.
    rated: u32,
    /// Those rates; where there is none, that of [`Rate::NEVER`].
    rates: [Rate; Fault::ALL.len()],
}

/// The sorts of faults in groups.
const PACKETS: u32 = bits(&[Fault::Late, Fault::Lost, Fault::Twice, Fault::Torn]);
const CALLS: u32 = bits(&[
    Fault::ShortRead,
    Fault::ShortWrite,
    Fault::WouldBlock,
    Fault::Interrupted,
    Fault::SpuriousWake,
    Fault::Refused,
    Fault::LookupFailed,
    Fault::LookupSlow,
]);
const FILES: u32 = bits(&[Fault::DiskFull, Fault::SyncFailed]);
const NODES: u32 = bits(&[Fault::Partition, Fault::Crash, Fault::Pause, Fault::ClockJump]);
pub(super) const GROUPS: [(&str, u32); 4] =
    [("packets", PACKETS), ("calls", CALLS), ("files", FILES), ("nodes", NODES)];

/// What the presets have: nothing of whole machines, since that asks more of a program than to mind its errors, and nothing that came later,
/// since the runs that seeds mean would be others.
const PRESET: u32 = PACKETS | CALLS | FILES;

const fn bit(fault: Fault) -> u32 {
    1 << fault as u32
}

const fn bits(faults: &[Fault]) -> u32 {
    let (mut bits, mut at) = (0, 0);
    while at < faults.len() {
        bits |= bit(faults[at]);
        at += 1;
    }
    bits
}

impl Faults {
    /// Nothing goes wrong. Latencies still vary.
    pub const OFF: Self = Self::of(false, 0);
    /// Nothing goes wrong, and every packet takes the usual time of its link: `off,-latency`.
    pub const STEADY: Self = Self::OFF.without(Fault::Latency);
    /// Now and then, something that any program meets in a week: about one packet and one call in a hundred.
    pub const LIGHT: Self = Self::of(false, PRESET);
    /// All the time, and connections are torn: about one packet and one call in ten.
    pub const HEAVY: Self = Self::of(true, PRESET);

    /// How often a packet takes longer than usual where nobody says.
    const LATENCY: Rate = Rate::new(1, 4);

    const fn of(heavy: bool, sorts: u32) -> Self {
        Self { heavy, sorts, rated: 0, rates: [Rate::NEVER; Fault::ALL.len()] }
    }

    /// Whether nothing goes wrong.
    ///
    /// ```
    /// use reveille_reactor::fault::{Fault, Faults};
    ///
    /// assert!(Faults::OFF.is_off() && Faults::STEADY.is_off());
    /// assert!(!Faults::OFF.with(Fault::Lost).is_off());
    /// ```
    #[inline]
    #[must_use]
    pub const fn is_off(&self) -> bool {
        self.sorts == 0
    }

    /// Whether nothing goes wrong, and nobody has said how latencies vary.
    ///
    /// ```
    /// use reveille_reactor::fault::Faults;
    ///
    /// assert!(Faults::OFF.is_plain());
    /// assert!(!Faults::STEADY.is_plain()); // nothing goes wrong there either, but latencies do not vary
    /// ```
    #[inline]
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        self.sorts == 0 && self.rated == 0
    }

    /// Whether `fault` may strike.
    #[inline]
    #[must_use]
    pub const fn has(&self, fault: Fault) -> bool {
        self.sorts & bit(fault) != 0
    }

    /// The sorts that may strike.
    pub fn sorts(&self) -> impl Iterator<Item = Fault> {
        let sorts = self.sorts;
        Fault::ALL.into_iter().filter(move |fault| sorts & bit(*fault) != 0)
    }

    /// Whether any fault of whole machines may strike.
    #[must_use]
    pub const fn has_any_of_nodes(&self) -> bool {
        self.sorts & NODES != 0
    }

    /// Whether faults are as frequent as in `heavy`.
    ///
    /// ```
    /// use reveille_reactor::fault::{Fault, Faults};
    ///
    /// let mended = Faults::HEAVY.without(Fault::Torn);
    /// assert!(mended.is_heavy() && !Faults::LIGHT.is_heavy());
    /// ```
    #[must_use]
    pub const fn is_heavy(&self) -> bool {
        self.heavy
    }

    /// The rate that `fault` was given; `None` if it has the usual one, or is off.
    #[must_use]
    pub const fn rate(&self, fault: Fault) -> Option<Rate> {
        if self.rated & bit(fault) == 0 { None } else { Some(self.rates[fault as usize]) }
    }

    /// Whether any sort was given a rate.
    ///
    /// ```
    /// use reveille_reactor::fault::{Fault, Faults, Rate};
    ///
    /// assert!(!Faults::LIGHT.has_rates());
    /// assert!(Faults::LIGHT.at(Fault::Lost, Rate::new(1, 5)).has_rates());
    /// ```
    #[must_use]
    pub const fn has_rates(&self) -> bool {
        self.rated != 0
    }

    /// The sorts in which this differs from `light` or `heavy`, whichever it is as frequent as: those that are on here only, or there only, or
    /// have a rate.
    ///
    /// ```
    /// use reveille_reactor::fault::{Fault, Faults, Rate};
    ///
    /// let faults = Faults::HEAVY.at(Fault::Lost, Rate::new(1, 5)).without(Fault::Torn).with(Fault::Crash);
    /// assert_eq!(faults.differences().collect::<Vec<_>>(), [Fault::Lost, Fault::Torn, Fault::Crash]);
    /// assert_eq!(Faults::HEAVY.differences().count(), 0);
    /// ```
    pub fn differences(&self) -> impl Iterator<Item = Fault> {
        let different = (self.sorts ^ PRESET) | self.rated;
        Fault::ALL.into_iter().filter(move |fault| different & bit(*fault) != 0)
    }

    /// The same with `fault`, at the usual rate. What is [no knob](Fault::is_damage) stays as it is, here and in what follows.
    #[must_use]
    pub const fn with(self, fault: Fault) -> Self {
        match fault {
            // It varies anyway; now that is counted.
            Fault::Latency => self.at(fault, Self::LATENCY),
            _ if fault.is_damage() => self,
            _ => Self { sorts: self.sorts | bit(fault), ..self.unrated(fault) },
        }
    }

    /// The same without `fault`. Without [`Fault::Latency`] every packet takes the usual time of its link.
    #[must_use]
    pub const fn without(self, fault: Fault) -> Self {
        let sorts = self.sorts & !bit(fault);
        let rated = if matches!(fault, Fault::Latency) { bit(fault) } else { 0 };
        let without = self.unrated(fault);
        Self { sorts, rated: without.rated | rated, ..without }
    }

    /// The same; if nothing goes wrong, nothing does often.
    pub(super) const fn settled(self) -> Self {
        Self { heavy: self.heavy && self.sorts != 0, ..self }
    }

    /// The same with `fault` so often, whatever the preset and the strategy. [`Rate::NEVER`] switches it off.
    ///
    /// ```
    /// use reveille_reactor::fault::{Fault, Faults, Rate};
    ///
    /// let faults = Faults::LIGHT.at(Fault::Lost, Rate::new(1, 5));
    /// assert_eq!(faults.rate(Fault::Lost), Some(Rate::new(1, 5)));
    /// assert_eq!(faults.rate(Fault::Twice), None);
    /// assert_eq!(String::from(faults), "light,lost=1/5");
    /// assert_eq!(Faults::LIGHT.at(Fault::Lost, Rate::NEVER), Faults::LIGHT.without(Fault::Lost));
    /// ```
    ///
    /// # Panics
    /// If a call [would get nowhere](Fault::may_be_always) at that rate.
    #[must_use]
    pub const fn at(self, fault: Fault, rate: Rate) -> Self {
        assert!(
            fault.may_be_always() || rate.numerator() < rate.denominator(),
            "a call that is answered so each time never gets on"
        );
        if rate.numerator() == 0 {
            return self.without(fault);
        }
        if fault.is_damage() {
            return self;
        }
        let mut rates = self.rates;
        rates[fault as usize] = rate;
        Self { sorts: self.sorts | bit(fault), rated: self.rated | bit(fault), rates, ..self }
    }

    /// The same with `fault` switched on if it was off, and off if it was on.
    ///
    /// ```
    /// use reveille_reactor::fault::{Fault, Faults};
    ///
    /// let toggled = Faults::LIGHT.toggled(Fault::Crash).toggled(Fault::Lost);
    /// assert!(toggled.has(Fault::Crash) && !toggled.has(Fault::Lost));
    /// ```
    #[must_use]
    pub const fn toggled(self, fault: Fault) -> Self {
        if self.has(fault) { self.without(fault) } else { self.with(fault) }
    }

    const fn unrated(self, fault: Fault) -> Self {
        let mut rates = self.rates;
        rates[fault as usize] = Rate::NEVER;
        Self { rated: self.rated & !bit(fault), rates, ..self }
    }

    /// How many in 1,024 packets meet a fault.
    pub(super) const fn packets(&self) -> u32 {
        if self.heavy { 100 } else { 10 }
    }

    /// How many in 1,024 packets of a stream tear their connection down.
    pub(super) const fn torn(&self) -> u32 {
        if self.heavy { 4 } else { 1 }
    }

    /// How many in 1,024 calls meet a fault.
    pub(super) const fn calls(&self) -> u32 {
        self.packets()
    }

    /// Those of `menu` that may strike and have no rate: how many, and the one that an answer means.
    pub(super) fn among(&self, menu: &[Fault]) -> (u32, impl Fn(u32) -> Option<Fault>) {
        let usual = self.sorts & !self.rated;
        let is_on = move |fault: &&Fault| usual & bit(**fault) != 0;
        let on = menu.iter().filter(is_on).count() as u32;
        let meant = move |answer: u32| {
            let nth = answer.checked_sub(1)? as usize;
            menu.iter().filter(is_on).nth(nth).copied()
        };
        (on, meant)
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self::OFF
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_have_nothing_of_whole_machines_and_damage_is_no_knob() {
        let presets = Faults::LIGHT;
        assert_eq!(presets.sorts().filter(|fault| fault.is_of_nodes() || fault.is_damage()).count(), 0);
        assert!("light,writes-lost".parse::<Faults>().is_err());
        assert_eq!(Faults::LIGHT.toggled(Fault::WritesLost), Faults::LIGHT);
        assert_eq!(Faults::LIGHT.at(Fault::WritesLost, Rate::ALWAYS), Faults::LIGHT);
    }

    /// However one comes to a value, equal ones are equal.
    #[test]
    fn what_is_off_leaves_no_trace() {
        let half = Rate::new(1, 2);
        for fault in Fault::ALL.into_iter().filter(|fault| *fault != Fault::Latency) {
            assert_eq!(Faults::OFF.with(fault).without(fault), Faults::OFF);
            assert_eq!(Faults::OFF.at(fault, half).without(fault), Faults::OFF);
            assert_eq!(Faults::OFF.at(fault, half).with(fault), Faults::OFF.with(fault));
        }
        let (none, crash) = (Faults::HEAVY.sorts().fold(Faults::HEAVY, Faults::without), Fault::Crash);
        assert!(none.is_off() && none.with(crash).is_heavy());
        assert_eq!(none.settled(), Faults::OFF);
        // Latencies vary unless they are told not to.
        let steady = Faults::STEADY;
        assert_eq!("off,-latency".parse(), Ok(steady));
        assert!(steady.is_off() && !steady.is_plain() && steady != Faults::OFF && Faults::OFF.is_plain());
        assert_eq!(Faults::OFF.with(Fault::Latency).without(Fault::Latency), steady);
    }

    /// An answer means the same sort as long as all sorts of its menu are on.
    #[test]
    fn a_menu_has_what_is_on_in_its_order() {
        let menu = [Fault::ShortRead, Fault::WouldBlock, Fault::Interrupted];
        let meant = |faults: Faults| {
            let (on, meant) = faults.among(&menu);
            (0..=on).map(meant).collect::<Vec<_>>()
        };
        assert_eq!(meant(Faults::HEAVY), [None, Some(menu[0]), Some(menu[1]), Some(menu[2])]);
        assert_eq!(meant(Faults::HEAVY.toggled(Fault::WouldBlock)), [None, Some(menu[0]), Some(menu[2])]);
        assert_eq!(meant(Faults::HEAVY.at(Fault::ShortRead, Rate::new(1, 2))), [None, Some(menu[1]), Some(menu[2])]);
        assert_eq!(meant(Faults::OFF), [None]);
    }
}
