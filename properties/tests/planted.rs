//! Mistakes planted in the interpreter of generated programs: each is found by the model of the language, or by the harness
//! itself, and shrinks to a program and a schedule that a person can read.

#![cfg(not(loom))]

mod common;

use std::cell::Cell;

use common::{TASKS_MAX, beside_busy_tasks, config};
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};
use reveille::{Choose, FindingKind, Kind, Point, explore, fair};
use reveille_properties::program::{Defect, Interpreter, Program, model, programs};
use reveille_properties::{Circumstances, schedules};

/// How soon a defect was found, and how small it got.
struct Found {
    cases: u32,
    program: Program,
    schedule: Circumstances,
    /// What the model or the harness said of the smallest case.
    said: String,
}

fn hunt(defect: Option<Defect>, cases: u32) -> Option<Found> {
    let performed = Cell::new(0);
    let failed = Cell::new(false);
    let result = TestRunner::new(config(cases)).run(&(programs(3, 4), schedules()), |(program, schedule)| {
        if !failed.get() {
            performed.set(performed.get() + 1);
        }
        let run = || {
            let program = program.clone();
            async move {
                let outcome = Interpreter { defect, ..Interpreter::default() }.perform(program.clone()).await;
                model::check(&program, &outcome)
            }
        };
        let checked = schedule.explore().deny_detached().run(run);
        failed.set(failed.get() || checked.is_err());
        checked.map(drop).map_err(|failure| TestCaseError::fail(failure.to_string()))
    });
    let Err(TestError::Fail(reason, (program, schedule))) = result else { return None };
    let said = reason.message().lines().nth(1).unwrap_or_default().trim().to_owned();
    Some(Found { cases: performed.get(), program, schedule, said })
}

#[test]
fn every_planted_mistake_is_found_within_1000_cases_and_shrinks() {
    println!("{:<18} {:>5} {:>5} {:>5}  what was said", "mistake", "cases", "tasks", "steps");
    for defect in Defect::ALL {
        let found = hunt(Some(defect), 1_000).unwrap_or_else(|| panic!("{defect:?} was not found in 1,000 cases"));
        let (tasks, steps) = (found.program.tasks.len(), found.program.steps());
        println!("{:<18} {:>5} {tasks:>5} {steps:>5}  {}", format!("{defect:?}"), found.cases, found.said);
        assert!(tasks <= 3 && steps <= 10, "{defect:?} shrank to {:?} under {:?} only", found.program, found.schedule);
    }
}

#[test]
fn without_a_mistake_the_same_cases_find_nothing() {
    assert!(hunt(None, 1_000).is_none());
}

/// A policy with a mistake: what was pushed last is taken first.
struct Newest;

impl Choose for Newest {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        if point.kind == Kind::SCHEDULE { point.bound - 1 } else { 0 }
    }
}

/// Of one worker, which is held to the bound that `programs.rs` holds the real policy to.
#[test]
fn a_policy_that_takes_the_newest_first_is_found_by_any_program() {
    let mut runner = TestRunner::new(config(4));
    let result = runner.run(&programs(4, 5), |program| {
        let run = || {
            let program = program.clone();
            async move { drop(beside_busy_tasks(Interpreter::default(), program).await) }
        };
        let bound = fair::pool_wait_max(1, TASKS_MAX);
        // Less than what a busy task takes: the real policy must not pass for want of turns.
        prop_assert!(bound < 2_000);
        let failure = explore().runs(1).shrink(false).answered_by(|_| Newest).wake_to_poll_max(bound).run(run);
        prop_assert_eq!(failure.err().and_then(|failure| failure.kind()), Some(FindingKind::Unfairness));
        Ok(())
    });
    result.unwrap();
}
