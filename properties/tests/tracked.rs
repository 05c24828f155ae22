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

/// What a task does, which may be dropped at any of its awaits.
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
async fn program(tasks: Vec<Vec<Do>>, lost: Arc<AtomicU64>) {
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
    let begin = |steps| spawn(cancellable(perform(steps, missing.clone(), post.clone(), send.clone())));
    let tasks: Vec<_> = tasks.into_iter().map(begin).collect();
    drop((post, send));
    for task in tasks {
        task.await.unwrap();
    }
    for drain in drains {
        drain.await.unwrap();
    }
    lost.store(missing.get(), Ordering::Relaxed);
}

/// How many values are lost, and whether that was found.
fn lost(tasks: &[Vec<Do>], world: &Circumstances) -> Result<(u64, bool), TestCaseError> {
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
    let result =
        TestRunner::new(config(1_000)).run(&(vec(vec(step, 0..5), 1..5), cancellations()), |(tasks, world)| {
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
        tasks in vec(vec(prop_oneof![Just(Do::Yield), Just(Do::Post), Just(Do::Settle)], 0..5), 1..5),
        world in cancellations(),
    ) {
        prop_assert_eq!(lost(&tasks, &world)?, (0, false));
    }
}
