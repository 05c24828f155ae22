//! What is done to an executor.

use proptest::collection::vec;
use proptest::prelude::*;

/// One operation. Tasks and wakers are named by index, modulo how many there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Spawns a task, with what it does in its polls; after those it keeps its waker and waits.
    Spawn(Vec<Poll>),
    /// One step.
    Step,
    /// Steps until none can run.
    Settle,
    /// Wakes by value the waker of that number, one that a task has kept.
    Wake(u8),
    /// Wakes it by reference.
    WakeByRef(u8),
    /// Wakes it on another thread, and waits for that.
    WakeElsewhere(u8),
    /// Clones it.
    Clone(u8),
    /// Drops it.
    Drop(u8),
}

/// One poll of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    /// It keeps so many clones of its waker.
    pub keeps: u8,
    /// It wakes itself, so often, before it returns.
    pub wakes_self: u8,
    /// It wakes the kept waker of that number.
    pub wakes: Option<u8>,
    /// It returns `Ready`.
    pub ends: bool,
}

/// Scripts of up to 24 operations.
pub fn scripts() -> impl Strategy<Value = Vec<Op>> {
    let poll = (0..3_u8, 0..3_u8, proptest::option::of(any::<u8>()), any::<bool>())
        .prop_map(|(keeps, wakes_self, wakes, ends)| Poll { keeps, wakes_self, wakes, ends });
    let op = prop_oneof![
        4 => vec(poll, 0..4).prop_map(Op::Spawn),
        3 => Just(Op::Step),
        2 => Just(Op::Settle),
        3 => any::<u8>().prop_map(Op::Wake),
        3 => any::<u8>().prop_map(Op::WakeByRef),
        1 => any::<u8>().prop_map(Op::WakeElsewhere),
        1 => any::<u8>().prop_map(Op::Clone),
        2 => any::<u8>().prop_map(Op::Drop),
    ];
    vec(op, 0..24)
}
