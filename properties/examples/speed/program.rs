//! The measurement.

use std::path::Path;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use reveille::explore;
use reveille_properties::program::{Interpreter, Program, decode, model, programs};
use reveille_properties::protocol::Protocol;
use reveille_properties::{Circumstances, fuzz};

const PROGRAMS: usize = 1_000;
/// How often each input of the corpus is shown to the target.
const TIMES: usize = 100;

/// Real time: this is what is measured.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed(), result)
}

fn perform(program: &Program, runs: u64, checked: bool) {
    let run = || {
        let program = program.clone();
        async move {
            let outcome = Interpreter::default().perform(program.clone()).await;
            if checked { model::check(&program, &outcome) } else { Ok(()) }
        }
    };
    let campaign = explore().runs(runs);
    let campaign = if checked { campaign.oracle(Protocol::default) } else { campaign };
    campaign.run(run).unwrap();
}

/// Programs of exactly four tasks: one from each of four programs of one.
fn four_tasks() -> impl Strategy<Value = Program> {
    vec(programs(1, 5), 4).prop_map(|four| {
        let tasks = four.into_iter().flat_map(|program| program.tasks).collect();
        Program { tasks }
    })
}

fn property() {
    let (strategy, mut runner) = (four_tasks(), TestRunner::deterministic());
    let (generating, programs) =
        timed(|| (0..PROGRAMS).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect::<Vec<_>>());
    let steps: usize = programs.iter().map(Program::steps).sum();
    println!("{PROGRAMS} programs of 4 tasks and {:.1} steps", steps as f64 / PROGRAMS as f64);
    println!("  runs of each   generated and run and checked   run only   generating and checking, to the run");
    for runs in [1, 4, 16] {
        let (running, ()) = timed(|| programs.iter().for_each(|program| perform(program, runs, false)));
        let (checking, ()) = timed(|| programs.iter().for_each(|program| perform(program, runs, true)));
        let whole = generating + checking;
        let per_second = |time: Duration| PROGRAMS as f64 / time.as_secs_f64();
        println!(
            "  {runs:>12}   {:>20.0} a second   {:>5.0} a second   {:.2}",
            per_second(whole),
            per_second(running),
            whole.saturating_sub(running).as_secs_f64() / running.as_secs_f64()
        );
    }
}

fn target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/schedule");
    let files = std::fs::read_dir(folder).expect("the corpus is there");
    let inputs: Vec<Vec<u8>> = files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
    let all = |show: &dyn Fn(&[u8])| timed(|| (0..TIMES).for_each(|_| inputs.iter().for_each(|input| show(input)))).0;
    let fuzzing = all(&fuzz::schedule);
    let plain = all(&|input| {
        let (program, answers) = decode(input);
        let run = || {
            let program = program.clone();
            async move { drop(Interpreter::default().perform(program).await) }
        };
        Circumstances::of_bytes(answers).run(run).unwrap();
    });
    let per_second = |time: Duration| (TIMES * inputs.len()) as f64 / time.as_secs_f64();
    println!("the {} inputs of the corpus of `schedule`, without libFuzzer", inputs.len());
    println!(
        "  the target: {:.0} a second; plain runs of the same programs: {:.0}",
        per_second(fuzzing),
        per_second(plain)
    );
}

pub(crate) fn main() {
    property();
    target();
}
