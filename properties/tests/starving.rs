//! Ways to starve somebody, each by itself: it is found as what it is within 1,000 generated cases, and shrinks to three tasks
//! and ten steps at most. Under the same bounds the same programs without a bad habit are silent.
//!
//! `cargo test -p reveille-properties --test starving -- --nocapture` prints the table.

#![cfg(not(loom))]

mod common;

use std::cell::{Cell, RefCell};

use common::config;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use reveille::FindingKind;
use reveille_properties::starving::{Crew, Habit, crews, watchful};
use reveille_properties::{Circumstances, schedules, starvations};

struct Found {
    cases: u32,
    kind: Option<FindingKind>,
    crew: Crew,
    world: Circumstances,
}

/// Generates cases until one fails, and shrinks it.
fn hunt(habit: Option<Habit>, worlds: impl Strategy<Value = Circumstances>, shrinks: u32) -> Option<Found> {
    let cases = Cell::new(0);
    let found = RefCell::new(None);
    let config = Config { max_shrink_iters: shrinks, ..config(1_000) };
    let result = TestRunner::new(config).run(&(crews(4, 4), worlds), |(crew, world)| {
        cases.set(cases.get() + u32::from(found.borrow().is_none()));
        let failure = watchful(world.explore()).run(|| crew.clone().perform(habit)).err();
        // While it shrinks, it is to stay the same.
        let Some(failure) = failure.filter(|failure| found.borrow().is_none_or(|kind| kind == failure.kind())) else {
            return Ok(());
        };
        *found.borrow_mut() = Some(failure.kind());
        Err(TestCaseError::fail(failure.to_string()))
    });
    let Err(TestError::Fail(_, (crew, world))) = result else { return None };
    Some(Found { cases: cases.get(), kind: found.take().flatten(), crew, world })
}

fn is_found(name: &str, found: Option<Found>, expected: FindingKind) {
    let found = found.unwrap_or_else(|| panic!("{name} was not found"));
    let steps: usize = found.crew.tasks.iter().map(Vec::len).sum();
    let kind = found.kind.unwrap_or_else(|| panic!("{name} is no finding"));
    println!("{name:<14} {:>5} {:>5} {steps:>5}  {kind}", found.cases, found.crew.tasks.len());
    assert_eq!(kind, expected, "{name} in {:?} under {:?}", found.crew, found.world);
    assert!(found.crew.tasks.len() <= 3 && steps <= 10, "{name}: {:?} under {:?}", found.crew, found.world);
}

#[test]
fn every_way_to_starve_somebody_is_found_as_what_it_is_and_shrinks() {
    println!("{:<14} {:>5} {:>5} {:>5}  finding", "habit", "cases", "tasks", "steps");
    for habit in Habit::ALL {
        // A poll that never returns is ended after two million rounds: that takes its time.
        let shrinks = if habit == Habit::Hog { 10 } else { 100 };
        is_found(&format!("{habit:?}"), hunt(Some(habit), schedules(), shrinks), habit.finding());
    }
    is_found("HeldBack", hunt(None, starvations(), 100), FindingKind::Unfairness);
}

#[test]
fn without_a_bad_habit_nothing_is_found() {
    let found = hunt(None, schedules(), 200).map(|found| (found.kind, found.crew, found.world));
    assert!(found.is_none(), "{found:?}");
}
