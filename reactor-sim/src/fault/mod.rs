//! What may go wrong: faults as decorators around an honest network and an honest kernel.
//!
//! A fault is something that the outside world may do and a program must survive. [`Weather`] decorates the
//! [`Fabric`](crate::net::Fabric): packets come late, are lost, come twice, or their connection is torn. [`LossyLinks`] does for single links, and
//! [`Latencies`] is a network whose packets are as often slow as a test says. [`Faulty`] decorates
//! the [`Kernel`](crate::Kernel): calls come back short, empty-handed or interrupted, which every socket may legally do.
//! [`FaultyFiles`] decorates a [`Disk`](crate::disk::Disk): it is full at times, and its syncs fail. What is below does not know. All ask a [`Choose`](reveille_executor::Choose), and answer 0 is always that nothing
//! goes wrong; all count what really struck, in [`Strikes`].
//!
//! What may go wrong is a [`Faults`], which a test writes as a text:
//!
//! ```
//! use reveille_reactor::fault::{Fault, Faults, Rate};
//!
//! let faults: Faults = "light,-torn,lost=1/5".parse()?;
//! assert!(faults.has(Fault::Twice) && !faults.has(Fault::Torn));
//! assert_eq!(faults.rate(Fault::Lost), Some(Rate::new(1, 5)));
//! # Ok::<(), reveille_reactor::fault::UnknownFaults>(())
//! ```
//!
//! Deliberately absent: probabilities as floating-point numbers, and a generator of their own.

mod calls;
mod files;
mod latencies;
mod lossy;
mod menu;
mod rate;
mod settings;
mod strikes;
mod text;
mod weather;

pub use calls::{CALL, Faulty};
pub use files::{CRASH, FILE, FaultyFiles};
pub use latencies::Latencies;
pub use lossy::LossyLinks;
pub use menu::Menu;
pub use rate::{NotARate, Rate};
pub use settings::Faults;
pub use strikes::Strikes;
pub use text::UnknownFaults;
pub use weather::{PACKET, Weather};

/// One sort of fault.
///
/// ```
/// use reveille_reactor::fault::{Fault, Faults};
///
/// let of_machines: Vec<_> = Fault::ALL.into_iter().filter(|fault| fault.is_of_nodes()).collect();
/// assert_eq!(of_machines, [Fault::Partition, Fault::Crash, Fault::Pause, Fault::ClockJump]);
/// assert!(!Faults::HEAVY.has_any_of_nodes()); // they are asked for by name
/// ```
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
    /// A node was cut off for a while, in one or both directions, from all others or from one.
    Partition,
    /// A node crashed, and was restarted a while later.
    Crash,
    /// A node was paused for a while.
    Pause,
    /// The time of day of a node jumped.
    ClockJump,
    /// A connection that its client had came to who accepts it only later.
    SlowAccept,
    /// A packet took twice or ten times as long as its link usually takes. Counted where a test says how often; else that is the nature
    /// of networks.
    Latency,
}

impl Fault {
    /// All sorts.
    pub const ALL: [Self; 23] = [
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
        Self::Partition,
        Self::Crash,
        Self::Pause,
        Self::ClockJump,
        Self::SlowAccept,
        Self::Latency,
    ];

    /// The name by which [`Faults`] are switched on and off one by one.
    ///
    /// ```
    /// use reveille_reactor::fault::Fault;
    ///
    /// assert_eq!(Fault::ShortRead.name(), "short-read");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Lost => "lost",
            Self::Twice => "twice",
            Self::Torn => "torn",
            Self::ShortRead => "short-read",
            Self::ShortWrite => "short-write",
            Self::WouldBlock => "would-block",
            Self::Interrupted => "interrupted",
            Self::SpuriousWake => "spurious-wake",
            Self::Refused => "refused",
            Self::LookupFailed => "lookup-failed",
            Self::LookupSlow => "lookup-slow",
            Self::DiskFull => "disk-full",
            Self::SyncFailed => "sync-failed",
            Self::WritesLost => "writes-lost",
            Self::SectorsTorn => "sectors-torn",
            Self::NameUndone => "name-undone",
            Self::Partition => "partition",
            Self::Crash => "crash",
            Self::Pause => "pause",
            Self::ClockJump => "clock-jump",
            Self::SlowAccept => "slow-accept",
            Self::Latency => "latency",
        }
    }

    /// Whether it is one of files and disks only.
    ///
    /// ```
    /// use reveille_reactor::fault::Fault;
    ///
    /// assert!(Fault::SyncFailed.is_of_files());
    /// assert!(!Fault::ShortRead.is_of_files()); // sockets have it too
    /// ```
    #[must_use]
    pub const fn is_of_files(self) -> bool {
        matches!(self, Self::DiskFull | Self::SyncFailed | Self::WritesLost | Self::SectorsTorn | Self::NameUndone)
    }
}

impl Fault {
    /// Whether it is one of whole machines.
    ///
    /// ```
    /// use reveille_reactor::fault::{Fault, Faults};
    ///
    /// let faults: Faults = "off,nodes".parse().unwrap();
    /// assert!(faults.sorts().all(Fault::is_of_nodes) && faults.has(Fault::Crash));
    /// assert!(!Fault::Torn.is_of_nodes());
    /// ```
    #[must_use]
    pub const fn is_of_nodes(self) -> bool {
        matches!(self, Self::Partition | Self::Crash | Self::Pause | Self::ClockJump)
    }

    /// Whether it may have a rate of 1. Not so what makes a caller try again at once: it would never get on.
    ///
    /// ```
    /// use reveille_reactor::fault::{Fault, Faults};
    ///
    /// assert!(Fault::Lost.may_be_always() && "lost=1".parse::<Faults>().is_ok());
    /// assert!(!Fault::Interrupted.may_be_always() && "interrupted=1".parse::<Faults>().is_err());
    /// ```
    #[must_use]
    pub const fn may_be_always(self) -> bool {
        !matches!(self, Self::Interrupted | Self::WouldBlock | Self::SpuriousWake)
    }

    /// Whether it is what a crash leaves of a disk: the nature of disks, and nothing that can be switched off.
    ///
    /// ```
    /// use reveille_reactor::fault::{Fault, Faults};
    ///
    /// assert!(Fault::SectorsTorn.is_damage());
    /// assert_eq!(Faults::OFF.with(Fault::SectorsTorn), Faults::OFF); // no knob
    /// ```
    #[must_use]
    pub const fn is_damage(self) -> bool {
        matches!(self, Self::WritesLost | Self::SectorsTorn | Self::NameUndone)
    }
}
