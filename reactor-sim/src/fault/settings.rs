//! Which faults there are, and how often.

use std::fmt;
use std::str::FromStr;

use super::Fault;

/// What may go wrong: which sorts of faults, and how often.
///
/// As text: a preset, `off`, `light` or `heavy`, and after it, with commas, sorts that are added or, with a minus, taken out. Sorts are called
/// by their [names](Fault::name) or in groups: `packets`, `calls`, `files`, `nodes`. Without a preset the sorts named are all, as often as
/// in `light`.
///
/// ```
/// use reveille_reactor::fault::{Fault, Faults};
///
/// assert_eq!("heavy".parse(), Ok(Faults::HEAVY));
/// let faults: Faults = "heavy, -torn, crash".parse().unwrap();
/// assert!(faults.has(Fault::Crash) && faults.has(Fault::Lost) && !faults.has(Fault::Torn));
/// assert_eq!("lost,twice".parse::<Faults>().unwrap().sorts().count(), 2);
/// assert!("medium".parse::<Faults>().unwrap_err().to_string().contains("`light`"));
/// ```
///
/// A knob says whether, and the preset how often: the strategy of a run makes all that is rare rarer or more frequent anyway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Faults {
    /// As often as in `heavy`; without any sort false.
    heavy: bool,
    /// A bit for each sort.
    sorts: u32,
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
const GROUPS: [(&str, u32); 4] = [("packets", PACKETS), ("calls", CALLS), ("files", FILES), ("nodes", NODES)];

/// What the presets have: nothing of whole machines, since that asks more of a program than to mind its errors.
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
    pub const OFF: Self = Self { heavy: false, sorts: 0 };
    /// Now and then, something that any program meets in a week: about one packet and one call in a hundred.
    pub const LIGHT: Self = Self { heavy: false, sorts: PRESET };
    /// All the time, and connections are torn: about one packet and one call in ten.
    pub const HEAVY: Self = Self { heavy: true, sorts: PRESET };

    /// Whether nothing goes wrong.
    #[inline]
    #[must_use]
    pub const fn is_off(self) -> bool {
        self.sorts == 0
    }

    /// Whether `fault` may strike.
    #[inline]
    #[must_use]
    pub const fn has(self, fault: Fault) -> bool {
        self.sorts & bit(fault) != 0
    }

    /// The sorts that may strike.
    pub fn sorts(self) -> impl Iterator<Item = Fault> {
        Fault::ALL.into_iter().filter(move |fault| self.has(*fault))
    }

    /// Whether any fault of whole machines may strike.
    #[must_use]
    pub const fn has_any_of_nodes(self) -> bool {
        self.sorts & NODES != 0
    }

    /// Whether faults are as frequent as in `heavy`.
    #[must_use]
    pub const fn is_heavy(self) -> bool {
        self.heavy
    }

    /// The sorts in which this differs from `light` or `heavy`, whichever it is as frequent as.
    pub fn differences(self) -> impl Iterator<Item = Fault> {
        Fault::ALL.into_iter().filter(move |fault| (self.sorts ^ PRESET) & bit(*fault) != 0)
    }

    /// The same with `fault` switched on if it was off, and off if it was on. What is not to be switched stays.
    #[must_use]
    pub const fn toggled(self, fault: Fault) -> Self {
        if fault.is_damage() { self } else { Self { sorts: self.sorts ^ bit(fault), ..self } }
    }

    /// How many in 1,024 packets meet a fault.
    pub(super) const fn packets(self) -> u32 {
        if self.heavy { 100 } else { 10 }
    }

    /// How many in 1,024 packets of a stream tear their connection down.
    pub(super) const fn torn(self) -> u32 {
        if self.heavy { 4 } else { 1 }
    }

    /// How many in 1,024 calls meet a fault.
    pub(super) const fn calls(self) -> u32 {
        self.packets()
    }

    /// Those of `menu` that may strike: how many, and the one that an answer means.
    pub(super) fn among(self, menu: &[Fault]) -> (u32, impl Fn(u32) -> Option<Fault>) {
        let on = menu.iter().filter(|fault| self.has(**fault)).count() as u32;
        let meant = move |answer: u32| {
            let nth = answer.checked_sub(1)? as usize;
            menu.iter().filter(|fault| self.has(**fault)).nth(nth).copied()
        };
        (on, meant)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_off(), self.heavy) {
            (true, _) => return f.write_str("off"),
            (false, true) => f.write_str("heavy")?,
            (false, false) => f.write_str("light")?,
        }
        for fault in self.differences() {
            write!(f, ",{}{}", if self.has(fault) { "" } else { "-" }, fault.name())?;
        }
        Ok(())
    }
}

/// There is no preset or sort of that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFaults(String);

impl fmt::Display for UnknownFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there are no faults `{}`: expected `off`, `light` or `heavy`, and after it ", self.0)?;
        for (name, _) in GROUPS {
            write!(f, "`{name}`, ")?;
        }
        let names: Vec<_> = named().map(|fault| format!("`{}`", fault.name())).collect();
        write!(f, "{}, with a `-` what is taken out", names.join(", "))
    }
}

impl std::error::Error for UnknownFaults {}

/// The sorts that can be switched.
fn named() -> impl Iterator<Item = Fault> {
    Fault::ALL.into_iter().filter(|fault| !fault.is_damage())
}

/// The sorts that `name` means.
fn sorts_of(name: &str) -> Option<u32> {
    let group = GROUPS.into_iter().find(|(group, _)| *group == name).map(|(_, sorts)| sorts);
    group.or_else(|| named().find(|fault| fault.name() == name).map(bit))
}

impl FromStr for Faults {
    type Err = UnknownFaults;

    fn from_str(text: &str) -> Result<Self, UnknownFaults> {
        let mut faults = Self::OFF;
        for (nth, word) in text.split(',').map(str::trim).enumerate() {
            let unknown = || UnknownFaults(word.to_owned());
            faults = match (nth, word) {
                (0, "off") => Self::OFF,
                (0, "light") => Self::LIGHT,
                (0, "heavy") => Self::HEAVY,
                _ => match word.strip_prefix('-') {
                    Some(name) => Self { sorts: faults.sorts & !sorts_of(name).ok_or_else(unknown)?, ..faults },
                    None => Self { sorts: faults.sorts | sorts_of(word).ok_or_else(unknown)?, ..faults },
                },
            };
        }
        Ok(if faults.is_off() { Self::OFF } else { faults })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_and_reads_the_same() {
        let written = |text: &str| text.parse::<Faults>().unwrap().to_string();
        assert_eq!(["off", "light", "heavy"].map(written), ["off", "light", "heavy"]);
        assert_eq!(written("heavy, crash, -torn"), "heavy,-torn,crash");
        assert_eq!(written("heavy,-packets,-calls,-files"), "off");
        assert_eq!(
            written("heavy,-packets,-calls,-files,lost").parse(),
            "heavy,-packets,-calls,-files,lost".parse::<Faults>()
        );
        assert_eq!("off,nodes".parse::<Faults>(), "crash,pause,partition,clock-jump".parse());
        for fault in named() {
            let faults = Faults::HEAVY.toggled(fault);
            assert_eq!(faults.to_string().parse(), Ok(faults));
            assert_eq!(faults.toggled(fault), Faults::HEAVY);
        }
    }

    #[test]
    fn presets_have_nothing_of_whole_machines_and_damage_is_no_knob() {
        let of_presets = Faults::LIGHT.sorts();
        assert_eq!(of_presets.filter(|fault| fault.is_of_nodes() || fault.is_damage()).count(), 0);
        assert!("light,writes-lost".parse::<Faults>().is_err());
        assert_eq!(Faults::LIGHT.toggled(Fault::WritesLost), Faults::LIGHT);
    }

    #[test]
    fn what_is_unknown_is_answered_with_what_is_known() {
        for wrong in ["", "medium", "light,heavy", "light,", "light,lots", "-", "light,-", "off light"] {
            let error = wrong.parse::<Faults>().unwrap_err().to_string();
            assert!(error.contains("expected `off`, `light` or `heavy`") && error.contains("`clock-jump`"), "{error}");
        }
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
        assert_eq!(meant(Faults::OFF), [None]);
    }
}
