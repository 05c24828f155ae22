//! What may go wrong: faults as decorators around an honest network and an honest kernel.
//!
//! A fault is something that the outside world may do and a program must survive. [`Weather`] decorates the
//! [`Fabric`](crate::net::Fabric): packets come late, are lost, come twice, or their connection is torn. [`LossyLinks`] does for single links. [`Faulty`] decorates
//! the [`Kernel`](crate::Kernel): calls come back short, empty-handed or interrupted, which every socket may legally do.
//! [`FaultyFiles`] decorates a [`Disk`](crate::disk::Disk): it is full at times, and its syncs fail. What is below does not know. All ask a [`Choose`](reveille_executor::Choose), and answer 0 is always that nothing
//! goes wrong; all count what really struck, in [`Strikes`].
//!
//! Deliberately absent: probabilities as floating-point numbers, and a generator of their own.

mod calls;
mod files;
mod lossy;
mod weather;

use std::cell::Cell;
use std::fmt;
use std::str::FromStr;

pub use calls::{CALL, Faulty};
pub use files::{CRASH, FILE, FaultyFiles};
pub use lossy::LossyLinks;
pub use weather::{PACKET, Weather};

/// How bad things are.
///
/// ```
/// use reveille_reactor::fault::Faults;
///
/// assert_eq!("heavy".parse(), Ok(Faults::Heavy));
/// assert!("medium".parse::<Faults>().unwrap_err().to_string().contains("`light`"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Faults {
    /// Nothing goes wrong. Latencies still vary.
    #[default]
    Off,
    /// Now and then, something that any program meets in a week: about one packet and one call in a hundred.
    Light,
    /// All the time, and connections are torn: about one packet and one call in ten.
    Heavy,
}

impl Faults {
    /// How many in 1,024 packets meet a fault.
    const fn packets(self) -> u32 {
        match self {
            Self::Off => 0,
            Self::Light => 10,
            Self::Heavy => 100,
        }
    }

    /// How many in 1,024 packets of a stream tear their connection down.
    const fn torn(self) -> u32 {
        match self {
            Self::Off => 0,
            Self::Light => 1,
            Self::Heavy => 4,
        }
    }

    /// How many in 1,024 calls meet a fault.
    const fn calls(self) -> u32 {
        self.packets()
    }

    /// The name, as [`FromStr`] reads it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Light => "light",
            Self::Heavy => "heavy",
        }
    }
}

/// There is no preset of that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFaults(String);

impl fmt::Display for UnknownFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there are no faults `{}`: expected `off`, `light` or `heavy`", self.0)
    }
}

impl std::error::Error for UnknownFaults {}

impl FromStr for Faults {
    type Err = UnknownFaults;

    fn from_str(name: &str) -> Result<Self, UnknownFaults> {
        [Self::Off, Self::Light, Self::Heavy]
            .into_iter()
            .find(|faults| faults.name() == name)
            .ok_or_else(|| UnknownFaults(name.to_owned()))
    }
}

/// One sort of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// A packet took longer than any reasonable time-out.
    Late,
    /// A packet was lost.
    Lost,
    /// A datagram came twice.
    Twice,
    /// Both ends of a connection were reset.
    Torn,
    /// A read gave fewer bytes than there were.
    ShortRead,
    /// A write took fewer bytes than there was room for.
    ShortWrite,
    /// A call that could have been served said `WouldBlock`.
    WouldBlock,
    /// A call was interrupted.
    Interrupted,
    /// A waiting task was woken for nothing.
    SpuriousWake,
    /// A connection was refused although somebody listened.
    Refused,
    /// A name that exists was not found.
    LookupFailed,
    /// A name was found after the time after which a resolver asks again.
    LookupSlow,
    /// A disk had no room for a write, or for the rest of one, or for a new name.
    DiskFull,
    /// A disk could not make safe what it was asked to.
    SyncFailed,
    /// A crash took the latest that was written to a file.
    WritesLost,
    /// A crash left some sectors of a file as they were before, and others not.
    SectorsTorn,
    /// A crash undid a name that was made, removed or changed.
    NameUndone,
}

impl Fault {
    /// All sorts.
    pub const ALL: [Self; 17] = [
        Self::Late,
        Self::Lost,
        Self::Twice,
        Self::Torn,
        Self::ShortRead,
        Self::ShortWrite,
        Self::WouldBlock,
        Self::Interrupted,
        Self::SpuriousWake,
        Self::Refused,
        Self::LookupFailed,
        Self::LookupSlow,
        Self::DiskFull,
        Self::SyncFailed,
        Self::WritesLost,
        Self::SectorsTorn,
        Self::NameUndone,
    ];

    /// Whether it is one of files and disks only.
    #[must_use]
    pub const fn is_of_files(self) -> bool {
        matches!(self, Self::DiskFull | Self::SyncFailed | Self::WritesLost | Self::SectorsTorn | Self::NameUndone)
    }
}

/// How often each fault really struck.
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

    pub(crate) fn note(&self, fault: Fault) {
        let count = &self.0[fault as usize];
        count.set(count.get() + 1);
    }
}

impl fmt::Display for Strikes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for fault in Fault::ALL.into_iter().filter(|fault| self.of(*fault) > 0) {
            write!(f, "{}{fault:?} {}", if first { "" } else { ", " }, self.of(fault))?;
            first = false;
        }
        if first { f.write_str("none") } else { Ok(()) }
    }
}
