//! Timers of the real reactor: none fires early, none is missed, and none is left behind. Nothing here says how late one may be.

#![cfg(all(feature = "os", feature = "futures-io", not(loom)))]
#![expect(clippy::disallowed_methods, reason = "real time and real threads are the point")]

#[macro_use]
#[allow(dead_code, unused_macros, reason = "not every test needs all of it")]
mod world;

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use futures::future::{Either, join, join_all, select};
use futures::stream::{FuturesUnordered, StreamExt as _};
use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use reveille_executor::{Driver as _, LocalExecutor, Pool, spawn, yield_now};
use reveille_reactor::os::{Os, Sleep, TcpStream};
use world::{Waiter, pair};

const MILLI: Duration = Duration::from_millis(1);
/// Longer than a machine that is busy keeps a thread from polling what it has just made.
const SHORT: Duration = Duration::from_millis(150);
/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(3600);

fn os() -> Os {
    Os::new().unwrap()
}

/// Performs `test` on a thread, and fails if it hangs: what is wrong with a lock or a wait does not show otherwise.
fn returns(test: impl FnOnce() + Send + 'static) {
    let (done, ends) = mpsc::channel();
    let thread = thread::spawn(move || {
        test();
        let _ = done.send(());
    });
    let ended = ends.recv_timeout(Duration::from_secs(60));
    assert_ne!(ended, Err(mpsc::RecvTimeoutError::Timeout), "it hangs");
    thread.join().unwrap();
}

/// Turns the reactor on a thread of its own, without a time-out, while `run` runs.
fn with_thread(run: impl FnOnce(&Os)) {
    let (os, (stop, stopped)) = (os(), mpsc::channel::<()>());
    let turning = os.clone();
    let thread = thread::spawn(move || {
        while stopped.try_recv() == Err(mpsc::TryRecvError::Empty) {
            turning.turn(None).unwrap();
        }
    });
    run(&os);
    drop(stop);
    os.unpark();
    thread.join().unwrap();
}

/// Sleeps, and says by how much it was woken early.
async fn sleeps(os: Os, duration: Duration) -> Duration {
    let start = Instant::now();
    os.sleep(duration).await;
    duration.saturating_sub(start.elapsed())
}

/// Writes down its number when it is woken.
struct Note(u32, Arc<Mutex<Vec<u32>>>);

impl Wake for Note {
    fn wake(self: Arc<Self>) {
        self.1.lock().unwrap().push(self.0);
    }
}

#[test]
fn who_waits_is_woken_in_the_order_of_the_deadlines() {
    let (os, woken) = (os(), Arc::default());
    let numbers = [3, 1, 5, 2, 4];
    let mut sleeps: Vec<Sleep> = numbers.iter().map(|number| os.sleep(SHORT + MILLI * *number)).collect();
    for (sleep, number) in sleeps.iter_mut().zip(numbers) {
        let waker = Waker::from(Arc::new(Note(number, Arc::clone(&woken))));
        assert!(Pin::new(sleep).poll(&mut Context::from_waker(&waker)).is_pending());
    }
    // Some in a turn each, and some together.
    os.turn(None).unwrap();
    thread::sleep(MILLI * 5);
    os.turn(Some(Duration::ZERO)).unwrap();
    assert_eq!(*woken.lock().unwrap(), [1, 2, 3, 4, 5]);
}

#[test]
fn a_turn_waits_for_the_next_deadline_and_its_own_thread_does_not_end_it() {
    returns(|| {
        let (os, waiter, later) = (os(), Waiter::new(), Waiter::new());
        let start = Instant::now();
        let (mut soon, mut late) = (os.sleep(SHORT), os.sleep(LONG));
        assert!(later.poll(Pin::new(&mut late)).is_pending());
        assert!(waiter.poll(Pin::new(&mut soon)).is_pending());
        // Not its own time-out, and one turn is enough: nobody has told it to end.
        os.turn(Some(LONG)).unwrap();
        assert!(start.elapsed() >= SHORT);
        assert!(waiter.is_woken() && !later.is_woken());
        assert!(waiter.poll(Pin::new(&mut soon)).is_ready() && waiter.poll(Pin::new(&mut soon)).is_ready());
    });
}

#[test]
fn looks_in_a_row_fire_nothing_early() {
    returns(|| {
        let (os, waiter) = (os(), Waiter::new());
        let start = Instant::now();
        let mut sleep = os.sleep(SHORT);
        assert!(waiter.poll(Pin::new(&mut sleep)).is_pending());
        while !waiter.is_woken() {
            os.turn(Some(Duration::ZERO)).unwrap();
        }
        assert!(start.elapsed() >= SHORT);
    });
}

#[test]
fn a_turn_that_is_under_way_ends_for_an_earlier_deadline() {
    returns(|| {
        with_thread(|os| {
            for _ in 0..20 {
                // The thread waits for the next hour by now, or is about to.
                let mut hour = os.sleep(LONG);
                assert!(Waiter::new().poll(Pin::new(&mut hour)).is_pending());
                thread::sleep(MILLI);
                assert_eq!(futures::executor::block_on(sleeps(os.clone(), MILLI * 2)), Duration::ZERO);
            }
        });
    });
}

#[test]
fn threads_of_their_own_sleep_over_one_that_turns() {
    returns(|| {
        with_thread(|os| {
            let threads = [1, 2, 3, 4].map(|nth: u32| {
                let os = os.clone();
                thread::spawn(move || {
                    for round in 0..30 {
                        let duration = Duration::from_micros(u64::from(nth * 700 + round * 7919 % 2000));
                        assert_eq!(futures::executor::block_on(sleeps(os.clone(), duration)), Duration::ZERO);
                    }
                })
            });
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        });
    });
}

#[test]
fn a_thousand_sleeps_fire_and_none_of_them_early() {
    returns(|| {
        let os = os();
        // Each a different one, to the nanosecond.
        let durations = (0..1000_u64).map(|nth| Duration::from_nanos(nth * 7_919_017 % 40_000_000));
        let all = |os: Os| durations.clone().map(move |duration| sleeps(os.clone(), duration));
        let early = os.block_on(join_all(all(os.clone())));
        assert_eq!(early, [Duration::ZERO; 1000]);
        let early = LocalExecutor::with_driver(Arc::new(os.clone())).block_on(async {
            let tasks: Vec<_> = all(os.clone()).map(spawn).collect();
            join_all(tasks).await
        });
        assert!(early.into_iter().all(|early| early.unwrap() == Duration::ZERO));
        let pool = Pool::with_driver(2, Arc::new(os.clone())).unwrap();
        let tasks: Vec<_> = all(os.clone()).map(|sleep| pool.spawn(sleep)).collect();
        assert!(pool.block_on(join_all(tasks)).into_iter().all(|early| early.unwrap() == Duration::ZERO));
    });
}

#[test]
fn who_is_dropped_leaves_no_waker_and_no_deadline() {
    returns(|| {
        let (os, first, second, third) = (os(), Waiter::new(), Waiter::new(), Waiter::new());
        let mut given_up = os.sleep(SHORT);
        assert!(first.poll(Pin::new(&mut given_up)).is_pending() && first.poll(Pin::new(&mut given_up)).is_pending());
        assert_eq!(first.wakers(), 1);
        // It moves to another task, whose waker takes the place of the first's.
        assert!(second.poll(Pin::new(&mut given_up)).is_pending());
        assert_eq!((first.wakers(), second.wakers()), (0, 1));
        drop(given_up);
        assert_eq!(second.wakers(), 0);
        let mut kept = os.sleep(SHORT * 2);
        assert!(third.poll(Pin::new(&mut kept)).is_pending());
        os.turn(None).unwrap();
        assert!(third.is_woken(), "a deadline that is no more has ended the turn");
        assert!(!first.is_woken() && !second.is_woken());
        assert_eq!(third.wakers(), 0, "who was woken has left its waker");
    });
}

#[test]
fn no_time_has_passed_already_and_the_end_of_time_never_comes() {
    returns(|| {
        let (os, waiter) = (os(), Waiter::new());
        let before = Instant::now().checked_sub(LONG);
        for mut done in [os.sleep(Duration::ZERO), os.sleep_until(Instant::now())] {
            assert!(waiter.poll(Pin::new(&mut done)).is_ready());
        }
        // It begins with the call, not with the first poll.
        let mut begun = os.sleep(MILLI);
        thread::sleep(MILLI * 2);
        assert!(waiter.poll(Pin::new(&mut begun)).is_ready());
        // The clock of a machine that has just started may not go back that far.
        assert!(before.is_none_or(|before| waiter.poll(Pin::new(&mut os.sleep_until(before))).is_ready()));
        assert_eq!(waiter.wakers(), 0);

        let ages =
            [Duration::MAX, Duration::from_secs(u64::MAX), Duration::from_nanos(u64::MAX), LONG * 24 * 365 * 580];
        let mut never = ages.map(|age| os.sleep(age));
        assert!(never.iter_mut().all(|never| waiter.poll(Pin::new(never)).is_pending()));
        assert_eq!(waiter.wakers(), ages.len());
        os.turn(Some(MILLI)).unwrap();
        os.block_on(os.sleep(MILLI * 2));
        assert!(!waiter.is_woken());
        drop(never);
        assert_eq!(waiter.wakers(), 0);
    });
}

thread_local! {
    /// What a [`Back`] does.
    static BACK: RefCell<Option<Os>> = const { RefCell::new(None) };
    /// How often one did.
    static TIMES: Cell<u32> = const { Cell::new(0) };
}

/// A waker that goes straight back to the reactor when it is cloned into a timer's place, woken, or dropped.
struct Back;

impl Back {
    fn goes() {
        BACK.with_borrow(|os| {
            let os = os.as_ref().expect("there is a reactor");
            let mut sleep = os.sleep(LONG);
            assert!(Waiter::new().poll(Pin::new(&mut sleep)).is_pending());
            os.turn(Some(Duration::ZERO)).unwrap();
        });
        TIMES.set(TIMES.get() + 1);
    }

    fn polls(sleep: &mut Sleep) -> Poll<()> {
        Pin::new(sleep).poll(&mut Context::from_waker(&Waker::from(Arc::new(Self))))
    }
}

impl Wake for Back {
    fn wake(self: Arc<Self>) {
        Self::goes();
    }
}

impl Drop for Back {
    fn drop(&mut self) {
        Self::goes();
    }
}

/// Where one is woken or dropped within a lock, this hangs.
#[test]
fn wakers_are_woken_and_dropped_outside_of_every_lock() {
    returns(|| {
        let os = os();
        BACK.set(Some(os.clone()));
        let mut sleep = os.sleep(SHORT);
        assert!(Back::polls(&mut sleep).is_pending());
        assert!(Back::polls(&mut sleep).is_pending());
        assert_eq!(TIMES.get(), 1, "the second has taken the place of the first");
        os.turn(None).unwrap();
        assert_eq!(TIMES.get(), 3, "the second was woken, and has gone");
        let mut given_up = os.sleep(LONG);
        assert!(Back::polls(&mut given_up).is_pending());
        drop(given_up);
        assert_eq!(TIMES.get(), 4, "a sleep was given up");
    });
}

/// Both are there when the turn begins.
#[test]
fn a_turn_wakes_those_of_timers_and_those_of_sockets() {
    returns(|| {
        let os = os();
        let (client, server) = pair(&os);
        for timeout in [Some(Duration::ZERO), Some(LONG), None] {
            let (reader, sleeper) = (Waiter::new(), Waiter::new());
            assert!(reader.read(&client).is_pending());
            let mut sleep = os.sleep(SHORT);
            assert!(sleeper.poll(Pin::new(&mut sleep)).is_pending());
            assert_eq!(server.try_write(b"x").unwrap(), 1);
            thread::sleep(SHORT + MILLI);
            os.turn(timeout).unwrap();
            assert!(reader.is_woken() && sleeper.is_woken(), "{timeout:?}");
            assert!(matches!(reader.read(&client), Poll::Ready(Ok(1))));
        }
    });
}

async fn echo(mut client: TcpStream, mut server: TcpStream, messages: u32) {
    let serves = async {
        let mut buffer = [0; 8];
        while server.read_exact(&mut buffer).await.is_ok() {
            server.write_all(&buffer).await.unwrap();
        }
    };
    let asks = async {
        let mut buffer = [0; 8];
        for _ in 0..messages {
            client.write_all(b"a letter").await.unwrap();
            client.read_exact(&mut buffer).await.unwrap();
        }
        client.close().await.unwrap();
    };
    join(serves, asks).await;
}

#[test]
fn timers_without_end_let_sockets_be_served_and_sockets_without_end_timers() {
    returns(|| {
        let os = os();
        let executor = LocalExecutor::with_driver(Arc::new(os.clone()));
        let (client, server) = pair(&os);
        let timers = (1..=8).map(|nth| {
            let os = os.clone();
            async move {
                loop {
                    os.sleep(Duration::from_micros(nth * 50)).await;
                }
            }
        });
        executor.block_on(select(pin!(echo(client, server, 200)), join_all(timers)));

        let (client, server) = pair(&os);
        let sleeping = sleeps(os.clone(), MILLI * 20);
        let Either::Left((early, _)) = executor.block_on(select(pin!(sleeping), pin!(echo(client, server, u32::MAX))))
        else {
            unreachable!()
        };
        assert_eq!(early, Duration::ZERO);
    });
}

/// Of several futures in one, each with a waker of its own, one never rests: the loop looks around all the same.
#[test]
fn a_future_that_never_rests_keeps_neither_timers_nor_sockets_waiting() {
    returns(|| {
        let os = os();
        let (client, server) = pair(&os);
        let ended = AtomicU32::new(0);
        let counted = |future: Pin<Box<dyn Future<Output = ()>>>| {
            let ended = &ended;
            Box::pin(async move {
                future.await;
                ended.fetch_add(1, Ordering::Relaxed);
            }) as Pin<Box<dyn Future<Output = ()> + '_>>
        };
        let sleep = os.sleep(MILLI * 5);
        let mut all =
            FuturesUnordered::from_iter([counted(Box::pin(sleep)), counted(Box::pin(echo(client, server, 20)))]);
        all.push(Box::pin(async {
            while ended.load(Ordering::Relaxed) < 2 {
                yield_now().await;
            }
        }));
        os.block_on(async { while all.next().await.is_some() {} });
    });
}
