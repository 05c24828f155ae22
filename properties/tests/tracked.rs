//! Tracked values under generated cancellations. What each task has of them is counted beside: a value is lost if it was made and never
//! settled, and then that is the finding; and programs that never wait while they have one never lose one.

#![cfg(not(loom))]

mod common;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use common::config;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use reveille::cancel::{Tracked, cancellable, track};
use reveille::{FindingKind, spawn, yield_now};
use reveille_properties::{Circumstances, cancellations};
use tokio::sync::mpsc;

/// A task, which may be dropped at any of its awaits, and is aborted after so many turns of the root, if at all.
type Task = (Vec<Do>, Option<u8>);

/// The most turns of the root.
const TURNS: u8 = 8;

/// What a task does.
#[derive(Clone, Copy, Debug)]
enum Do {
    Yield,
    /// Makes a value and hands it on at once, to a task that nobody drops.
    Post,
    /// Makes a value and settles it at once.
    Settle,
    /// Makes a value and has it for so many awaits.
    Keep(u8),
    /// Makes a value and hands it on where there is room for one: the value waits with its sender.
    Send,
}

fn tasks(step: impl Strategy<Value = Do>) -> impl Strategy<Value = Vec<Task>> {
    vec((vec(step, 0..5), prop::option::weighted(0.2, 0..TURNS)), 1..5)
}

/// Values that were made, less those that were settled.
type Missing = Rc<Cell<u64>>;

fn made(missing: &Missing) -> Tracked<Missing> {
    missing.set(missing.get() + 1);
    track(missing.clone())
}

fn settled(value: Tracked<Missing>) {
    let missing = value.settle();
    missing.set(missing.get() - 1);
}

async fn perform(
    steps: Vec<Do>,
    missing: Missing,
    post: mpsc::UnboundedSender<Tracked<Missing>>,
    send: mpsc::Sender<Tracked<Missing>>,
) {
    for step in steps {
        match step {
            Do::Yield => yield_now().await,
            Do::Post => drop(post.send(made(&missing))),
            Do::Settle => settled(made(&missing)),
            Do::Keep(awaits) => {
                let value = made(&missing);
                for _ in 0..awaits {
                    yield_now().await;
                }
                settled(value);
            }
            Do::Send => drop(send.send(made(&missing)).await),
        }
    }
}

/// Performs `tasks`, and says in `lost` how many values never arrived.
async fn program(tasks: Vec<Task>, lost: Arc<AtomicU64>) {
    let missing = Missing::default();
    let (post, mut posted) = mpsc::unbounded_channel();
    let (send, mut sent) = mpsc::channel(1);
    let drains = [
        spawn(async move {
            while let Some(value) = posted.recv().await {
                settled(value);
            }
        }),
        spawn(async move {
            while let Some(value) = sent.recv().await {
                settled(value);
            }
        }),
    ];
    let begin = |(steps, aborted): Task| {
        (spawn(cancellable(perform(steps, missing.clone(), post.clone(), send.clone()))), aborted)
    };
    let tasks: Vec<_> = tasks.into_iter().map(begin).collect();
    drop((post, send));
    for turn in 0..TURNS {
        let due = tasks.iter().filter(|(_, aborted)| *aborted == Some(turn));
        due.for_each(|(task, _)| task.abort());
        yield_now().await;
    }
    for (task, aborted) in tasks {
        assert!(task.await.is_ok() || aborted.is_some());
    }
    for drain in drains {
        drain.await.unwrap();
    }
    lost.store(missing.get(), Ordering::Relaxed);
}

/// How many values are lost, and whether that was found.
fn lost(tasks: &[Task], world: &Circumstances) -> Result<(u64, bool), TestCaseError> {
    let lost = Arc::new(AtomicU64::new(0));
    let kind = world.explore().run(|| program(tasks.to_vec(), lost.clone())).err().map(|failure| failure.kind());
    prop_assert!(matches!(kind, None | Some(Some(FindingKind::DroppedValue))), "{kind:?}");
    Ok((lost.load(Ordering::Relaxed), kind.is_some()))
}

#[test]
fn a_value_is_lost_exactly_if_it_never_arrives() {
    let step = prop_oneof![
        2 => Just(Do::Yield),
        1 => Just(Do::Post),
        1 => Just(Do::Settle),
        2 => (0..4_u8).prop_map(Do::Keep),
        2 => Just(Do::Send),
    ];
    let (losses, arrivals) = (Cell::new(0), Cell::new(0));
    let result = TestRunner::new(config(1_000)).run(&(tasks(step), cancellations()), |(tasks, world)| {
        let (lost, found) = lost(&tasks, &world)?;
        let count = if found { &losses } else { &arrivals };
        count.set(count.get() + 1);
        prop_assert_eq!(lost > 0, found, "{} values were lost", lost);
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    assert!(losses.get() > 50 && arrivals.get() > 50, "{losses:?} cases lose something, {arrivals:?} nothing");
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn who_never_waits_with_a_value_never_loses_one(
        tasks in tasks(prop_oneof![Just(Do::Yield), Just(Do::Post), Just(Do::Settle)]),
        world in cancellations(),
    ) {
        prop_assert_eq!(lost(&tasks, &world)?, (0, false));
    }
}
