//! Mistakes that are made in locks, semaphores and channels, planted one at a time: each is found within 1,000 generated
//! cases, and shrinks to three tasks and ten steps at most. The programs know of none of them, and without one nothing is
//! found.
//!
//! `cargo test -p reveille-properties --test defects -- --nocapture` prints the table.

#![cfg(not(loom))]

#[path = "../common/mod.rs"]
mod common;
mod parts;
mod scenario;
mod waiters;

use std::cell::Cell;
use std::pin::Pin;

use common::config;
use proptest::test_runner::{Config, TestError, TestRunner};
use reveille_properties::{Circumstances, cancellations};
use scenario::{Task, channel, lock, scenarios, semaphore};
use waiters::Flaw;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Lock,
    Semaphore,
    Channel,
}

const TABLE: [(Part, Flaw); 31] = [
    (Part::Lock, Flaw::ForgetsTheNext),
    (Part::Lock, Flaw::LeavesItsEntry),
    (Part::Lock, Flaw::KeepsFirstWaker),
    (Part::Lock, Flaw::LosesWakerOnRepoll),
    (Part::Lock, Flaw::WakesBeforePublishing),
    (Part::Lock, Flaw::WakesNobody),
    (Part::Lock, Flaw::WakesTwo),
    (Part::Lock, Flaw::LastInFirstOut),
    (Part::Lock, Flaw::CountsTheDropped),
    (Part::Lock, Flaw::Barges),
    (Part::Lock, Flaw::ReleasesEarly),
    (Part::Semaphore, Flaw::ForgetsTheNext),
    (Part::Semaphore, Flaw::LeavesItsEntry),
    (Part::Semaphore, Flaw::LosesWakerOnRepoll),
    (Part::Semaphore, Flaw::WakesBeforePublishing),
    (Part::Semaphore, Flaw::WakesNobody),
    (Part::Semaphore, Flaw::WakesTwo),
    (Part::Semaphore, Flaw::CountsTheDropped),
    (Part::Channel, Flaw::KeepsFirstWaker),
    (Part::Channel, Flaw::LosesWakerOnRepoll),
    (Part::Channel, Flaw::WakesNobody),
    (Part::Channel, Flaw::TakesThenWaits),
    (Part::Channel, Flaw::ClosesEarly),
    (Part::Channel, Flaw::ForgetsToClose),
    (Part::Channel, Flaw::CloseWakesOne),
    (Part::Channel, Flaw::ForgetsTheSenders),
    (Part::Channel, Flaw::OneTooMany),
    (Part::Channel, Flaw::LastItemFirst),
    (Part::Channel, Flaw::DeliversTwice),
    (Part::Channel, Flaw::Overwrites),
    (Part::Channel, Flaw::SendsBeforeThereIsRoom),
];

struct Found {
    cases: u32,
    tasks: Vec<Task>,
    world: Circumstances,
    said: String,
}

fn program(part: Part, tasks: Vec<Task>, flaw: Option<Flaw>) -> Pin<Box<dyn Future<Output = ()>>> {
    match part {
        Part::Lock => Box::pin(lock(tasks, flaw)),
        Part::Semaphore => Box::pin(semaphore(tasks, flaw)),
        Part::Channel => Box::pin(channel(tasks, flaw)),
    }
}

/// Generates cases until one fails, and shrinks it.
fn hunt(part: Part, flaw: Option<Flaw>) -> Option<Found> {
    let cases = Cell::new(0);
    let failed = Cell::new(false);
    // Enough to get below the bounds; more makes the smallest case no smaller.
    let config = Config { max_shrink_iters: 120, ..config(1_000) };
    let result = TestRunner::new(config).run(&(scenarios(), cancellations()), |(tasks, world)| {
        cases.set(cases.get() + u32::from(!failed.get()));
        let checked = world.check(|| program(part, tasks.clone(), flaw));
        failed.set(failed.get() || checked.is_err());
        checked
    });
    let Err(TestError::Fail(reason, (tasks, world))) = result else { return None };

    let said = reason.message().trim_start().lines().next().unwrap_or_default();
    let said = said.split(" in `").next().unwrap_or_default().trim_start_matches("reveille: ").to_owned();
    Some(Found { cases: cases.get(), tasks, world, said })
}

fn every_mistake_in(part: Part) {
    println!("{:<10} {:<24} {:>5} {:>5} {:>5}  finding", "part", "mistake", "cases", "tasks", "steps");
    for (_, flaw) in TABLE.into_iter().filter(|entry| entry.0 == part) {
        let found = hunt(part, Some(flaw)).unwrap_or_else(|| panic!("{part:?} {flaw:?} was not found"));
        let steps: usize = found.tasks.iter().map(|task| task.steps.len()).sum();
        let (part, flaw) = (format!("{part:?}"), format!("{flaw:?}"));
        println!("{part:<10} {flaw:<24} {:>5} {:>5} {steps:>5}  {}", found.cases, found.tasks.len(), found.said);
        assert!(found.tasks.len() <= 3 && steps <= 10, "{:?} under {:?}", found.tasks, found.world);
    }
}

#[test]
fn every_mistake_in_a_lock_is_found_and_shrinks() {
    every_mistake_in(Part::Lock);
}

#[test]
fn every_mistake_in_a_semaphore_is_found_and_shrinks() {
    every_mistake_in(Part::Semaphore);
}

#[test]
fn every_mistake_in_a_channel_is_found_and_shrinks() {
    every_mistake_in(Part::Channel);
}

#[test]
fn without_a_mistake_nothing_is_found() {
    for part in [Part::Lock, Part::Semaphore, Part::Channel] {
        let found = hunt(part, None).map(|found| (found.tasks, found.world, found.said));
        assert!(found.is_none(), "{part:?}: {found:?}");
    }
}
