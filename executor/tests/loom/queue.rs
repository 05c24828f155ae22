//! Models of the workers' queues, each of the ring and of the locked queue: each entry is handed out once, whoever pushes, pops
//! and steals at the same time.

use loom::sync::Arc;
use loom::thread;
use reveille_executor::{LocalQueue, Locked, Ring, TaskId, Worker, Workers};

use crate::model::{exhaustively, within};

/// What waits in a queue of these models.
trait Queue: LocalQueue<TaskId> {}

impl<Q: LocalQueue<TaskId>> Queue for Q {}

/// Each of these models, of every sort of queue.
macro_rules! of_each_queue {
    ($($model:ident)*) => {
        mod ring {
            $(#[test] fn $model() { super::$model::<super::Ring<_>>("ring"); })*
        }
        mod locked {
            $(#[test] fn $model() { super::$model::<super::Locked<_>>("locked"); })*
        }
    };
}

of_each_queue! {
    an_owner_and_a_thief_share_the_entries
    a_slot_is_written_again_only_after_it_was_read
    two_thieves_do_not_get_the_same
    what_was_stolen_can_be_stolen
    what_does_not_fit_goes_to_the_injector
    what_goes_with_an_entry_goes_on_with_it_from_thief_to_thief
    an_entry_brings_along_what_was_written_before_it
}

/// All that `worker` can get, by up to `steps` steps.
fn take<Q: Queue>(worker: &Worker<TaskId, Q>, steps: usize) -> Vec<usize> {
    (0..steps).filter_map(|_| worker.step(|_| 0)).map(TaskId::index).collect()
}

/// Workers whose first has `entries` in its queue.
fn with_entries<Q: Queue>(workers: usize, entries: u32) -> (Arc<Workers<TaskId, Q>>, Vec<Worker<TaskId, Q>>) {
    let (all, seats) = Workers::with_queues(workers);
    (0..entries).for_each(|n| seats[0].push(TaskId::new(n)));
    (all, seats)
}

fn assert_each_once(mut taken: Vec<usize>, entries: usize) {
    taken.sort_unstable();
    assert_eq!(taken, (0..entries).collect::<Vec<_>>(), "each entry is handed out once");
}

fn an_owner_and_a_thief_share_the_entries<Q: Queue>(queue: &str) {
    exhaustively(&format!("{queue}, pops against a thief"), || {
        let (_all, mut seats) = with_entries::<Q>(2, 3);
        let thief = seats.pop().unwrap();
        let owner = seats.pop().unwrap();
        let thread = thread::spawn(move || {
            let taken = take(&thief, 2);
            (taken, thief)
        });
        let mut taken = take(&owner, 2);
        let (stolen, thief) = thread.join().unwrap();
        taken.extend(stolen);
        taken.extend(take(&owner, 4));
        taken.extend(take(&thief, 4));
        assert_each_once(taken, 3);
    });
}

/// The ring goes round: slots that a thief may be reading are written again.
fn a_slot_is_written_again_only_after_it_was_read<Q: Queue>(queue: &str) {
    within(3, &format!("{queue}, pushes around the ring against a thief"), || {
        let (_all, mut seats) = with_entries::<Q>(2, 4);
        let thief = seats.pop().unwrap();
        let owner = seats.pop().unwrap();
        let thread = thread::spawn(move || {
            let taken = take(&thief, 1);
            (taken, thief)
        });
        let mut taken = take(&owner, 1);
        owner.push(TaskId::new(4));
        taken.extend(take(&owner, 1));
        owner.push(TaskId::new(5));
        let (stolen, thief) = thread.join().unwrap();
        taken.extend(stolen);
        taken.extend(take(&owner, 8));
        taken.extend(take(&thief, 8));
        assert_each_once(taken, 6);
    });
}

fn two_thieves_do_not_get_the_same<Q: Queue>(queue: &str) {
    within(3, &format!("{queue}, two thieves"), || {
        let (_all, mut seats) = with_entries::<Q>(3, 3);
        let threads: Vec<_> = seats
            .drain(1..)
            .map(|thief| {
                thread::spawn(move || {
                    let taken = take(&thief, 1);
                    (taken, thief)
                })
            })
            .collect();
        let mut taken = take(&seats[0], 1);
        for thread in threads {
            let (stolen, thief) = thread.join().unwrap();
            taken.extend(stolen);
            taken.extend(take(&thief, 4));
        }
        taken.extend(take(&seats[0], 4));
        assert_each_once(taken, 3);
    });
}

/// What was stolen is stolen again before the first thief got to it.
fn what_was_stolen_can_be_stolen<Q: Queue>(queue: &str) {
    within(3, &format!("{queue}, a thief robbed"), || {
        let (_all, mut seats) = with_entries::<Q>(3, 4);
        let second = seats.pop().unwrap();
        let first = seats.pop().unwrap();
        let thread = thread::spawn(move || {
            let taken = take(&first, 1);
            (taken, first)
        });
        let mut taken: Vec<_> = second.step(|_| 1).into_iter().map(TaskId::index).collect();
        let (stolen, first) = thread.join().unwrap();
        taken.extend(stolen);
        for worker in [&seats[0], &first, &second] {
            taken.extend(take(worker, 5));
        }
        assert_each_once(taken, 4);
    });
}

fn what_does_not_fit_goes_to_the_injector<Q: Queue>(queue: &str) {
    exhaustively(&format!("{queue}, overflow against a thief"), || {
        let (_all, mut seats) = with_entries::<Q>(2, 4);
        let thief = seats.pop().unwrap();
        let owner = seats.pop().unwrap();
        let thread = thread::spawn(move || {
            let taken = take(&thief, 1);
            (taken, thief)
        });
        owner.push(TaskId::new(4));
        let (mut taken, thief) = thread.join().unwrap();
        taken.extend(take(&owner, 6));
        taken.extend(take(&thief, 6));
        assert_each_once(taken, 5);
    });
}

/// What was written before a push is seen by who robs the thief.
fn what_goes_with_an_entry_goes_on_with_it_from_thief_to_thief<Q: Queue>(queue: &str) {
    within(2, &format!("{queue}, what goes on with an entry"), || {
        let (_all, mut seats) = Workers::<_, Q>::with_queues(3);
        let second = seats.pop().unwrap();
        let first = seats.pop().unwrap();
        let written = Arc::new(loom::cell::UnsafeCell::new(0));
        let read = Arc::clone(&written);
        let threads = [
            thread::spawn(move || {
                first.step(|_| 0);
                first
            }),
            thread::spawn(move || {
                if second.step(|_| 1).is_some() {
                    // SAFETY: that this is ordered is what loom checks.
                    assert_eq!(read.with(|value| unsafe { *value }), 42);
                }
                second
            }),
        ];
        // SAFETY: as above.
        written.with_mut(|value| unsafe { *value = 42 });
        (0..3).for_each(|n| seats[0].push(TaskId::new(n)));
        threads.into_iter().for_each(|thread| drop(thread.join().unwrap()));
    });
}

/// What an entry stands for goes with it: what its pusher wrote is seen by who is handed it.
fn an_entry_brings_along_what_was_written_before_it<Q: Queue>(queue: &str) {
    for is_injected in [false, true] {
        exhaustively(&format!("{queue}, what goes with an entry"), move || {
            let (all, mut seats) = Workers::<_, Q>::with_queues(2);
            let thief = seats.pop().unwrap();
            let owner = seats.pop().unwrap();
            let written = Arc::new(loom::cell::UnsafeCell::new(0));
            let read = Arc::clone(&written);
            let thread = thread::spawn(move || {
                if thief.step(|_| 0).is_some() {
                    // SAFETY: that this is ordered is what loom checks.
                    assert_eq!(read.with(|value| unsafe { *value }), 42);
                }
            });
            // SAFETY: as above.
            written.with_mut(|value| unsafe { *value = 42 });
            if is_injected {
                assert!(all.inject(TaskId::new(0)))
            } else {
                owner.push(TaskId::new(0))
            }
            thread.join().unwrap();
        });
    }
}
