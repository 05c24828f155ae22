//! Programs that are right stay clean, however they are cut: no false alarms.

#![cfg(not(loom))]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::pending;
use std::rc::Rc;

use futures::FutureExt as _;
use futures::channel::mpsc as futures_mpsc;
use futures::stream::{FuturesUnordered, StreamExt as _};
use reveille::cancel::{Audit, audit};
use reveille::time::{Duration, interval, sleep, timeout};
use reveille::{spawn, task, yield_now};
use tokio::sync::{Mutex, Notify, RwLock, Semaphore, broadcast, mpsc, oneshot, watch};

fn clean<W: Clone + 'static, T: 'static>(audit: Audit<W, T>) {
    let report = audit.runs(24).run().unwrap();
    report.assert_clean();
    assert_eq!(report.exercised(), report.reachable(), "{report}");
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

async fn add(count: Rc<Mutex<u32>>) {
    let mut count = count.lock().await;
    yield_now().await;
    *count += 1;
}

#[test]
fn mutex() {
    clean(audit(add).world(Rc::<Mutex<u32>>::default).bystander("one", add).bystander("two", add));
}

/// Neither a task that the world has nor one that each operation leaves behind is accused of waiting for ever, as that is what it is for.
#[test]
fn a_task_that_waits_for_ever_on_purpose() {
    let world = || {
        drop(spawn(pending::<()>()));
        Rc::<Mutex<u32>>::default()
    };
    let operation = |count: Rc<Mutex<u32>>| async move {
        drop(spawn(pending::<()>()));
        add(count).await;
    };
    clean(audit(operation).world(world).bystander("one", add));
}

#[test]
fn read_write_lock() {
    async fn write(lock: Rc<RwLock<u32>>) {
        *lock.write().await += 1;
        let _reading = lock.read().await;
        yield_now().await;
    }
    clean(audit(write).world(Rc::<RwLock<u32>>::default).bystander("one", write).bystander("two", write));
}

#[test]
fn several_permits_at_once() {
    let take = |count| {
        move |permits: Rc<Semaphore>| async move {
            let _permits = permits.acquire_many(count).await.unwrap();
            sleep(seconds(1)).await;
        }
    };
    let world = || Rc::new(Semaphore::new(3));
    let all_back = |permits: Rc<Semaphore>| async move { assert_eq!(permits.available_permits(), 3) };
    clean(audit(take(2)).world(world).bystander("two", take(2)).bystander("three", take(3)).then(all_back));
}

#[test]
fn a_queue_behind_a_notify() {
    #[derive(Default)]
    struct Queue {
        items: RefCell<VecDeque<u32>>,
        filled: Notify,
    }
    async fn pop(queue: Rc<Queue>) {
        loop {
            let filled = queue.filled.notified();
            if queue.items.borrow_mut().pop_front().is_some() {
                return;
            }
            filled.await;
        }
    }
    let push = |count| {
        move |queue: Rc<Queue>| async move {
            for item in 0..count {
                yield_now().await;
                queue.items.borrow_mut().push_back(item);
                queue.filled.notify_one();
            }
        }
    };
    clean(audit(pop).world(Rc::<Queue>::default).bystander("pusher", push(3)).bystander("popper", pop));
}

#[test]
fn a_receiver_in_a_select_with_a_stop() {
    type World = (Rc<Mutex<mpsc::Receiver<u32>>>, mpsc::Sender<u32>);
    let receive = |(receiver, _): World| async move {
        let mut receiver = receiver.lock().await;
        tokio::select! {
            biased;
            _ = receiver.recv() => {}
            () = sleep(seconds(5)) => {}
        }
    };
    let send = |(_, sender): World| async move {
        for message in 0..2 {
            sleep(seconds(1)).await;
            let _ = sender.try_send(message);
        }
    };
    let world = || {
        let (sender, receiver) = mpsc::channel(4);
        (Rc::new(Mutex::new(receiver)), sender)
    };
    clean(audit(receive).world(world).bystander("sender", send));
}

#[test]
fn reserve_and_then_send() {
    type World = (mpsc::Sender<u32>, Rc<RefCell<VecDeque<u32>>>);
    let forward = |(sender, items): World| async move {
        loop {
            if items.borrow().is_empty() {
                return;
            }
            let permit = sender.reserve().await.unwrap();
            let item = items.borrow_mut().pop_front();
            match item {
                Some(item) => permit.send(item),
                None => return,
            }
        }
    };
    let report = audit(forward)
        .world(|| {
            let (sender, mut receiver) = mpsc::channel(1);
            let drain = async move { while receiver.recv().await.is_some() {} };
            drop(task::Builder::new().daemon(true).spawn(drain));
            (sender, Rc::new(RefCell::new((0..4).collect())))
        })
        .then(|(_, items): World| async move { assert!(items.borrow().is_empty()) })
        .run()
        .unwrap();
    report.assert_clean();
}

#[test]
fn outcomes_that_depend_on_the_schedule() {
    // Who is first gets 1, and so on: every outcome is possible without a cut.
    let take = |next: Rc<Cell<u32>>| async move {
        yield_now().await;
        next.set(next.get() + 1);
        next.get() % 3
    };
    clean(audit(take).world(Rc::<Cell<u32>>::default).bystander("one", take).bystander("two", take));
}

#[test]
fn a_spawned_worker_finishes_without_its_caller() {
    #[derive(Clone, Default)]
    struct World(Rc<Cell<u32>>, Rc<Cell<u32>>);
    clean(
        audit(|World(begun, done): World| async move {
            begun.set(begun.get() + 1);
            let work = spawn(async move {
                sleep(seconds(1)).await;
                done.set(done.get() + 1);
            });
            work.await.unwrap();
        })
        .world(World::default)
        .then(|World(begun, done): World| async move {
            sleep(seconds(2)).await;
            assert_eq!(begun.get(), done.get());
        }),
    );
}

#[test]
fn time_outs_and_intervals() {
    clean(audit(|()| async {
        let mut ticks = interval(seconds(1));
        ticks.tick().await;
        ticks.tick().await;
        let late = timeout(seconds(1), sleep(seconds(2))).await;
        assert!(late.is_err());
    }));
}

#[test]
fn join_and_select_and_unordered() {
    clean(audit(|()| async {
        let (one, two) = futures::join!(sleep(seconds(1)), yield_now());
        let ((), ()) = (one, two);
        let mut all: FuturesUnordered<_> = (1..=3).map(|n| sleep(seconds(n)).map(move |()| n)).collect();
        let mut sum = 0;
        while let Some(n) = all.next().await {
            sum += n;
        }
        sum
    }));
}

#[test]
fn channels_of_one_value_and_of_the_latest() {
    type World = (watch::Sender<u32>, broadcast::Sender<u32>);
    let listen = |(latest, all): World| async move {
        let (sender, receiver) = oneshot::channel();
        let (mut latest, mut all) = (latest.subscribe(), all.subscribe());
        spawn(async move {
            sleep(seconds(2)).await;
            let _ = sender.send(1);
        });
        latest.changed().await.unwrap();
        all.recv().await.unwrap();
        receiver.await.unwrap();
    };
    let speak = |(latest, all): World| async move {
        for n in 1..20 {
            sleep(seconds(1)).await;
            latest.send_replace(n);
            let _ = all.send(n);
        }
    };
    clean(audit(listen).world(|| (watch::channel(0).0, broadcast::channel(32).0)).bystander("speaker", speak));
}

#[test]
fn other_peoples_channels() {
    type World = (async_channel::Sender<u32>, async_channel::Receiver<u32>);
    let receive = |(_, receiver): World| async move { receiver.recv().await.map(drop) };
    let send = |(sender, _): World| async move {
        for n in 0..4 {
            sender.send(n).await.unwrap();
        }
    };
    clean(audit(receive).world(|| async_channel::bounded(4)).bystander("sender", send));

    let forward = |()| async {
        let (mut sender, receiver) = futures_mpsc::channel(1);
        let collect = receiver.collect::<Vec<_>>();
        let send = async move {
            for n in 0..3 {
                futures::SinkExt::send(&mut sender, n).await.unwrap();
            }
        };
        futures::join!(collect, send).0
    };
    clean(audit(forward));
}

#[test]
fn a_graceful_shutdown() {
    // A token, a worker that looks at it, and an operation that asks for the end and waits for it.
    #[derive(Default)]
    struct Token {
        cancelled: Cell<bool>,
        told: Notify,
        stopped: Cell<bool>,
        end: Notify,
    }
    async fn until(set: &Cell<bool>, told: &Notify) {
        loop {
            let told = told.notified();
            if set.get() {
                return;
            }
            told.await;
        }
    }
    let worker = |token: Rc<Token>| async move {
        loop {
            tokio::select! {
                biased;
                () = until(&token.cancelled, &token.told) => break,
                () = sleep(seconds(1)) => {}
            }
        }
        sleep(seconds(1)).await;
        token.stopped.set(true);
        token.end.notify_waiters();
    };
    let shut_down = |token: Rc<Token>| async move {
        token.cancelled.set(true);
        token.told.notify_waiters();
        until(&token.stopped, &token.end).await;
    };
    clean(audit(shut_down).world(Rc::<Token>::default).bystander("worker", worker));
}

/// As an `anyhow::Error` with `RUST_BACKTRACE=1`: its `Debug` form shows who polls, and that is another in each run.
#[test]
fn an_error_with_a_backtrace_is_no_other_error_for_that() {
    struct Traced;
    impl std::fmt::Debug for Traced {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            static SHOWN: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
            let shown = SHOWN.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            write!(
                f,
                "refused\n\nStack backtrace:\n   0: bank::open\n             at ./bank.rs:7:9\n   1: polled_by::number_{shown}"
            )
        }
    }
    async fn refused() -> Result<(), Traced> {
        reveille::yield_now().await;
        Err(Traced)
    }
    let report = reveille::cancel::audit(|()| refused()).bystander("beside", |()| refused()).run().unwrap();
    assert!(report.is_clean(), "{report}");
}
