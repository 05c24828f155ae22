//! The measurement.

use std::time::{Duration, Instant};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use reveille::explore;
use reveille_properties::fuzz;
use reveille_properties::program::{Interpreter, Program, model, programs};
use reveille_properties::protocol::Protocol;

const PROGRAMS: usize = 2_000;
const RUNS: u64 = 10;

/// Real time: this is what is measured.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed(), result)
}

fn perform(program: &Program, checked: bool) {
    let run = || {
        let program = program.clone();
        async move {
            let outcome = Interpreter::default().perform(program.clone()).await;
            if checked { model::check(&program, &outcome) } else { Ok(()) }
        }
    };
    let campaign = explore().runs(RUNS);
    let campaign = if checked { campaign.oracle(Protocol::default) } else { campaign };
    campaign.run(run).unwrap();
}

pub(crate) fn main() {
    let strategy = programs(4, 5).prop_filter("four tasks", |program| program.tasks.len() == 4);
    let mut runner = TestRunner::deterministic();
    let (generating, programs) =
        timed(|| (0..PROGRAMS).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect::<Vec<_>>());
    let (running, ()) = timed(|| programs.iter().for_each(|program| perform(program, false)));
    let (checking, ()) = timed(|| programs.iter().for_each(|program| perform(program, true)));
    let per_second = |time: Duration, count: f64| count / time.as_secs_f64();
    let count = PROGRAMS as f64;
    println!("programs of 4 tasks, {RUNS} runs each");
    println!("  generated:                {:>9.0} a second", per_second(generating, count));
    println!("  run:                      {:>9.0} a second", per_second(running, count));
    println!("  run, judged and watched:  {:>9.0} a second", per_second(checking, count));
    let inputs: Vec<Vec<u8>> =
        (0..=255_u8).map(|n| (0..64).map(|at| n.wrapping_mul(31).wrapping_add(at * 7)).collect()).collect();
    let (fuzzing, ()) = timed(|| (0..20).for_each(|_| inputs.iter().for_each(|input| fuzz::schedule(input))));
    println!("fuzz target `schedule`, without libFuzzer: {:.0} a second", per_second(fuzzing, 20.0 * 256.0));
}
