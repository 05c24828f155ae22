//! Reading a report, line by line, and what to do about each finding.
//!
//! A mailbox, in which whoever sends looks for a waiting receiver before it puts the letter in:
//!
//! ```
//! use std::cell::{Cell, RefCell};
//! use std::future::poll_fn;
//! use std::rc::Rc;
//! use std::task::{Poll, Waker};
//!
//! #[derive(Default)]
//! struct Mailbox {
//!     letter: Cell<Option<u32>>,
//!     receiver: RefCell<Option<Waker>>,
//! }
//!
//! impl Mailbox {
//!     async fn send(&self, letter: u32) {
//!         let receiver = self.receiver.take();
//!         reveille::yield_now().await; // the letter is sealed
//!         self.letter.set(Some(letter));
//!         receiver.into_iter().for_each(Waker::wake);
//!     }
//!
//!     async fn receive(&self) -> u32 {
//!         poll_fn(|cx| match self.letter.take() {
//!             Some(letter) => Poll::Ready(letter),
//!             None => {
//!                 self.receiver.replace(Some(cx.waker().clone()));
//!                 Poll::Pending
//!             }
//!         })
//!         .await
//!     }
//! }
//!
//! async fn a_letter_arrives() {
//!     let mailbox = Rc::new(Mailbox::default());
//!     let reader = mailbox.clone();
//!     let received = reveille::spawn(async move { reader.receive().await });
//!     mailbox.send(7).await;
//!     assert_eq!(received.await.unwrap(), 7);
//! }
//!
//! let report = reveille::explore().run(a_letter_arrives).unwrap_err().to_string();
//! for line in ["could have run, and nobody woke it", "polled once more, it completes", "choices: ", "replay: "] {
//!     assert!(report.contains(line), "{report}");
//! }
//! ```
//!
//! From the top of what it prints:
//!
//! | line | what it says |
//! |---|---|
//! | `lost wakeup in .. (run 1 of 1000, seed 1)` | the *kind* of finding ([`FindingKind`](crate::FindingKind)), the test, and which run it was; `REVEILLE_SEED=1` is that run |
//! | `task 1 (spawned at ..) could have run` | the task that is to blame or to be pitied, by where it was spawned |
//! | `awaits  src/mail.rs:28   in ..::receive` | the chain of awaits in which it stands, yours first: the line to look at |
//! | `through tokio::sync::..` | the future of another crate at the end of the chain, if it is one |
//! | `its last waker was dropped at ..` | with a *dead waker*: who threw away the only means of waking it |
//! | `polled once more, it completes` | how it is known: the task was polled in a repetition of the run, after everything had stopped |
//! | `also: ..` | others that were stuck, and are not the cause |
//! | `choices: 1 of 5 unusual` | what it took: 0 is the usual answer (the next in line, no fault), and few others are left after shrinking |
//! | `step 3: task 0 instead of task 1` | such a choice: whose turn it would have been |
//! | `shrunk: from 9 unusual, in 120 replays` | how far that is from the run that was found; *there may be a smaller run* if replays were used up (500, or five seconds) |
//! | `schedule:` | a column for each task that matters: what was polled, woken, dropped, and when time passed; `REVEILLE_ROWS=all` shows the rows that are folded |
//! | `replay: REVEILLE_REPLAY=r1.. cargo test ..` | the command that repeats exactly this run, on any machine |
//! | `kept in reveille-regressions/..` | the same, in a file to be committed: it is repeated first from now on |
//!
//! A debugger can be used with a replay: nothing is measured in real time. [`explaining`](crate::explaining) tells a program that it is
//! being repeated for a report, so that it can print more then; the feature `tracing` prints its events with virtual time.
//!
//! If the report says that no line is known, the build has no line tables: `debug = "line-tables-only"` in the profile is enough.
//!
//! # What to do about each
//!
//! | finding | where to look |
//! |---|---|
//! | dead waker | a `poll` that returned `Pending` and stored no waker, or one that was replaced: a second waiter overwrote the first, or the place was cleared |
//! | lost wakeup | state is changed and the waker is not called, or was called before the change; a check and the registration stand in two locks |
//! | deadlock | each task of the report waits for another: see whose guard is alive across which await; or the notification came when nobody waited yet |
//! | stuck, cause unknown | behind a `FuturesUnordered`: wrap its children in [`leaf`](fn@crate::leaf), and they are told apart |
//! | futurelock, starved leaf | [`futurelock`](super::futurelock), [`starved_leaf`](super::starved_leaf) |
//! | livelock, unfairness | [`livelock`](super::livelock), [`unfairness`](super::unfairness) |
//! | endless poll, aborted | [`endless_poll`](super::endless_poll), [`aborted`](super::aborted) |
//! | panic | the first panic is shown first: the later ones are its echo in others' `unwrap`. If it is `Elapsed`, of a time-out of the test's own, [leave that out](super::getting_started#leave-time-outs-out): what is behind it is told then |
//! | error | the test returned `Err`, which is printed: a `?` of its own came to it |
//! | oracle | the sentence is your own [`Oracle`](crate::Oracle)'s, said at the event at which it objected |
//! | nondeterminism | [`nondeterminism`](super::nondeterminism): a clock, a hash map's order, a `static`, or another thread in the program |
//! | foreign wake | a thread of the program's own, or of another runtime, woke a task, and no tape can repeat when: let a task do that work, or [`spawn_blocking`](crate::spawn_blocking) |
//! | broken by a cut, cut short, dropped value, leak, late effect | [`cancel`](crate::cancel): which await was cut, and what the future held there |
//! | poll after ready | a `select!` in a loop: `fuse` the future, or guard its branch |
//! | detached task | await its handle, or declare it a daemon: [`task::Builder::daemon`](crate::task::Builder::daemon) |
//! | never happened | a [`sometimes!`](crate::sometimes) that no run came to: the test does not reach what it is about |
//! | limit reached | the busiest task is named; a limit is [`Explore::limits`](crate::Explore::limits) |
