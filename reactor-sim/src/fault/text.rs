//! Faults as text.

use std::fmt;
use std::str::FromStr;

use super::rate::NotARate;
use super::settings::GROUPS;
use super::{Fault, Faults, Rate};

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The shorter of the two.
        let (preset, named): (_, Vec<_>) = match self.settled().is_heavy() {
            true => ("heavy", self.differences().collect()),
            false if self.sorts().count() < self.differences().count() => ("off", self.sorts().collect()),
            false => ("light", self.differences().collect()),
        };
        f.write_str(preset)?;
        // Of all that is off only this has to be said.
        let steady = Some(Fault::Latency).filter(|fault| self.rate(*fault) == Some(Rate::NEVER));
        let steady = steady.filter(|fault| !named.contains(fault));
        for fault in named.into_iter().chain(steady) {
            match (self.has(fault), self.rate(fault)) {
                (false, _) => write!(f, ",-{}", fault.name())?,
                (true, None) => write!(f, ",{}", fault.name())?,
                (true, Some(rate)) => write!(f, ",{}={rate}", fault.name())?,
            }
        }
        Ok(())
    }
}

impl From<Faults> for String {
    /// The text of `faults`, for builders that take text.
    fn from(faults: Faults) -> Self {
        faults.to_string()
    }
}

/// There is no preset or sort of that name, or it cannot have that rate.
///
/// ```
/// use reveille_reactor::fault::{Faults, UnknownFaults};
///
/// let error: UnknownFaults = "light,losst".parse::<Faults>().unwrap_err();
/// assert!(error.to_string().starts_with("there are no faults `losst`: expected `off`, `light` or `heavy`"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFaults(Wrong);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wrong {
    Name(String),
    Rate(NotARate),
    /// It would be so each time.
    Always(Fault),
}

impl fmt::Display for UnknownFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.0 {
            Wrong::Name(name) => name,
            Wrong::Rate(error) => return error.fmt(f),
            Wrong::Always(fault) => {
                return write!(f, "`{}` cannot be each time: a call that is answered so never gets on", fault.name());
            }
        };
        write!(f, "there are no faults `{name}`: expected `off`, `light` or `heavy`, and after it ")?;
        for (name, _) in GROUPS {
            write!(f, "`{name}`, ")?;
        }
        let names: Vec<_> = named().map(|fault| format!("`{}`", fault.name())).collect();
        write!(f, "{}, with a `-` what is taken out, with `=1/5` and its like how often", names.join(", "))
    }
}

impl std::error::Error for UnknownFaults {}

/// The sorts that can be switched.
fn named() -> impl Iterator<Item = Fault> {
    Fault::ALL.into_iter().filter(|fault| !fault.is_damage())
}

/// What one word does to a sort.
#[derive(Clone, Copy)]
enum Turn {
    On,
    Off,
    At(Rate),
}

/// `faults` after `word`.
fn turned(faults: Faults, word: &str) -> Result<Faults, UnknownFaults> {
    let (name, turn) = match (word.strip_prefix('-'), word.split_once('=')) {
        (Some(name), _) => (name, Turn::Off),
        (None, Some((name, rate))) => {
            (name.trim_end(), Turn::At(rate.parse().map_err(|error| UnknownFaults(Wrong::Rate(error)))?))
        }
        (None, None) => (word, Turn::On),
    };
    let group = GROUPS.into_iter().find(|(group, _)| *group == name).map(|(_, sorts)| sorts);
    let meant = |fault: &Fault| match group {
        Some(sorts) => sorts & (1 << *fault as u32) != 0,
        None => fault.name() == name,
    };
    let mut meant = named().filter(meant).peekable();
    if meant.peek().is_none() {
        return Err(UnknownFaults(Wrong::Name(word.to_owned())));
    }
    meant.try_fold(faults, |faults, fault| match turn {
        Turn::On => Ok(faults.with(fault)),
        Turn::Off => Ok(faults.without(fault)),
        Turn::At(Rate::ALWAYS) if !fault.may_be_always() => Err(UnknownFaults(Wrong::Always(fault))),
        Turn::At(rate) => Ok(faults.at(fault, rate)),
    })
}

impl FromStr for Faults {
    type Err = UnknownFaults;

    fn from_str(text: &str) -> Result<Self, UnknownFaults> {
        let mut faults = Self::OFF;
        for (nth, word) in text.split(',').map(str::trim).enumerate() {
            faults = match (nth, word) {
                (0, "off") => Self::OFF,
                (0, "light") => Self::LIGHT,
                (0, "heavy") => Self::HEAVY,
                _ => turned(faults, word)?,
            };
        }
        Ok(faults.settled())
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
        assert_eq!(written("lost, twice = 1/3"), "off,lost,twice=1/3");
        assert_eq!(written("light, lost=2/10, torn=0"), "light,lost=1/5,-torn");
        assert_eq!(written("-latency"), "off,-latency");
        assert_eq!(written("heavy,latency=0,slow-accept=1"), "heavy,slow-accept=1,-latency");
        assert_eq!(written("lost,-latency"), "off,lost,-latency");
        let same = "heavy,-packets,-calls,-files,lost";
        assert_eq!(written(same).parse(), same.parse::<Faults>());
        assert_eq!("off,nodes".parse::<Faults>(), "crash,pause,partition,clock-jump".parse());
        assert_eq!("off,files=1/3".parse::<Faults>(), "disk-full=1/3,sync-failed=1/3".parse());
        for fault in named() {
            for preset in [Faults::OFF, Faults::LIGHT, Faults::HEAVY] {
                let rated = preset.at(fault, Rate::new(1, 5));
                for faults in [preset.with(fault), preset.without(fault), rated, rated.with(Fault::Pause)] {
                    assert_eq!(faults.to_string().parse(), Ok(faults));
                }
            }
        }
    }

    #[test]
    fn what_is_unknown_is_answered_with_what_is_known() {
        for wrong in
            ["", "medium", "light,heavy", "light,", "light,lots", "-", "light,-", "off light", "light,lots=1/2"]
        {
            let error = wrong.parse::<Faults>().unwrap_err().to_string();
            assert!(error.contains("expected `off`, `light` or `heavy`") && error.contains("`clock-jump`"), "{error}");
        }
        for wrong in ["lost=", "lost=2", "lost=1/0", "lost=often", "light,packets=3/2", "lost=1/2/3"] {
            let error = wrong.parse::<Faults>().unwrap_err().to_string();
            assert!(error.contains("is no rate: expected one such as `1/5`"), "{error}");
        }
        for wrong in ["interrupted=1", "would-block=2/2", "calls=1", "spurious-wake=1"] {
            let error = wrong.parse::<Faults>().unwrap_err().to_string();
            assert!(error.contains("never gets on"), "{error}");
        }
    }
}
