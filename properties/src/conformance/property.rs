//! What an executor owes its futures.

use std::fmt;

use super::Op;

/// A property of executors, broken by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Property {
    /// A future is polled after it was spawned, without anybody waking it.
    SpawnIsPolled,
    /// A task that is woken after its last poll began is polled again. (`Waker`: "the task associated with this waker will
    /// be polled again"; a wake within the poll counts, as the poll may be past the place that looks.)
    WakeIsPolled,
    /// A future is not polled once it has returned `Ready`, however late a wake comes. (`Future::poll`: "Once a future has
    /// completed, clients should not poll it again".)
    NoPollAfterCompletion,
    /// A future is not polled while it is being polled.
    NoPollWithinPoll,
    /// A future stays where it is from its first poll to its drop. (`Pin`: the drop guarantee.)
    StaysInPlace,
    /// A future is dropped once.
    DroppedOnce,
    /// A future is dropped with its executor at the latest, whoever holds wakers of it.
    DroppedWithExecutor,
    /// Waking, or dropping, a waker of an executor that is gone does nothing.
    LateWakesDoNothing,
    /// Waking returns, whatever state the executor is in, and wherever it is done: within a poll, within another wake.
    WakingReturns,
    /// Stepping, spawning and dropping return.
    StepReturns,
    /// A task that is woken is polled within a thousand polls per task, whatever the others do; by an executor with threads, whose
    /// polls have no one order, within seconds.
    NobodyStarves,
    /// Each of two tasks that wait at one source, in two directions, is woken when it is ready.
    EachDirectionHasItsWaker,
    /// Nothing of the executor or its source panics.
    NoPanic,
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SpawnIsPolled => "a spawned future was never polled",
            Self::WakeIsPolled => "a task was woken after its last poll began, and not polled again",
            Self::NoPollAfterCompletion => "a future was polled after it had completed",
            Self::NoPollWithinPoll => "a future was polled while it was being polled",
            Self::StaysInPlace => "a future was moved after its first poll",
            Self::DroppedOnce => "a future was dropped more than once",
            Self::DroppedWithExecutor => "a future outlived its executor",
            Self::LateWakesDoNothing => "a wake polled a future of an executor that is gone",
            Self::WakingReturns => "waking a task did not return",
            Self::StepReturns => "a step, a spawn or the drop of the executor did not return",
            Self::NobodyStarves => "a task that was woken was not polled while others were, again and again",
            Self::EachDirectionHasItsWaker => "of two tasks at one source, one was forgotten when the other came",
            Self::NoPanic => "the executor panicked",
        })
    }
}

/// A property that an executor broke, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which one.
    pub property: Property,
    /// The shortest script found that shows it; empty for a set piece.
    pub script: Vec<Op>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.property)?;
        if self.script.is_empty() { Ok(()) } else { write!(f, ", in the script {:?}", self.script) }
    }
}

impl std::error::Error for Broken {}
