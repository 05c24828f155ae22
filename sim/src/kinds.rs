//! The kinds of choices that the simulation asks, beside the executor's `s` and the network's `l` (how long a packet takes),
//! `w` (whether it arrives) `f` (whether a call meets a fault).

use reveille_executor::Kind;

/// The program's own [`choose`](crate::choose).
pub(crate) const CHOOSE: Kind = Kind::new(b'c');
/// Whether a [`buggify!`](crate::buggify) strikes.
pub(crate) const BUGGIFY: Kind = Kind::new(b'b');
/// How long a poll takes.
pub(crate) const POLL_COST: Kind = Kind::new(b'p');
/// The seed of a generator handed to the program.
pub(crate) const RANDOM: Kind = Kind::new(b'r');
/// Whether, and how, an audited operation is cut; see `cancel`.
pub(crate) const CUT: Kind = Kind::new(b'x');
/// Whether a task that [may be aborted](crate::task::Builder::abortable) is.
pub(crate) const ABORT: Kind = Kind::new(b'a');
/// Whether a [`cancellable`](crate::cancel::cancellable) future is dropped.
pub(crate) const CANCEL: Kind = Kind::new(b'd');
