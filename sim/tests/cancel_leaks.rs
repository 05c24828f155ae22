//! Values that have to be closed, and what waits that are given up leave behind.

#![cfg(not(loom))]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Poll, Waker};

use reveille::cancel::{MustClose, cancellable, cleaned_up, leaks, must_close};
use reveille::net::{TcpListener, TcpStream, UdpSocket};
use reveille::time::{Duration, sleep, timeout};
use reveille::{Failure, FindingKind, Passed, explore, scope, spawn, yield_now};

/// A session: leaving it takes a moment.
struct Session {
    open: Rc<Cell<u32>>,
}

impl Session {
    fn enter(open: &Rc<Cell<u32>>) -> MustClose<Self> {
        open.set(open.get() + 1);
        must_close(Self { open: Rc::clone(open) })
    }

    async fn leave(self) {
        yield_now().await;
        self.open.set(self.open.get() - 1);
    }
}

/// Where `Session::enter` makes its values.
const MADE: &str = "made at sim/tests/cancel_leaks.rs:22:9";

fn leaked(result: Result<Passed, Failure>, how: &str) {
    let failure = result.unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Leak), "{failure}");
    let text = failure.to_string();
    assert!(text.contains("a `cancel_leaks::Session`") && text.contains(MADE) && text.contains(how), "{text}");
    assert!(failure.tape().is_some());
}

#[test]
fn a_vector_of_values_with_an_async_cleanup_drops_them_in_sync() {
    let run = |closes: bool| {
        explore().run(move || async move {
            let open = Rc::<Cell<u32>>::default();
            let mut sessions: Vec<_> = (0..3).map(|_| Session::enter(&open)).collect();
            for session in sessions.drain(if closes { 0..3 } else { 0..2 }) {
                session.close(Session::leave).await;
            }
            drop(sessions);
            yield_now().await;
        })
    };
    leaked(run(false), "was dropped without having been closed");
    run(true).unwrap();
}

#[test]
fn a_panic_drops_a_value_with_an_async_cleanup_in_sync() {
    let run = |panics: bool| {
        explore().run(move || async move {
            let open = Rc::<Cell<u32>>::default();
            let task = spawn(async move {
                let session = Session::enter(&open);
                yield_now().await;
                assert!(!panics, "half-way");
                session.close(Session::leave).await;
            });
            // The panic is taken here, and so no finding.
            assert_eq!(task.await.is_err(), panics);
        })
    };
    leaked(run(true), "was dropped by a panic, without having been closed");
    run(false).unwrap();
}

#[test]
fn a_forgotten_value_is_never_closed() {
    let run = |forgets: bool| {
        explore().run(move || async move {
            let open = Rc::<Cell<u32>>::default();
            let session = Session::enter(&open);
            match forgets {
                true => std::mem::forget(session),
                false => session.close(Session::leave).await,
            }
        })
    };
    leaked(run(true), "was neither closed nor dropped: it was forgotten");
    run(false).unwrap();
}

#[test]
fn a_closing_that_is_dropped_half_way_is_none() {
    let failure = explore().run(|| async {
        let session = Session::enter(&Rc::default());
        cancellable(session.close(Session::leave)).await;
    });
    leaked(failure, "was closed half-way: the future that closes it was dropped");
}

#[test]
fn what_lives_to_the_end_of_the_run_is_no_leak() {
    explore()
        .run(|| async {
            let open = Rc::<Cell<u32>>::default();
            let session = Session::enter(&open);
            drop(reveille::task::Builder::new().daemon(true).spawn(async move {
                std::future::pending::<()>().await;
                session.close(Session::leave).await;
            }));
            yield_now().await;
        })
        .unwrap();
    // Outside of a run nobody counts.
    drop(Session::enter(&Rc::default()));
}

#[test]
fn a_cleanup_runs_to_its_end_wherever_the_future_is_dropped() {
    thread_local!(static CUT: Cell<[bool; 2]> = const { Cell::new([false; 2]) });
    CUT.set([false; 2]);
    explore()
        .deny_detached()
        .run(|| async {
            let open = Rc::<Cell<u32>>::default();
            let ended = scope(async |scope| {
                let (entered, left) = (Rc::clone(&open), Rc::clone(&open));
                let work = async move {
                    entered.set(1);
                    yield_now().await;
                    sleep(Duration::from_secs(1)).await;
                };
                let leave = async move {
                    sleep(Duration::from_secs(1)).await;
                    left.set(0);
                };
                cancellable(cleaned_up(&scope, work, leave)).await
            });
            let ended = ended.await.is_some();
            assert_eq!(open.get(), 0, "nobody is left in it");
            let mut seen = CUT.get();
            seen[usize::from(ended)] = true;
            CUT.set(seen);
        })
        .unwrap();
    assert_eq!(CUT.get(), [true; 2], "cut in some runs, not in others");
}

fn growing(result: Result<Passed, Failure>, what: &str) {
    let failure = result.unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Leak), "{failure}");
    assert!(failure.to_string().contains(&format!("left 20 {what} behind")), "{failure}");
    assert!(failure.to_string().contains("sim/tests/cancel_leaks.rs:"), "{failure}");
}

#[test]
fn wakers_that_are_kept_after_the_wait_are_a_leak() {
    growing(
        explore().runs(10).run(|| async {
            let waiting = RefCell::new(Vec::<Waker>::new());
            let wait = || {
                std::future::poll_fn(|context| {
                    waiting.borrow_mut().push(context.waker().clone());
                    Poll::<()>::Pending
                })
            };
            leaks(40, wait).await;
        }),
        "live wakers of the task",
    );
}

#[test]
fn what_the_run_keeps_after_the_wait_is_a_leak() {
    growing(
        explore().runs(10).run(|| async {
            // Each wait leaves an alarm clock behind that nobody will stop.
            let wait = || async {
                drop(reveille::task::Builder::new().daemon(true).spawn(sleep(Duration::from_secs(1_000_000))));
                yield_now().await;
            };
            leaks(40, wait).await;
        }),
        "armed timers",
    );
    growing(
        explore().runs(10).run(|| async {
            let listener = TcpListener::bind("127.0.0.1:7").await.unwrap();
            // Each wait starts a dial, and gives up only the waiting.
            let dial = || spawn(TcpStream::connect("127.0.0.1:7"));
            leaks(40, dial).await;
            drop(listener);
        }),
        "connections",
    );
    growing(
        explore().runs(10).run(|| async {
            let listener = std::rc::Rc::new(TcpListener::bind("127.0.0.1:7").await.unwrap());
            // Each wait leaves somebody at the door.
            let wait = || {
                let listener = listener.clone();
                let doorman = async move { drop(listener.accept().await) };
                drop(reveille::task::Builder::new().daemon(true).spawn(doorman));
                std::future::pending::<()>()
            };
            leaks(40, wait).await;
        }),
        "wakers that wait for a socket",
    );
}

#[test]
fn a_wait_that_takes_everything_with_it_is_flat() {
    explore()
        .runs(20)
        .run(|| async {
            let lock = tokio::sync::Mutex::new(());
            let _held = lock.lock().await;
            let notify = tokio::sync::Notify::new();
            let permits = tokio::sync::Semaphore::new(0);
            let (_sender, receiver) = async_channel::bounded::<u32>(1);
            let (_kept, mut tokio_receiver) = tokio::sync::mpsc::channel::<u32>(1);
            let (_watching, watched) = tokio::sync::watch::channel(0);
            let listener = TcpListener::bind("127.0.0.1:7").await.unwrap();
            let socket = UdpSocket::bind("0.0.0.0:9").await.unwrap();
            let all = [
                leaks(40, || lock.lock()).await,
                leaks(40, || notify.notified()).await,
                leaks(40, || permits.acquire()).await,
                leaks(40, || receiver.recv()).await,
                leaks(40, || sleep(Duration::from_secs(3_600))).await,
                leaks(40, || timeout(Duration::from_secs(60), std::future::pending::<()>())).await,
                leaks(40, || listener.accept()).await,
                // With a waker of its own each time, as combinators give.
                leaks(40, || async {
                    let mut waits: futures::stream::FuturesUnordered<_> = [listener.accept()].into_iter().collect();
                    futures::StreamExt::next(&mut waits).await.map(drop)
                })
                .await,
                leaks(40, || TcpStream::connect("127.0.0.1:7")).await,
                leaks(40, || async { socket.recv_from(&mut [0; 8]).await }).await,
                leaks(40, || {
                    let mut watched = watched.clone();
                    async move { watched.changed().await }
                })
                .await,
                leaks(40, || futures::future::select(Box::pin(receiver.recv()), Box::pin(notify.notified()))).await,
            ];
            for growth in all {
                let kept = (growth.wakers, growth.timers, growth.registrations, growth.ready);
                assert_eq!(kept, (0, 0, 0, 0), "{growth:?}");
            }
            for _ in 0..40 {
                let waits = Box::pin(tokio_receiver.recv());
                assert!(futures::poll!(waits).is_pending());
            }
        })
        .unwrap();
}

#[test]
fn what_is_swept_now_and_then_is_no_leak() {
    explore()
        .runs(10)
        .run(|| async {
            let waiting = RefCell::new(Vec::<Waker>::new());
            let wait = || {
                std::future::poll_fn(|context| {
                    let mut waiting = waiting.borrow_mut();
                    if waiting.len() == 8 {
                        waiting.clear();
                    }
                    waiting.push(context.waker().clone());
                    Poll::<()>::Pending
                })
            };
            leaks(60, wait).await;
        })
        .unwrap();
}
