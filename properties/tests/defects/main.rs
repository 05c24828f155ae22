//! Mistakes that are made in locks, semaphores, channels and queues, planted one at a time: each is found within 1,000
//! generated cases, and shrinks to three tasks and ten steps at most. The programs know of none of them, and without one
//! nothing is found.
//!
//! `cargo test -p reveille-properties --test defects -- --nocapture` prints the table.

#![cfg(not(loom))]

#[path = "../common/mod.rs"]
mod common;
mod parts;
mod queue;
mod scenario;
mod shift;
mod waiters;

use std::cell::Cell;
use std::pin::Pin;

use common::{STRATEGIES, config};
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};
use reveille::explore;
use reveille_properties::{Circumstances, cancellations};
use scenario::{Task, channel, lock, scenarios, semaphore};
use waiters::Flaw;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Lock,
    Semaphore,
    Channel,
    Queue,
}

const PARTS: [Part; 4] = [Part::Lock, Part::Semaphore, Part::Channel, Part::Queue];

const TABLE: [(Part, Flaw); 51] = [
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
    (Part::Queue, Flaw::ForgetsTheNext),
    (Part::Queue, Flaw::LeavesItsEntry),
    (Part::Queue, Flaw::KeepsFirstWaker),
    (Part::Queue, Flaw::LosesWakerOnRepoll),
    (Part::Queue, Flaw::WakesBeforePublishing),
    (Part::Queue, Flaw::WakesNobody),
    (Part::Queue, Flaw::WakesTwo),
    (Part::Queue, Flaw::LastInFirstOut),
    (Part::Queue, Flaw::PassesOnTheTaken),
    (Part::Queue, Flaw::TakesThenWaits),
    (Part::Queue, Flaw::ClosesEarly),
    (Part::Queue, Flaw::ForgetsToClose),
    (Part::Queue, Flaw::CloseWakesOne),
    (Part::Queue, Flaw::LastItemFirst),
    (Part::Queue, Flaw::GivesBackToTheEnd),
    (Part::Queue, Flaw::GivesBackToTheFront),
    (Part::Queue, Flaw::GivesBackInSilence),
    (Part::Queue, Flaw::LosesWhatComesBackLate),
    (Part::Queue, Flaw::UrgentWaitsItsTurn),
    (Part::Queue, Flaw::KeepsWhatItHands),
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
        Part::Queue => Box::pin(shift::queue(tasks, flaw)),
    }
}

/// Generates cases until one fails, and shrinks it.
fn hunt(part: Part, flaw: Option<Flaw>) -> Option<Found> {
    let cases = Cell::new(0);
    let failed = Cell::new(false);
    // Enough to get below the bounds; more makes the smallest case no smaller.
    let config = ProptestConfig { max_shrink_iters: 120, ..config(1_000) };
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

/// The row of one mistake, which is to be found and to become small.
fn row(part: Part, flaw: Flaw) -> String {
    let found = hunt(part, Some(flaw)).unwrap_or_else(|| panic!("{part:?} {flaw:?} was not found"));
    let steps: usize = found.tasks.iter().map(|task| task.steps.len()).sum();
    assert!(found.tasks.len() <= 3 && steps <= 10, "{:?} under {:?}", found.tasks, found.world);
    let (part, flaw) = (format!("{part:?}"), format!("{flaw:?}"));
    format!("{part:<10} {flaw:<24} {:>5} {:>5} {steps:>5}  {}", found.cases, found.tasks.len(), found.said)
}

fn every_mistake_in(part: Part) {
    println!("{:<10} {:<24} {:>5} {:>5} {:>5}  finding", "part", "mistake", "cases", "tasks", "steps");
    for (_, flaw) in TABLE.into_iter().filter(|entry| entry.0 == part) {
        println!("{}", row(part, flaw));
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
fn every_mistake_in_a_queue_is_found_and_shrinks() {
    every_mistake_in(Part::Queue);
}

/// A queue has no room to be wrong about: with this mistake of channels, it makes none.
#[test]
#[should_panic(expected = "Queue OneTooMany was not found")]
fn a_mistake_that_changes_nothing_has_no_row() {
    row(Part::Queue, Flaw::OneTooMany);
}

#[test]
fn without_a_mistake_nothing_is_found() {
    for part in PARTS {
        let found = hunt(part, None).map(|found| (found.tasks, found.world, found.said));
        assert!(found.is_none(), "{part:?}: {found:?}");
    }
}

proptest! {
    #![proptest_config(config(10))]

    #[test]
    fn nor_is_it_under_any_strategy(tasks in scenarios()) {
        for part in PARTS {
            for strategy in STRATEGIES {
                let passed = explore().runs(30).strategy(strategy).run(|| program(part, tasks.clone(), None));
                prop_assert!(passed.is_ok(), "{part:?} under {strategy}: {}", passed.unwrap_err());
            }
        }
    }
}
