//! How it works inside, for those who want to know what a pass is worth, or to read the source.
//!
//! `ARCHITECTURE.md` in the repository has the decisions and their reasons, file by file. This page has the two ways through the code that
//! explain the rest.
//!
//! # One wake, from the leaf to the run queue
//!
//! Code under test calls [`Waker::wake`](std::task::Waker::wake) on what its last poll was lent. That is a reference to the task's cell, which is one
//! allocation: a state word, the future, later its output. The wake is one atomic read-modify-write of that word, and
//! whoever sets its bit *scheduled* puts the task on the run queue: here, if it is the thread of the run, else by way of an inbox, and a run
//! that finds anything there says [foreign wake](crate::FindingKind::ForeignWake).
//!
//! The loop of a run then has a decision to make: which of the tasks on the queue is polled? It asks a [`Choose`](crate::Choose), as for
//! everything that the program leaves open. Answer 0 is the task that came first; answer *n* passes over *n* tasks, which go to the back. The answer is
//! noted on the tape and folded into the digest, the task is polled, and what the poll came to is folded in as well. When nothing can run,
//! time jumps to the next timer or packet.
//!
//! Whatever answers, the run is the same where the answers are. That is all there is to a replay, and to a seed:
//!
//! ```
//! use reveille::{Choose, Point, explore, spawn};
//!
//! /// Always the last of those who may run.
//! struct Last;
//!
//! impl Choose for Last {
//!     fn choose(&mut self, point: Point<'_>) -> u32 {
//!         point.bound - 1
//!     }
//! }
//!
//! async fn three_tasks() -> Result<(), &'static str> {
//!     (0..3).for_each(|_| drop(spawn(async {})));
//!     Err("to see the tape")
//! }
//!
//! let failure = explore().name("three").shrink(false).runs(1).answered_by(|_seed| Last).run(three_tasks).unwrap_err();
//! let tape = failure.tape().unwrap();
//! // Of three tasks the last, then of two: the third has nobody left to be chosen from.
//! assert_eq!(tape.unusual(), 2);
//! let again = explore().name("three").shrink(false).replay(tape.to_string()).run(three_tasks).unwrap_err();
//! assert_eq!(again.tape(), Some(tape));
//! ```
//!
//! # One failure, from the choice to the report
//!
//! 1. The run ends: the root is done and nothing else can run, or nothing can move, or a limit is reached. A look at the world as it stands says
//!    whether anything is wrong with it. No stack was walked and no event kept for that, so runs that pass cost little.
//! 2. The run is repeated from its tape and the digests are compared. If they differ, the program does not repeat itself, and that is the
//!    finding; two traces say where they part. (Of runs that pass eleven in a thousand are repeated in the same way.)
//! 3. Each task that waits is looked into in a replay of its own. Its last poll gets a waker that equals no other, so whatever it waits for has to
//!    take a clone of it, and the stack of that clone is where it waits *now*. Then it is polled once more, out of turn: if that moves it,
//!    it could have gone on, and nobody had woken it.
//! 4. The tape is made small: parts are left out and answers set to 0 as long as the run fails in the same way.
//! 5. The small run is explained in the place of the first, its schedule is drawn, and it is performed a last time with
//!    [`explaining`](crate::explaining) true.
//!
//! So a report costs some hundred runs, all of them short, and a run that passes costs itself.
//!
//! # What is under it
//!
//! `reveille-executor` has the cell, the queues, and the scopes, and all `unsafe` code but that of `reveille-interpose`; loom checks it, and mutants
//! of it must die. `reveille-reactor` has timers, the network and the disks, as values that are told what happens and asked what comes next; its sockets are
//! written once, and scripts are played on them over the simulated kernel and over the real one. Both can be used without this crate.
