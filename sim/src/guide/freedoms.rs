//! Freedoms: what an executor may do that most executors seldom do.
//!
//! **What it means.** A report that says "needs the freedom .." is about code that works on an executor with good manners and is
//! wrong by the contract of [`Future`] and [`Waker`](std::task::Waker): on another executor, or when a library polls it in
//! another way, it breaks. The run passes without the freedom; that was tried.
//!
//! **Which there are.** [`Freedom`](crate::Freedom) names each with the sentence of the contract that allows it. Under the default strategy
//! the seed says which of the default ones a run has: of 37 seeds 34 have none. [`Explore::freedoms`](crate::Explore::freedoms),
//! `#[reveille::test(freedoms = "..")]` and `REVEILLE_FREEDOMS=..` ask for others. [`Passed::exercised`](crate::Passed::exercised) says how
//! often each was taken; one that was asked for and never taken has tested nothing, and the report of a passed test says so.
//!
//! **Polled from elsewhere than last time.** A future is pinned, and no sentence says from where it is polled. Under `inline-wake` and
//! `within-spawn` a task that the executor's loop has polled before is polled within a poll of another task: deeper in the stack, with that
//! task's locks held, its `RefCell`s borrowed, and its thread-locals set (who is logged in, which span is open). Polls of a task on several
//! threads are absent: futures of a run need not be `Send`, and since polls of a task never overlap, all that one could notice are its
//! thread-locals. For threads there are the `Pool` of `reveille-executor`, and loom.
//!
//! **An example.** Whoever takes a second poll for the event is wrong under `spurious`:
//!
//! ```
//! use std::{future::poll_fn, pin::pin, task::Poll};
//!
//! use reveille::time::{Duration, Instant, sleep};
//! use reveille::{Freedom, explore};
//!
//! async fn a_minute() {
//!     let mut timer = pin!(sleep(Duration::from_secs(60)));
//!     let mut asked = false;
//!     poll_fn(|context| match std::mem::replace(&mut asked, true) {
//!         false => timer.as_mut().poll(context), // mended: so in every poll
//!         true => Poll::Ready(()),
//!     })
//!     .await;
//! }
//!
//! let program = || async {
//!     let start = Instant::now();
//!     a_minute().await;
//!     assert_eq!(start.elapsed(), Duration::from_secs(60));
//! };
//! explore().freedoms("none").run(program).unwrap();
//! let failure = explore().freedoms("spurious").run(program).unwrap_err();
//! assert_eq!(failure.freedoms(), [Freedom::Spurious]);
//! ```
//!
//! **How to mend it.**
//!
//! * `spurious`: look at what is waited for in every poll, and register the waker again when it is not there.
//! * `fresh-wakers`, `stale-wakers`: keep the waker of the last poll. `if !kept.will_wake(waker) { kept = waker.clone() }` is right,
//!   [`Waker::clone_from`](std::task::Waker::clone_from) does it; so is keeping it always.
//! * `held-back`: when a time-out has struck, look once more whether the answer is there, or take both as possible.
//! * `late-drops`: what must be over when a task has ended is done by the task, not by the drop of its future.
//! * `inline-wake`: take wakers out under the lock, and wake when it is released.
//! * `within-spawn`: what the new task needs is there before it is spawned; no lock is held and no `RefCell` borrowed meanwhile.
//!
//! **Crates that wake under a lock**, which hang under `inline-wake`; the hang is reported by the
//! [watchdog](crate::Explore::watchdog), since one thread waits for itself, and ends the process. tokio's `Semaphore::close` up to 1.53.2
//! ([PR 8529](https://github.com/tokio-rs/tokio/pull/8529)), and with it closing a channel or a semaphore on which somebody waits, is in the
//! gallery. So do channels and locks on `event-listener` 5.4 (`async-channel`, `async-lock`, `async-broadcast`, parts of `moka`), `flume` 0.11, `kanal` 0.1,
//! `postage` 0.5, `crossfire` 2, `futures` 0.3 (`mpsc` when a full channel has room again, `Shared`), and the sets of `futures-concurrency` 7: a program that
//! uses them is explored under the other freedoms. tokio's `watch`, and what is built on it (`Barrier`), wakes those who wait in an order that it draws
//! itself, which matters under `inline-wake` only: there such a program is nondeterministic.
