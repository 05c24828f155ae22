//! Correct programs, generated: never a finding, always an outcome that the language allows, always the same run again.

#![cfg(not(loom))]

mod common;

use std::collections::BTreeSet;

use common::{STRATEGIES, TASKS_MAX, beside_busy_tasks, config};
use proptest::prelude::*;
use reveille::{Explore, Failure, Freedom, explore, fair};
use reveille_properties::program::model::{self, Polls, Setting, Spawning};
use reveille_properties::program::{Interpreter, Mode, Program, Step, Then, programs};
use reveille_properties::{Circumstances, cancellations, schedules, starvations};

/// Runs `program`, and holds each outcome against the model.
fn check(explore: Explore, program: &Program, setting: Setting) -> Result<(), Failure> {
    let run = || {
        let program = program.clone();
        async move {
            let outcome = Interpreter { mode: setting.mode, ..Interpreter::default() }.perform(program.clone()).await;
            model::check_in(&program, &outcome, setting)
        }
    };
    explore.deny_detached().run(run).map(drop)
}

fn passes(explore: Explore, program: &Program, mode: Mode) -> Result<(), TestCaseError> {
    check(explore, program, Setting { mode, ..Setting::default() })
        .map_err(|failure| TestCaseError::fail(failure.to_string()))
}

/// One run, as proptest has it.
fn passes_under(these: &Circumstances, program: &Program, mode: Mode) -> Result<(), TestCaseError> {
    passes(these.explore(), program, mode)
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn a_correct_program_passes_under_every_strategy(program in programs(4, 5)) {
        for strategy in STRATEGIES {
            passes(explore().runs(4).strategy(strategy), &program, Mode::Uncut)?;
        }
    }

    /// Where time moves on while a task can run, time-outs may strike as if polls took time; where tasks are polled within
    /// `spawn`, they are as on many threads.
    #[test]
    fn so_it_does_with_every_freedom(program in programs(4, 5)) {
        for freedom in Freedom::ALL {
            let mut setting = Setting::default();
            match freedom {
                Freedom::HeldBack => setting.polls = Polls::Slow,
                Freedom::WithinSpawn => setting.spawning = Spawning::AtOnce,
                _ => {}
            }
            let passed = check(explore().runs(4).freedoms(freedom.name()), &program, setting);
            prop_assert!(passed.is_ok(), "{}", passed.unwrap_err());
        }
    }

    /// The bound that is derived where the workers are, as an oracle. Polls take time, so that timers strike while tasks are busy.
    /// (What is injected from other threads has its bound in `executor/tests/fairness.rs`: a run has none.)
    #[test]
    fn under_the_policy_of_a_pool_nobody_waits_longer_than_it_promises(program in programs(4, 5)) {
        for workers in [1, 3] {
            let run = || {
                let program = program.clone();
                async move {
                    let outcome = beside_busy_tasks(Interpreter::default(), program.clone()).await;
                    model::check_in(&program, &outcome, Setting { polls: Polls::Slow, ..Setting::default() })
                }
            };
            let explore = explore().runs(2).strategy(format!("workers:{workers}")).poll_cost(true);
            let passed = explore.wake_to_poll_max(fair::pool_wait_max(workers, TASKS_MAX)).run(run);
            prop_assert!(passed.is_ok(), "{}", passed.unwrap_err());
        }
    }

    #[test]
    fn so_it_does_under_schedules_that_shrink_with_it(program in programs(4, 5), schedule in schedules()) {
        passes_under(&schedule, &program, Mode::Uncut)?;
    }

    #[test]
    fn so_it_does_when_a_task_is_held_back(program in programs(4, 5), starvation in starvations()) {
        passes_under(&starvation, &program, Mode::Uncut)?;
    }

    #[test]
    fn so_it_does_when_its_tasks_are_dropped_half_way(program in programs(4, 5), cuts in cancellations()) {
        passes_under(&cuts, &program.tame_for_cuts(), Mode::Cuttable)?;
    }

    #[test]
    fn so_it_does_when_polls_take_time(program in programs(4, 5)) {
        let setting = Setting { polls: Polls::Slow, ..Setting::default() };
        let passed = check(explore().runs(10).poll_cost(true), &program, setting);
        prop_assert!(passed.is_ok(), "{}", passed.unwrap_err());
    }

    /// The tape of any run of any program, as text, gives that run again.
    #[test]
    fn a_failing_run_is_repeated_by_its_tape_as_text(program in programs(4, 5), schedule in schedules()) {
        let fails = || {
            let program = program.clone();
            async move {
                Interpreter::default().perform(program).await;
                Err::<(), _>("for the tape")
            }
        };
        let failure = schedule.explore().name("p").run(fails).unwrap_err();
        let tape = failure.tape().unwrap().to_string();
        let again = explore().name("p").replay(tape).run(fails).unwrap_err();
        prop_assert_eq!(again.kind(), Some(reveille::FindingKind::Error), "{}", again);
        prop_assert_eq!(again.tape(), failure.tape());
    }

    /// Whatever is given as a tape: an error or a tape, never a panic; and a tape has one text.
    #[test]
    fn any_text_is_an_error_or_a_tape_with_one_text(text in "(r1\\.[0-9a-f]{4}\\.[-p])?(\\.[a-zZE][0-9]{1,3}-[0-9a-f]{1,4}){0,6}") {
        if let Ok(tape) = text.parse::<reveille::Tape>() {
            prop_assert_eq!(tape.to_string(), text);
        }
    }
}

/// A panic that nobody might receive is a finding of its own, so there is none in correct programs: of a child that is a task, its
/// scope may be gone by the time.
#[test]
fn children_panic_only_where_somebody_is_certain_to_receive_it() {
    let scope = |tasks: Step| Step::Scope { borrowing: 1, cancels: None, bodies: vec![vec![Step::Panic], vec![tasks]] };
    let tamed = |step: Step| Program { tasks: vec![vec![step]] }.tame().tasks.remove(0).remove(0);
    assert_eq!(tamed(scope(Step::Panic)), scope(Step::Panic));
    let beside = |left: Step| Step::Select { left: vec![left], right: vec![Step::Yield], keep: false };
    assert_eq!(tamed(beside(scope(Step::Panic))), beside(scope(Step::Yield)));
    let spawned = |bodies: Step| Step::Spawn(Then::Detach, vec![bodies]);
    let harmless = Step::Scope { borrowing: 1, cancels: None, bodies: vec![vec![Step::Yield]; 2] };
    assert_eq!(tamed(spawned(scope(Step::Panic))), spawned(harmless));
}

/// The suites go through every strategy that there is: `portfolio`, and all that are named where one is asked for that is none.
#[test]
fn no_strategy_is_left_out() {
    let said = explore().strategy("none").run(|| async {}).unwrap_err().to_string();
    let (_, names) = said.split_once("expected ").expect("it says which there are");
    let names = names.lines().next().unwrap();
    // Those with a number are one each.
    let of = |name| str::split(name, ':').next().unwrap();
    let names: BTreeSet<&str> = names.split('`').skip(1).step_by(2).map(of).collect();
    let tried: BTreeSet<&str> = STRATEGIES.into_iter().map(of).collect();
    assert_eq!(tried, names);
}
