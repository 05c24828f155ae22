//! What the executor owes tasks and wakers, over generated programs: every wake leads to a poll, nothing is polled after its
//! end, every future stays in place and is dropped exactly once, and nobody waits longer than there are tasks.

#![cfg(not(loom))]

mod common;

use std::sync::Arc;

use common::{STRATEGIES, config};
use proptest::prelude::*;
use reveille::{Event, Explore, Freedom, Oracle, TaskEnd, TaskId, explore};
use reveille_properties::program::{Interpreter, Mode, Program, programs};
use reveille_properties::protocol::{Census, Protocol};
use reveille_properties::{cancellations, schedules, starvations};

/// Runs `program` with its futures in a census, which is complete when the campaign is over.
fn counted(explore: Explore, program: &Program, mode: Mode) -> Result<(), TestCaseError> {
    let census = Arc::new(Census::default());
    let interpreter = Interpreter { mode, census: census.clone(), ..Interpreter::default() };
    let run = || {
        let (interpreter, program) = (interpreter.clone(), program.clone());
        async move { drop(interpreter.perform(program).await) }
    };
    explore.run(run).map_err(|failure| TestCaseError::fail(failure.to_string()))?;
    prop_assert!(census.made() >= program.tasks.len() as u64);
    census.check().map_err(TestCaseError::fail)
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn under_every_strategy(program in programs(4, 5)) {
        for strategy in STRATEGIES {
            counted(explore().runs(4).strategy(strategy).oracle(Protocol::default), &program, Mode::Uncut)?;
        }
    }

    #[test]
    fn with_every_freedom(program in programs(4, 5)) {
        for freedom in Freedom::ALL {
            counted(explore().runs(4).freedoms(freedom.name()).oracle(Protocol::default), &program, Mode::Uncut)?;
        }
    }

    #[test]
    fn first_in_first_out_nobody_waits_longer_than_there_are_tasks(program in programs(5, 6)) {
        counted(explore().runs(1).oracle(Protocol::fair), &program, Mode::Uncut)?;
    }

    /// The bound that `reveille_executor::Workers` derives, with as many tasks as there ever are; see `executor/src/pool/workers.rs`.
    #[test]
    fn on_workers_nobody_waits_longer_than_the_pool_promises(program in programs(4, 5)) {
        for workers in [1, 2, 4] {
            let tasks = 1 + program.tasks.len() + 2 * program.steps();
            let bound = 61 * (tasks / workers + 1) + 2 * 256;
            let explore = explore().runs(4).strategy(format!("workers:{workers}")).wake_to_poll_max(bound as u64);
            counted(explore.oracle(Protocol::default), &program, Mode::Uncut)?;
        }
    }

    #[test]
    fn when_a_task_is_held_back(program in programs(4, 5), starvation in starvations()) {
        counted(starvation.explore().oracle(Protocol::default), &program, Mode::Uncut)?;
    }

    #[test]
    fn when_tasks_are_dropped_half_way(program in programs(4, 5), cuts in cancellations()) {
        counted(cuts.explore().oracle(Protocol::default), &program.tame_for_cuts(), Mode::Cuttable)?;
    }

    /// The world is dropped while tasks are anywhere: what is left of them is dropped with it.
    #[test]
    fn when_the_root_leaves_early(program in programs(4, 5), schedule in schedules(), polls in 0..20_usize) {
        let census = Arc::new(Census::default());
        let run = || {
            let interpreter = Interpreter { census: census.clone(), ..Interpreter::default() };
            let program = program.clone();
            async move {
                let whole = reveille::spawn(async move { interpreter.perform(program).await });
                for _ in 0..polls {
                    reveille::yield_now().await;
                }
                whole.abort();
            }
        };
        // Its tasks lose their root, and may panic with nobody there to see: only what is counted matters here.
        let _ = schedule.explore().run(run);
        prop_assert_eq!(census.check(), Ok(()));
    }
}

/// The oracle on events that break each of its rules.
#[test]
fn the_oracle_objects_to_each_breach() {
    let (first, second) = (TaskId::new(0), TaskId::new(1));
    let spawned = |task| Event::Spawned { task, by: None };
    let polled = |task| Event::Polled { task };
    let woken = Event::Woken { task: second, by: None };
    let judge = |mut oracle: Protocol, events: &[Event]| {
        events.iter().try_for_each(|event| oracle.event(event)).and_then(|()| oracle.end())
    };
    let begin = [spawned(first), polled(first), spawned(second), polled(second)];
    assert_eq!(judge(Protocol::fair(), &begin), Ok(()));
    let with = |more: &[Event]| [&begin[..], more].concat();
    assert_eq!(judge(Protocol::default(), &with(&[woken])), Err("task 1 was woken and never polled again".into()));
    let after = with(&[Event::Ended { task: second, how: TaskEnd::Completed }, polled(second)]);
    assert_eq!(judge(Protocol::default(), &after), Err("task 1 was polled after its end".into()));
    let late = with(&[woken, polled(first), polled(first), polled(first), polled(second)]);
    assert_eq!(judge(Protocol::fair(), &late), Err("task 1 waited for 3 polls, and there were 2 tasks".into()));
    assert_eq!(judge(Protocol::default(), &late), Ok(()));
}

/// The census on futures that are treated badly.
#[test]
fn the_census_notices_each_breach() {
    let census = Arc::new(Census::default());
    std::mem::forget(census.watch(async {}));
    assert_eq!(census.check(), Err("of 1 futures 0 were dropped".into()));

    let census = Arc::new(Census::default());
    std::mem::forget(census.output(1));
    assert_eq!(census.check(), Err("of 1 outputs 0 were dropped".into()));

    let census = Arc::new(Census::default());
    let mut future = Box::pin(census.watch(std::future::poll_fn(|_| std::task::Poll::Ready(()))));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let _ = future.as_mut().poll(&mut context);
    let _ = future.as_mut().poll(&mut context);
    drop(future);
    assert_eq!(census.check(), Err("1 futures saw 1 polls after completion".into()));
}
