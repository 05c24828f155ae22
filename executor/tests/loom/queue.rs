//! Models of the workers' queues: each entry is handed out once, whoever pushes, pops and steals at the same time.

use loom::sync::Arc;
use loom::thread;
use reveille_executor::{TaskId, Worker, Workers};

use crate::model::{exhaustively, within};

/// All that `worker` can get, by up to `steps` steps.
fn take(worker: &Worker<TaskId>, steps: usize) -> Vec<usize> {
    (0..steps).filter_map(|_| worker.step(|_| 0)).map(TaskId::index).collect()
}

/// Workers whose first has `entries` in its queue.
fn with_entries(workers: usize, entries: u32) -> (Arc<Workers<TaskId>>, Vec<Worker<TaskId>>) {
    let (all, seats) = Workers::new(workers);
    (0..entries).for_each(|n| seats[0].push(TaskId::new(n)));
    (all, seats)
}

fn assert_each_once(mut taken: Vec<usize>, entries: usize) {
    taken.sort_unstable();
    assert_eq!(taken, (0..entries).collect::<Vec<_>>(), "each entry is handed out once");
}

#[test]
fn an_owner_and_a_thief_share_the_entries() {
    exhaustively("queue, pops against a thief", || {
        let (_all, mut seats) = with_entries(2, 3);
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
#[test]
fn a_slot_is_written_again_only_after_it_was_read() {
    within(3, "queue, pushes around the ring against a thief", || {
        let (_all, mut seats) = with_entries(2, 4);
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

#[test]
fn two_thieves_do_not_get_the_same() {
    within(3, "queue, two thieves", || {
        let (_all, mut seats) = with_entries(3, 3);
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
#[test]
fn what_was_stolen_can_be_stolen() {
    within(3, "queue, a thief robbed", || {
        let (_all, mut seats) = with_entries(3, 4);
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

#[test]
fn what_does_not_fit_goes_to_the_injector() {
    exhaustively("queue, overflow against a thief", || {
        let (_all, mut seats) = with_entries(2, 4);
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
#[test]
fn what_goes_with_an_entry_goes_on_with_it_from_thief_to_thief() {
    within(2, "queue, what goes on with an entry", || {
        let (_all, mut seats) = Workers::new(3);
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
#[test]
fn an_entry_brings_along_what_was_written_before_it() {
    for is_injected in [false, true] {
        exhaustively("queue, what goes with an entry", move || {
            let (all, mut seats) = Workers::new(2);
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
