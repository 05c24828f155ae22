//! Coming from loom, shuttle, turmoil, madsim, moonpool, bach, or tokio's paused time: which of them to keep, and what each of their
//! calls is here.
//!
//! Written from the documentation and the sources of these versions, which are those that are measured.
//! Versions: loom 0.7.2, shuttle 0.9.9, turmoil 0.7.2, madsim 0.2.34, moonpool-sim 0.8.0, bach 0.1.2, tokio 1.54.1.
//!
//! # What each does
//!
//! | | explores | where tasks may be switched | the program is built | time, network |
//! |---|---|---|---|---|
//! | loom | all orders, with the memory model of C11 | at each atomic and lock | with `loom::sync`, `--cfg loom` | none |
//! | shuttle | random, PCT, URW, or all orders | at each lock and atomic of its own, and each await | with `shuttle::sync` | none |
//! | turmoil | one order a seed; faults drawn from it | as tokio's single-threaded runtime does it | with `turmoil::net` | both; files behind a feature |
//! | madsim | a random order of polls for each seed | at each await | with `--cfg madsim`, against patched crates | both, files |
//! | moonpool | an order for each seed; branches where asserted coverage grows | at each await | against traits ("providers") | both, files |
//! | bach | one order; with its feature `coop` the orders of marked accesses, drawn by bolero | at each await | with `bach::net` | both; UDP only |
//! | tokio, paused | one order | at each await | as it is | time |
//! | Reveille | a portfolio of strategies for each seed, or all orders | at each await | as it is, but for the runtime's own calls | both, files |
//!
//! What is judged is the other difference. All of them notice a panic. That nothing moves any more is noticed by loom and shuttle
//! as a deadlock, by the others as a test that times out. Here a stuck task is told apart: never woken although it could
//! have run, waiting for a waker that was dropped, deadlocked, not polled by its own parent ([`futurelock`](super::futurelock)); and
//! the failing run is made small, located, and kept.
//!
//! # In figures
//!
//! Our time to the peer's: less than 1 is less. A few rows of `benches/README.md`, which has all of them, those where we are slower
//! included, and the commands that measure them; a script keeps these the same. *random*, *fifo*: one strategy, as the peer has one;
//! *default*, *portfolio*: the strategies that take turns if nobody asks for one, which cost more a run and find more. *executor*:
//! `reveille-executor` alone, without simulation.
//!
//! <!-- figures: filled in by benches/summary.sh -->
//! | what | here | there | ratio |
//! |---|---|---|---:|
//! | a run: 4 tasks lock, yield, unlock, 25 times each, on tokio's mutex | random | tokio, paused | 0.68 |
//! | a run: 4 tasks lock, yield, unlock, 25 times each, on tokio's mutex | default | tokio, paused | 0.82 |
//! | a run: 4 tasks lock, yield, unlock, 25 times each, on tokio's mutex | random | shuttle, random | 0.50 |
//! | a run: 4 tasks lock, yield, unlock, 25 times each, on tokio's mutex | default | shuttle, random | 0.60 |
//! | spawn 100,000 tasks, then join them | random | tokio | 0.51 |
//! | spawn 100,000 tasks, then join them | executor | tokio | 0.18 |
//! | 1,000 tasks sleep 100 times each, less than 1 s | random | tokio, paused | 0.23 |
//! | 1,000 tasks sleep 100 times each, less than 1 s | random | bach | 0.14 |
//! | an empty run | random | moonpool, world | 0.77 |
//! | an empty run | random | moonpool, both | 0.48 |
//! | an empty run | one run | tokio, paused | 5.77 |
//! | 10 clients send 100 messages each and wait for the echo; all latencies are 1 ms | random | turmoil | 0.40 |
//! | 10 clients send 100 messages each and wait for the echo; all latencies are 1 ms | random | madsim | 0.43 |
//! | 10 clients send 100 messages each and wait for the echo; all latencies are 1 ms | random | moonpool-sim | 0.25 |
//! | the same; latencies from 1 ms to 10 ms | random | turmoil | 0.03 |
//! | programs of AsyncBench found in each trial | portfolio | shuttle:urw | 25 and 21 of 26 |
//! | programs of AsyncBench found in each trial | random | shuttle:random | 17 and 17 of 26 |
//! <!-- end of figures -->
//!
//! loom is in none of them: it looks at other things, between two instructions. *moonpool, both* is its simulated world on the executor that
//! it brings, *world* without that; *one run* is a campaign of a single run, its start and its comparison included. turmoil takes
//! turns in ticks of 1 ms, which is cheap where all messages travel together and dear where they do not. AsyncBench is the list of programs that
//! the literature on schedule exploration compares itself by: the last cell is how many are found in each of twenty trials.
//!
//! # When to use that one instead
//!
//! * **loom** for atomics, fences, and locks of your own: whatever may go wrong *within* a poll. Both can be had in one crate; here
//!   too, the executor is checked by loom. Nothing in this crate looks between two instructions.
//! * **shuttle** where threads are the subject: code that blocks on `std`-like locks, `thread::spawn`, condition variables.
//! * **turmoil** where a program is written against tokio throughout and is to stay so: it runs real tokio on each host.
//! * **madsim** where a whole system, gRPC, etcd and Kafka clients included, is built for simulation: it has stand-ins for those.
//! * **moonpool** where one search of hours is wanted that forks where something new was seen.
//! * **bach** for questions of how long: queues with latencies and losses put together, figures of how long things lie in them, packets
//!   written down for Wireshark.
//! * **tokio's paused time** where one order is enough and the question is what a timer does.
//!
//! # From loom and shuttle
//!
//! | loom, shuttle | here |
//! |---|---|
//! | `loom::model(f)`, `shuttle::check_dfs(f, None)` | [`explore()`](crate::explore())`.strategy("exhaustive")`; [`Passed::complete`](crate::Passed::complete) says whether it was a proof |
//! | `shuttle::check_random(f, n)` | `explore().strategy("random").runs(n)`; `#[reveille::test]` for the default strategies |
//! | `shuttle::check_pct(f, n, depth)`, `check_urw` | `.strategy("pct:3")`, `.strategy("urw")` |
//! | `shuttle::replay(f, schedule)` | [`replay`](crate::replay()), or `REVEILLE_REPLAY=..` with the same test; the tape is in the report, and in `reveille-regressions/` |
//! | `loom::future::block_on`, `shuttle::future::block_on` | the program itself is `async` |
//! | `shuttle::future::{spawn, yield_now}` | [`spawn`](crate::spawn), [`yield_now`](crate::yield_now) |
//! | `shuttle::sync::Mutex` in async code | the one that the program uses anyway; its awaits are where it is switched |
//! | `shuttle::rand::thread_rng` | [`rng`](crate::rng), [`choose`](crate::choose) |
//! | `LOOM_MAX_PREEMPTIONS=2` | `.strategy("exhaustive:2")`: all runs with at most two delays |
//!
//! Two tasks that each read, yield and write. With shuttle that is `check_dfs`, in which the assertion fails as well:
//!
//! ```
//! use std::cell::Cell;
//! use std::rc::Rc;
//!
//! async fn both_count() {
//!     let count = Rc::new(Cell::new(0));
//!     let tasks = [(); 2].map(|()| {
//!         let count = count.clone();
//!         reveille::spawn(async move {
//!             let seen = count.get();
//!             reveille::yield_now().await;
//!             count.set(seen + 1);
//!         })
//!     });
//!     for task in tasks {
//!         task.await.unwrap();
//!     }
//!     assert_eq!(count.get(), 2);
//! }
//!
//! let failure = reveille::explore().strategy("exhaustive").run(both_count).unwrap_err();
//! assert_eq!(failure.kind(), Some(reveille::FindingKind::Panic));
//! ```
//!
//! A model of loom, in which the threads are tasks. That no other order is left is what `loom::model` says by returning:
//!
//! ```
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicBool, Ordering};
//!
//! async fn one_of_two_takes_it() {
//!     let taken = Arc::new(AtomicBool::new(false));
//!     let tasks = [(); 2].map(|()| {
//!         let taken = taken.clone();
//!         reveille::spawn(async move { !taken.swap(true, Ordering::AcqRel) })
//!     });
//!     let mut winners = 0;
//!     for task in tasks {
//!         winners += u32::from(task.await.unwrap());
//!     }
//!     assert_eq!(winners, 1);
//! }
//!
//! let passed = reveille::explore().strategy("exhaustive").run(one_of_two_takes_it).unwrap();
//! assert!(passed.complete);
//! ```
//!
//! (Whether `AcqRel` is enough, and a load followed by a store is not, loom knows and this does not: there is no await in between.
//! [`loom`](super::loom) has more on who finds what.)
//!
//! # From turmoil
//!
//! | turmoil | here |
//! |---|---|
//! | `sim.host("db", \|\| async { .. })` | [`node`](crate::node())`("db").`[`start`](crate::node::Node::start)`(\|\| async { .. })` |
//! | `sim.client("test", async { .. }); sim.run()` | the test itself |
//! | `turmoil::net::{TcpListener, TcpStream, UdpSocket}` | the same names in [`reveille::net`](crate::net) |
//! | `turmoil::partition(a, b)`, `repair`, `hold`, `release` | `node(a).partition(node(b))`, `repair`, `hold`, `release` |
//! | `partition_oneway(a, b)` | `node(a).cut_to(node(b))` |
//! | `sim.crash(a)`, `sim.bounce(a)` | `node(a).crash()`, `node(a).restart()` |
//! | `sim.set_link_latency(a, b, d)` | `node(a).set_latency(node(b), d)` |
//! | `builder.fail_rate(0.05)`, latency of messages | `explore().faults("lost=1/20")`, `"light"` or `"heavy"`; `latency=1/2` |
//! | `builder.rng_seed(7)` | a seed for each of 1,000 runs; `REVEILLE_SEED=7` for that one |
//! | `tokio::time` | [`reveille::time`](crate::time) |
//!
//! A host that answers, and a client that finds it cut off:
//!
//! ```
//! use futures::{AsyncReadExt, AsyncWriteExt};
//! use reveille::net::{TcpListener, TcpStream};
//! use reveille::node;
//! use reveille::time::{Duration, sleep, timeout};
//!
//! async fn the_client_gives_up_and_comes_back() -> std::io::Result<()> {
//!     node("db").start(|| async {
//!         let listener = TcpListener::bind("0.0.0.0:80").await.unwrap();
//!         while let Ok((mut stream, _)) = listener.accept().await {
//!             let _ = stream.write_all(b"hello").await;
//!         }
//!     });
//!     sleep(Duration::from_secs(1)).await;
//!     node("main").partition(node("db"));
//!     assert!(timeout(Duration::from_secs(2), TcpStream::connect("db:80")).await.is_err());
//!     node("main").repair(node("db"));
//!     let mut stream = TcpStream::connect("db:80").await?;
//!     stream.read_exact(&mut [0; 5]).await
//! }
//!
//! reveille::explore().runs(50).run(the_client_gives_up_and_comes_back).unwrap();
//! ```
//!
//! # From madsim
//!
//! | madsim | here |
//! |---|---|
//! | `#[madsim::test]`, `MADSIM_TEST_NUM=100` | `#[reveille::test]`, `REVEILLE_RUNS=100` |
//! | `MADSIM_TEST_SEED`, `MADSIM_TEST_JOBS` | `REVEILLE_SEED`, `REVEILLE_JOBS` |
//! | `MADSIM_TEST_CHECK_DETERMINISM` | always: some runs are repeated and compared, all failing ones are |
//! | `handle.create_node().name("db").init(f).build()` | `node("db").start(f)` |
//! | `handle.kill(id)`, `handle.restart(id)` | `node("db").crash()`, `node("db").restart()` |
//! | `NetSim::clog_link(a, b)`, `unclog_link` | `node(a).cut_to(node(b))`, `node(a).repair(node(b))` |
//! | `madsim::time`, `madsim::rand::thread_rng`, `madsim::fs` | [`reveille::time`](crate::time), [`rng`](crate::rng), [`reveille::fs`](crate::fs) |
//! | `--cfg madsim` for the whole build | no flag: a test calls this crate |
//! | hash maps with the order of the seed, everywhere | on Linux with the feature `interpose`; else a run that depends on it is reported as nondeterminism |
//!
//! A node that is killed in the middle of its work, and started again:
//!
//! ```
//! use std::cell::Cell;
//! use std::rc::Rc;
//!
//! use reveille::node;
//! use reveille::time::{Duration, sleep};
//!
//! async fn work_starts_over_after_a_crash() {
//!     let (begun, done) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
//!     node("worker").start({
//!         let (begun, done) = (begun.clone(), done.clone());
//!         move || {
//!             let (begun, done) = (begun.clone(), done.clone());
//!             async move {
//!                 begun.set(begun.get() + 1);
//!                 sleep(Duration::from_secs(10)).await;
//!                 done.set(done.get() + 1);
//!             }
//!         }
//!     });
//!     sleep(Duration::from_secs(5)).await;
//!     node("worker").crash();
//!     node("worker").restart();
//!     sleep(Duration::from_secs(20)).await;
//!     assert_eq!((begun.get(), done.get()), (2, 1));
//! }
//!
//! reveille::explore().runs(50).run(work_starts_over_after_a_crash).unwrap();
//! ```
//!
//! # From moonpool
//!
//! | moonpool | here |
//! |---|---|
//! | `SimulationBuilder::new().workload(w).run()` | [`explore()`](crate::explore())`.run(program)` |
//! | `.processes(3, factory)` | `node("a").start(..)` for each |
//! | `assert_sometimes!(c, "name")` | [`sometimes!`](crate::sometimes)`(c, "name")`, and a finding of its own if it never was so |
//! | `assert_always!(c, "name")` | `assert!`, or an [`Oracle`](crate::Oracle) that looks at every event |
//! | `buggify!()` | [`buggify!`](crate::buggify)`()` |
//! | providers of time, network, storage | none: [`reveille::time`](crate::time), [`net`](crate::net), [`fs`](crate::fs) are called directly |
//!
//! Something that has to be seen at least once in a campaign:
//!
//! ```
//! use reveille::{FindingKind, choose, explore, sometimes};
//!
//! let never = explore().run(|| async { sometimes!(choose(4) > 4, "the fifth of four") });
//! assert_eq!(never.unwrap_err().kind(), Some(FindingKind::NeverHappened));
//! explore().run(|| async { sometimes!(choose(4) == 3, "the fourth of four") }).unwrap();
//! ```
//!
//! # From bach
//!
//! | bach | here |
//! |---|---|
//! | `bach::sim(f)`, `f` spawning `primary()` tasks | [`explore()`](crate::explore())`.run(program)`, whose root future is what the run waits for |
//! | `task.group("server").spawn()` | [`node`](crate::node())`("server").`[`spawn`](crate::node::Node::spawn)`(task)` |
//! | `bach::time::sleep`, `1.s().sleep()` | [`reveille::time::sleep`](crate::time::sleep) |
//! | `bach::net::UdpSocket` | [`reveille::net::UdpSocket`](crate::net::UdpSocket), and TCP |
//! | `bach::rand`, bolero's generators under `coop` | [`choose`](crate::choose) and [`rng`](crate::rng); `reveille-properties` for proptest and cargo fuzz |
//! | `Operation::register()`, `acquire().await` | nothing: every await is a point at which others may come first |
//!
//! A question and its answer between two machines:
//!
//! ```
//! use reveille::net::UdpSocket;
//! use reveille::node;
//!
//! async fn a_ping_is_answered() -> std::io::Result<()> {
//!     node("server").start(|| async {
//!         let socket = UdpSocket::bind("0.0.0.0:8080").await.unwrap();
//!         let mut data = [0; 4];
//!         while let Ok((length, from)) = socket.recv_from(&mut data).await {
//!             assert_eq!(&data[..length], b"ping");
//!             socket.send_to(b"pong", from).await.unwrap();
//!         }
//!     });
//!     reveille::time::sleep(std::time::Duration::from_millis(1)).await;
//!     let socket = UdpSocket::bind("0.0.0.0:0").await?;
//!     socket.send_to(b"ping", "server:8080").await?;
//!     let mut data = [0; 4];
//!     let (length, _) = socket.recv_from(&mut data).await?;
//!     assert_eq!(&data[..length], b"pong");
//!     Ok(())
//! }
//!
//! reveille::explore().runs(50).run(a_ping_is_answered).unwrap();
//! ```
//!
//! # From tokio's paused time
//!
//! | tokio | here |
//! |---|---|
//! | `#[tokio::test(start_paused = true)]` | `#[reveille::test]` |
//! | `tokio::time::advance(d)` | [`sleep`](crate::time::sleep)`(d).await`: time jumps when nothing else can move |
//! | `tokio::time::{sleep, timeout, interval, Instant}` | the same names in [`reveille::time`](crate::time) |
//!
//! A retry that waits a minute, and takes none:
//!
//! ```
//! use reveille::time::{Duration, Instant, sleep};
//!
//! async fn three_attempts() {
//!     let started = Instant::now();
//!     for attempt in 1..=3 {
//!         sleep(Duration::from_secs(10 * attempt)).await;
//!     }
//!     assert_eq!(started.elapsed(), Duration::from_secs(60));
//! }
//!
//! reveille::explore().run(three_attempts).unwrap();
//! ```
//!
//! What of tokio runs here as it is has [a page of its own](super::tokio).
