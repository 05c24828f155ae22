//! What this tool cannot find, and where it can be misled.
//!
//! **Interleavings are explored at awaits**, as a single-threaded executor makes them: two polls never overlap. A race
//! that needs two threads inside two polls (an atomic read and written without a compare-exchange, a missing fence) is out
//! of reach. Use loom for such code where it can be built with it. The bug gallery lists entries of that sort (`mt-`) as
//! *not found*, and a test keeps it that way: the tool must not claim them.
//!
//! ```
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicU32, Ordering};
//!
//! use reveille::{explore, spawn};
//!
//! /// Loses an update if two threads come here at once; tasks cannot, as there is no await in it.
//! async fn count(visits: Arc<AtomicU32>) {
//!     let seen = visits.load(Ordering::Relaxed);
//!     visits.store(seen + 1, Ordering::Relaxed);
//! }
//!
//! let program = || async {
//!     let visits = Arc::new(AtomicU32::new(0));
//!     for visitor in [(); 2].map(|()| spawn(count(visits.clone()))) {
//!         visitor.await.unwrap();
//!     }
//!     assert_eq!(visits.load(Ordering::Relaxed), 2);
//! };
//! let passed = explore().strategy("exhaustive").run(program).unwrap();
//! assert!(passed.complete); // every schedule that there is, and the mistake is in none of them
//! ```
//!
//! **An await that does not wait is no place for another task.** Who is next is asked when a poll ends, and a lock that nobody holds, a
//! channel with room, a semaphore with permits are ready at once: the poll goes on. So no schedule of any strategy has another task between the two
//! lines beside such an await, though on threads somebody might be there, or once the lock is wanted elsewhere too. ([`Freedom::InlineWake`](crate::Freedom::InlineWake)
//! lets in whom a send wakes, and nobody else.) Where it matters put an await there that waits in some runs: [`yield_now`](crate::yield_now) if
//! [`choose`](crate::choose) says so, in the test's own code or under `cfg(test)`; or let the test hold the lock, or fill the channel, for a while.
//!
//! ```
//! use std::cell::Cell;
//! use std::rc::Rc;
//!
//! use reveille::{choose, explore, spawn, yield_now};
//! use tokio::sync::Mutex;
//!
//! #[derive(Default)]
//! struct Cinema {
//!     sold: Cell<u32>,
//!     log: Mutex<Vec<u32>>,
//! }
//!
//! /// Sells a seat twice if somebody else sells one meanwhile.
//! async fn sell(cinema: Rc<Cinema>, may_wait: bool) {
//!     let seat = cinema.sold.get();
//!     cinema.log.lock().await.push(seat); // which nobody holds at an await
//!     if may_wait && choose(2) == 1 {
//!         yield_now().await;
//!     }
//!     cinema.sold.set(seat + 1);
//! }
//!
//! let program = |may_wait| move || async move {
//!     let cinema = Rc::<Cinema>::default();
//!     for sale in [(); 2].map(|()| spawn(sell(cinema.clone(), may_wait))) {
//!         sale.await.unwrap();
//!     }
//!     assert_eq!(cinema.sold.get(), 2);
//! };
//! assert!(explore().strategy("exhaustive").run(program(false)).unwrap().complete);
//! assert!(explore().strategy("exhaustive").run(program(true)).is_err());
//! ```
//!
//! **Passing is not a proof.** A campaign of 1,000 random schedules has seen 1,000 schedules. `sometimes!` tells whether it
//! came to the interesting places.
//!
//! **What escapes the simulation.** Real time (`std::time::Instant::now`), real threads, real sockets, and the randomness
//! of other crates: the order of `HashMap`, the unbiased `select!` of tokio and futures. A run that depends on them
//! cannot be repeated. The harness repeats some of the passing runs and all of the failing ones and compares; where they
//! differ it reports *nondeterminism*, with the first event that differed, instead of an explanation that might be wrong.
//! `BTreeMap`, [`select!`](crate::select) or `biased;`, [`rng`](crate::rng) and [`time`](crate::time) are repeatable. On Linux the feature `interpose` makes the
//! order of `HashMap` and the clocks of the standard library repeatable too (`Explore::interpose`).
//! `async_lock` decides by the wall clock when a waiter has waited too long to be passed over (half a millisecond), so a run
//! that a debugger holds up may differ there.
//!
//! hyper writes the wall clock into the `Date` header of responses: switch it off (`auto_date_header(false)`), and give its builders the timer of
//! `net::hyper`, whose page says what else there is.
//!
//! **A wake from another thread** is a finding in a run, not a feature: no seed repeats it. Code that starts a thread by
//! itself (a timer crate, a blocking pool) needs that part replaced in the test. When a run is stuck, the harness waits a
//! quarter of a second of real time for such a wake before it calls the run stuck; a thread that takes longer is not seen.
//! A wake from another thread that finds its task scheduled or running already changes nothing in that run and is not seen.
//!
//! **Lost wakeup or deadlock?** A stuck task is polled once more. If that ends it, wakes another task, or brings it to
//! another await, the verdict is *lost wakeup*. A task that makes progress which none of these shows (it takes an item off
//! a queue and waits at the same line again) is called a *deadlock* all the same. Behind a sub-executor such as
//! `FuturesUnordered`, which polls only children that were woken, nothing can be told: *stuck, cause unknown*.
//!
//! **A disk tears between sectors**, of 512 bytes, and never within one; it keeps what it was told to keep, and gives back what it was
//! given: bits do not rot. A crash is asked for by the test ([`Node::crash`](crate::Node::crash)), at whatever time the test lets pass, or is a [fault](super::faults), and what it
//! takes is a choice of each run, so a crash that loses nothing proves nothing.
//!
//! **A Unix socket holds 64 KiB** in each direction, whatever the size of the writes; Linux holds some 200 KB and counts its own
//! bookkeeping, so how much fits differs from there, as it does between systems. There are streams with paths only: no datagrams, no names without
//! a file, no credentials, no passing of descriptors. What else is not as on Linux stands in [a table](reveille_reactor::net#where-it-differs-from-linux). Binding and connecting take no time, also where the disk is stalled, and always have room.
//!
//! **A future that is not polled** tells so if it is a timer of ours or in [`leaf(..)`](fn@crate::leaf), or if it waits for a socket or a
//! [`JoinHandle`](crate::JoinHandle) of ours among the children of a combinator that gives each a waker of its own
//! (`FuturesUnordered`, `buffer_unordered`, a large `join_all`, the groups of futures-concurrency). In a `select!`, which gives none, a
//! wait for a socket that was left cannot be told from one that was given up. Of others (a lock of another crate that was handed
//! over, a channel) it is seen at most that somebody used a waker that its task had left elsewhere; the report on a deadlock
//! says so, as a guess. Whether a leaf belongs to a busy loop or to a future that was left in the middle is read from lines: without
//! line tables only what is in `leaf(..)` is accused.
//!
//! **Where it waits** is read from the stack at the moment in which a leaf clones the waker that a poll was given. A leaf
//! that keeps a waker without cloning it, or none at all, is not seen; the report then says that the waker was left with
//! nobody. Lines come from line tables and are never guessed: without them the report says which setting is missing. A
//! hand-written `poll` that ends in a call of another `poll` may be missing from the chain in an optimised build (a tail
//! call).
//!
//! **A poll that never returns** (a `loop {}` without an await, a `std` lock taken twice by one thread, a blocking receive) cannot
//! be stopped; only one that polls timers, handles or sockets of ours over and over is. After ten seconds of real time a watchdog says which task
//! it is, has another process find out where that waited before ([`endless_poll`](super::endless_poll)), and ends the process, other tests included, unless its runs have [processes](crate::Isolation::Process) of their own; see
//! [`Explore::watchdog`](crate::Explore::watchdog). It says what the thread is doing (on Linux), and the line if the poll goes round with
//! its waker; else only a debugger shows the line inside the poll.
//!
//! **At most 256 runnable tasks compete at once** (`SCHEDULE_BOUND_MAX` of the executor): the front of the queue. Tasks
//! that are passed over go to its back, so every order is still reachable, in several choices.
//!
//! **State that outlives a run** (a `static`, a `OnceLock`, a thread-local) is carried from one run to the next, since the
//! runs share a process and a thread. [`Explore::isolation`](crate::Explore::isolation) gives each run a thread, or some of them a
//! process.
