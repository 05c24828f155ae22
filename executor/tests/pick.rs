//! Picking: who is asked what, and what becomes of those that were passed over.

#![cfg(not(loom))]

mod common;

use std::collections::VecDeque;
use std::future::pending;

use common::{Fifo, run_ready};
use reveille_executor::{Choose, Hint, Kind, LocalExecutor, Point, Ran, SCHEDULE_BOUND_MAX, yield_now};

/// Answers with the given numbers, and keeps the bounds it was asked with.
struct Scripted {
    answers: Vec<u32>,
    bounds: Vec<u32>,
}

impl Scripted {
    fn new(answers: &[u32]) -> Self {
        Self { answers: answers.iter().rev().copied().collect(), bounds: Vec::new() }
    }
}

impl Choose for Scripted {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        assert_eq!(point.kind, Kind::SCHEDULE);
        self.bounds.push(point.bound);
        self.answers.pop().expect("no more points than answers")
    }
}

fn with_tasks(tasks: usize) -> LocalExecutor {
    let executor = LocalExecutor::new();
    (0..tasks).for_each(|_| drop(executor.spawn(async {})));
    executor
}

fn order(executor: &LocalExecutor, choose: &mut impl Choose) -> Vec<usize> {
    std::iter::from_fn(|| executor.pick(choose))
        .map(|task| {
            let index = task.id().index();
            assert_eq!(task.run(), Ran::Ready);
            index
        })
        .collect()
}

#[test]
fn the_passed_over_go_to_the_back() {
    let mut choose = Scripted::new(&[2, 0, 2, 1]);
    assert_eq!(order(&with_tasks(5), &mut choose), [2, 3, 1, 0, 4]);
    // A queue of one is not asked about.
    assert_eq!(choose.bounds, [5, 4, 3, 2]);
}

#[test]
fn a_pick_is_a_rotation_of_a_plain_queue() {
    // Against the shortest model there is, with answers from a fixed mixture.
    let executor = with_tasks(100);
    let mut model: VecDeque<usize> = (0..100).collect();
    let answers: Vec<u32> = (0..99_u64).map(|step| (step * 7919 % (100 - step)) as u32).collect();
    let expected: Vec<_> = answers
        .iter()
        .chain([&0])
        .map(|&answer| {
            model.rotate_left(answer as usize);
            model.pop_front().unwrap()
        })
        .collect();
    assert_eq!(order(&executor, &mut Scripted::new(&answers)), expected);
}

#[test]
fn an_answer_out_of_bounds_is_the_last_one() {
    assert_eq!(order(&with_tasks(3), &mut Scripted::new(&[u32::MAX, 2])), [2, 1, 0]);
}

#[test]
fn the_bound_is_capped() {
    let executor = with_tasks(1_000);
    let mut choose = Scripted::new(&[u32::MAX]);
    assert_eq!(executor.pick(&mut choose).unwrap().id().index(), SCHEDULE_BOUND_MAX as usize - 1);
    assert_eq!(choose.bounds, [SCHEDULE_BOUND_MAX]);
}

#[test]
fn the_candidates_can_be_seen() {
    struct Looks(Vec<usize>);
    impl Choose for Looks {
        fn choose(&mut self, point: Point<'_>) -> u32 {
            let Hint::Ready(ready) = point.hint else { panic!("a schedule point names its candidates") };
            self.0 = (0..point.bound).map(|index| ready.task(index).index()).collect();
            1
        }
    }
    let executor = with_tasks(4);
    let mut looks = Looks(Vec::new());
    assert_eq!(executor.pick(&mut looks).unwrap().run(), Ran::Ready);
    assert_eq!(looks.0, [0, 1, 2, 3]);
    let _ = executor.pick(&mut looks).unwrap();
    assert_eq!(looks.0, [2, 3, 0]);
}

#[test]
fn a_task_that_was_picked_and_not_run_goes_to_the_back() {
    let executor = with_tasks(3);
    drop(executor.pick(&mut Fifo));
    assert_eq!(executor.ready(), 3);
    assert_eq!(order(&executor, &mut Fifo), [1, 2, 0]);
}

#[test]
fn a_picked_task_can_be_woken_and_looked_at() {
    let executor = LocalExecutor::new();
    let task = executor.spawn(pending::<()>());
    let picked = executor.pick(&mut Fifo).unwrap();
    executor.for_each_task(|view| assert!(view.running && !view.scheduled && view.live_wakers == 0));
    executor.waker(task.id()).unwrap().wake();
    executor.for_each_task(|view| assert!(view.running && view.scheduled));
    assert_eq!((executor.ready(), picked.run(), executor.ready()), (0, Ran::Pending, 1));
    let _ = run_ready(&executor);
    executor.for_each_task(|view| assert!(!view.running && !view.scheduled));
}

#[test]
fn a_chooser_may_be_a_trait_object() {
    let executor = with_tasks(2);
    let choose: &mut dyn Choose = &mut Fifo;
    assert_eq!(executor.pick(choose).unwrap().run(), Ran::Ready);
}

#[test]
fn the_cost_of_the_front_does_not_depend_on_the_queue() {
    // Yielding tasks keep their order for as long as nobody is passed over, however many there are.
    let executor = LocalExecutor::new();
    const TASKS: usize = 10_000;
    (0..TASKS).for_each(|_| drop(executor.spawn(async { (yield_now().await, yield_now().await).0 })));
    let ids: Vec<_> =
        std::iter::from_fn(|| executor.pick(&mut Fifo)).map(|task| (task.id().index(), task.run()).0).collect();
    assert!(ids.iter().enumerate().all(|(step, id)| *id == step % TASKS));
    assert_eq!(ids.len(), 3 * TASKS);
}
