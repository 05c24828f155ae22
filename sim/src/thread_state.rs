//! What the system says of a thread that does not go on: whether it runs, and if not, in which call it waits. On Linux; elsewhere
//! nothing is said.

use std::fmt;
use std::path::{Path, PathBuf};

/// The thread that made it, as others can look it up.
#[derive(Debug, Default)]
pub(crate) struct ThreadPlace(Option<PathBuf>);

impl ThreadPlace {
    pub(crate) fn here() -> Self {
        Self(std::fs::read_link("/proc/thread-self").ok().map(|place| Path::new("/proc").join(place)))
    }

    /// What the thread is doing now; `None` if the system does not tell.
    pub(crate) fn state(&self) -> Option<ThreadState> {
        state(&std::fs::read_to_string(self.0.as_ref()?.join("syscall")).ok()?)
    }
}

/// What a thread is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ThreadState {
    Running,
    /// In a call of which several are made by locks and by threads that wait for each other.
    Lock,
    Sleep,
    /// In another call of the system, of this number.
    Call(u64),
}

/// Reads `/proc/../syscall`: the word `running`, or the number of the call and its arguments.
fn state(text: &str) -> Option<ThreadState> {
    let first = text.split_whitespace().next()?;
    if first == "running" {
        return Some(ThreadState::Running);
    }
    // -1 is a thread that waits for something else than a call.
    let number = first.parse().ok()?;
    Some(match number {
        FUTEX => ThreadState::Lock,
        CLOCK_NANOSLEEP | NANOSLEEP => ThreadState::Sleep,
        number => ThreadState::Call(number),
    })
}

impl fmt::Display for ThreadState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running => f.write_str("its thread is running: a loop without an await, or one that lasts"),
            Self::Lock => f.write_str(
                "its thread waits for a lock, or for another thread: if it is a lock of `std` or `parking_lot`, its guard is alive \
                 in this very run, perhaps across an await, and nobody will drop it; if it is a call that blocks \
                 (`block_on`, `blocking_recv`), what it waits for is a task that cannot run meanwhile",
            ),
            Self::Sleep => f.write_str(
                "its thread sleeps: `std::thread::sleep` holds up every task, `reveille::time::sleep` only the one",
            ),
            Self::Call(number) => write!(f, "its thread is blocked in the system's call number {number}"),
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod numbers {
    pub(super) const FUTEX: u64 = 202;
    pub(super) const NANOSLEEP: u64 = 35;
    pub(super) const CLOCK_NANOSLEEP: u64 = 230;
}

/// Those of the kernel's generic table, which newer architectures share.
#[cfg(not(target_arch = "x86_64"))]
mod numbers {
    pub(super) const FUTEX: u64 = 98;
    pub(super) const NANOSLEEP: u64 = 101;
    pub(super) const CLOCK_NANOSLEEP: u64 = 115;
}

use numbers::{CLOCK_NANOSLEEP, FUTEX, NANOSLEEP};

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_writes_is_read() {
        assert_eq!(state("running\n"), Some(ThreadState::Running));
        assert_eq!(state(&format!("{FUTEX} 0x7f 0x80 0x2\n")), Some(ThreadState::Lock));
        assert_eq!(state(&format!("{NANOSLEEP} 0x7f")), Some(ThreadState::Sleep));
        assert_eq!(state("7 0x1"), Some(ThreadState::Call(7)));
        assert_eq!([state("-1 0x0 0x0"), state("")], [None, None]);
    }

    /// The kernel's tables never change. `std` sleeps by one of the two calls only, so no thread of a test is in the other.
    #[test]
    fn calls_have_the_numbers_of_the_kernels_table() {
        let expected = if cfg!(target_arch = "x86_64") { [202, 35, 230] } else { [98, 101, 115] };
        assert_eq!([FUTEX, NANOSLEEP, CLOCK_NANOSLEEP], expected);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_system_tells() {
        // That of the thread that asks: it is in the call by which it asks.
        assert!(matches!(ThreadPlace::here().state(), Some(ThreadState::Call(_))));
        assert_eq!(ThreadPlace::default().state(), None);
    }
}
