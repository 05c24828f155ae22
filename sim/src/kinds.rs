//! The kinds of choices that the simulation asks, beside the executor's `s` and the network's `l` (how long a packet takes),
//! `w` (whether it arrives), `f` (whether a call meets a fault), and the disks' `g` (how long an operation takes), `j` (whether it
//! meets a fault), `q` (what a crash takes).

use reveille_executor::Kind;

/// The program's own [`choose`](crate::choose).
pub(crate) const CHOOSE: Kind = Kind::new(b'c');
/// Whether a [`buggify!`](crate::buggify) strikes.
pub(crate) const BUGGIFY: Kind = Kind::new(b'b');
/// How long a poll takes.
pub(crate) const POLL_COST: Kind = Kind::new(b'p');
/// The seed of a generator handed to the program.
pub(crate) const RANDOM: Kind = Kind::new(b'r');
/// The seed of what the C library calls random.
#[cfg(feature = "interpose")]
pub(crate) const ENTROPY: Kind = Kind::new(b'e');
/// Whether, and how, an audited operation is cut; see `cancel`.
pub(crate) const CUT: Kind = Kind::new(b'x');
/// Whether a task that [may be aborted](crate::task::Builder::abortable) is.
pub(crate) const ABORT: Kind = Kind::new(b'a');
/// Whether a [`cancellable`](crate::cancel::cancellable) future is dropped.
pub(crate) const CANCEL: Kind = Kind::new(b'd');
/// Whether a task that nobody woke is polled, and which; see `freedom`.
pub(crate) const SPURIOUS: Kind = Kind::new(b'u');
/// Whether a poll has another waker than the last one of its task.
pub(crate) const FRESH_WAKER: Kind = Kind::new(b'i');
/// The same, and the last one is heard no more.
pub(crate) const STALE_WAKER: Kind = Kind::new(b'o');
/// Whether a task that could run is held back until time has moved on.
pub(crate) const HELD_BACK: Kind = Kind::new(b'k');
/// Whether a future that has ended is dropped later.
pub(crate) const LATE_DROP: Kind = Kind::new(b'y');
/// Whether a task is polled within the call that wakes it.
pub(crate) const INLINE_WAKE: Kind = Kind::new(b'n');
/// Whether, and how, a fault strikes a whole machine; see `node/trouble.rs`.
pub(crate) const TROUBLE: Kind = Kind::new(b'm');
/// Whether another task is polled within a call that spawns one.
pub(crate) const WITHIN_SPAWN: Kind = Kind::new(b't');
/// Which branch of a [`select!`](crate::select) is looked at first.
pub(crate) const BRANCH: Kind = Kind::new(b'h');
