//! Programs for proptest.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{COUNTERS, Program, Step, Then};

/// Programs of one to `tasks` tasks with up to `steps` steps each, some of which hold smaller bodies.
///
/// They shrink to fewer tasks, fewer steps, simpler steps, and smaller numbers.
///
/// ```
/// use proptest::strategy::{Strategy, ValueTree};
/// use proptest::test_runner::TestRunner;
/// use reveille_properties::program::programs;
///
/// let mut runner = TestRunner::deterministic();
/// let program = programs(3, 4).new_tree(&mut runner).unwrap().current();
/// assert!((1..=3).contains(&program.tasks.len()));
/// ```
pub fn programs(tasks: usize, steps: usize) -> impl Strategy<Value = Program> {
    let body = vec(step(), 0..=steps);
    vec(body, 1..=tasks).prop_map(|tasks| Program { tasks }.tame())
}

/// A step, with up to two levels of steps within it.
fn step() -> impl Strategy<Value = Step> {
    plain().prop_recursive(2, 12, 3, |inner| {
        let body = vec(inner, 0..=3);
        let bodies = vec(body.clone(), 1..=3);
        let then = prop_oneof![Just(Then::Join), Just(Then::Detach), (0..4_u8).prop_map(Then::Abort)];
        prop_oneof![
            (then, body.clone()).prop_map(|(then, body)| Step::Spawn(then, body)),
            (0..8_u8, body.clone()).prop_map(|(millis, body)| Step::Timeout(millis, body)),
            (body.clone(), body, any::<bool>()).prop_map(|(left, right, keep)| Step::Select { left, right, keep }),
            bodies.clone().prop_map(Step::Unordered),
            (1..4_u8, bodies.clone()).prop_map(|(at_once, bodies)| Step::Buffered(at_once, bodies)),
            (any::<bool>(), bodies.clone()).prop_map(|(cut, bodies)| Step::Set { cut, bodies }),
            (0..4_u8, option::of(0..4_u8), bodies).prop_map(|(borrowing, cancels, bodies)| Step::Scope {
                borrowing,
                cancels,
                bodies
            }),
        ]
    })
}

fn plain() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Yield),
        3 => (0..8_u8).prop_map(Step::Sleep),
        4 => (0..COUNTERS).prop_map(Step::Increment),
        3 => Just(Step::Permit),
        3 => any::<u8>().prop_map(Step::Send),
        2 => any::<u8>().prop_map(Step::Post),
        2 => any::<u8>().prop_map(Step::Ask),
        2 => Just(Step::Notified),
        1 => any::<u8>().prop_map(Step::Stream),
        1 => Just(Step::Panic),
    ]
}
