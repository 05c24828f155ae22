//! The reports, word by word: what a person reads is as much a product as what a program can match on.
//!
//! `UPDATE_EXPECT=1 cargo test -p reveille --test report` rewrites the files in `reports/`; read the difference.

#![cfg(not(loom))]

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use expect_test::{ExpectFile, expect_file};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use reveille::time::{Duration, sleep};
use reveille::{Failure, FindingKind, explore, spawn, task, yield_now};
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};

fn check<Fut: Future<Output = ()> + 'static>(name: &str, expected: ExpectFile, program: fn() -> Fut) -> Failure {
    let failure = explore().name(name).run(program).expect_err("the program has a bug");
    // The line to paste names the profile; the texts are those of a build without optimisation.
    expected.assert_eq(&failure.to_string().replace("cargo test --release", "cargo test"));
    failure
}

/// A pool of one connection: whoever finds it taken leaves its waker in a queue.
mod pool {
    use std::cell::{Cell, RefCell};
    use std::collections::VecDeque;
    use std::future::poll_fn;
    use std::task::{Poll, Waker};

    #[derive(Default)]
    pub(crate) struct Pool {
        taken: Cell<bool>,
        waiting: RefCell<VecDeque<Waker>>,
    }

    impl Pool {
        pub(crate) async fn get(&self) {
            poll_fn(|context| {
                if !self.taken.replace(true) {
                    return Poll::Ready(());
                }
                self.waiting.borrow_mut().push_back(context.waker().clone());
                Poll::Pending
            })
            .await;
        }

        pub(crate) fn put_back(&self) {
            self.taken.set(false);
            // Wakes one, and drops the others.
            self.waiting.take().into_iter().take(1).for_each(Waker::wake);
        }
    }
}

/// Waits for a flag; whoever sets it does not know of the waker.
async fn is_set(flag: &Cell<bool>) {
    let mut waker = None;
    poll_fn(|context| {
        waker = Some(context.waker().clone());
        if flag.get() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    drop(waker);
}

async fn worker(pool: Rc<pool::Pool>) {
    pool.get().await;
    yield_now().await;
    pool.put_back();
}

#[test]
fn dead_waker() {
    let failure = check("pool::three_workers", expect_file!["./reports/dead_waker.txt"], || async {
        let pool = Rc::new(pool::Pool::default());
        let workers = ["north", "east", "west"].map(|name| {
            let worker = worker(pool.clone());
            task::Builder::new().name(name).spawn(worker)
        });
        for worker in workers {
            worker.await.unwrap();
        }
    });
    assert_eq!(failure.place().unwrap().split(':').next(), Some("sim/tests/report.rs"));
}

#[test]
fn lost_wakeup() {
    check("lost", expect_file!["./reports/lost_wakeup.txt"], || async {
        let event = Rc::new(Cell::new(false));
        let waits = event.clone();
        let waiter = task::Builder::new().name("waiter").spawn(async move {
            is_set(&waits).await;
            sleep(Duration::from_secs(1)).await;
        });
        yield_now().await;
        event.set(true); // and wakes nobody
        waiter.await.unwrap();
    });
}

#[test]
fn deadlock() {
    check("dining", expect_file!["./reports/deadlock.txt"], || async {
        let forks = [(); 2].map(|()| Rc::new(tokio::sync::Mutex::new(())));
        let philosophers = [(0, 1), (1, 0)].map(|(left, right)| {
            let (left, right) = (forks[left].clone(), forks[right].clone());
            spawn(async move {
                let _left = left.lock().await;
                yield_now().await;
                let _right = right.lock().await;
            })
        });
        for philosopher in philosophers {
            philosopher.await.unwrap();
        }
    });
}

/// A loop that does chores as they come, and waits for a permit while the chores that have one are not polled.
#[test]
fn futurelock() {
    let failure = check("chores", expect_file!["reports/futurelock.txt"], || async {
        let (chores, mut todo) = tokio::sync::mpsc::channel(4);
        spawn(async move {
            let permits = Semaphore::new(2);
            let mut doing = FuturesUnordered::new();
            loop {
                tokio::select! {
                    biased;
                    Some(()) = doing.next() => {}
                    Some(done) = todo.recv() => doing.push(chore(permits.acquire().await.unwrap(), done)),
                    else => break,
                }
            }
        })
        .abort_handle();
        let clients = (0..4).map(|_| {
            let chores = chores.clone();
            spawn(async move {
                let (done, answer) = oneshot::channel();
                chores.send(done).await.unwrap();
                answer.await.unwrap();
            })
        });
        for client in clients.collect::<Vec<_>>() {
            client.await.unwrap();
        }
    });
    assert_eq!(failure.kind(), Some(FindingKind::Futurelock));
}

async fn chore(_permit: SemaphorePermit<'_>, done: oneshot::Sender<()>) {
    sleep(Duration::from_millis(5)).await;
    let _ = done.send(());
}

#[test]
fn panic() {
    check("counter", expect_file!["./reports/panic.txt"], || async {
        let counter = Rc::new(Cell::new(0));
        let tasks = [(); 2].map(|()| {
            let counter = counter.clone();
            spawn(async move {
                let read = counter.get();
                yield_now().await;
                counter.set(read + 1);
            })
        });
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(counter.get(), 2, "an increment was lost");
    });
}

/// What is unusual about the run is listed: which tasks, from where, instead of which.
#[test]
fn unusual() {
    check("unusual", expect_file!["./reports/unusual.txt"], || async {
        let order = Rc::new(Cell::new(0));
        let tasks = ["reader", "writer"].map(|name| {
            let order = order.clone();
            task::Builder::new().name(name).spawn(async move {
                yield_now().await;
                if name == "writer" && reveille::choose(3) == 2 {
                    order.set(1);
                }
                assert!(name == "writer" || order.get() == 0, "read too late");
            })
        });
        for task in tasks {
            task.await.unwrap();
        }
    });
}

#[test]
fn limit() {
    check("meant_to_spin", expect_file!["./reports/limit.txt"], || async {
        let _spin = task::meant_to_spin();
        loop {
            yield_now().await;
        }
    });
}

#[test]
fn livelock() {
    check("spinning", expect_file!["./reports/livelock.txt"], || async {
        let spinner = task::Builder::new().name("spinner").spawn(async {
            loop {
                yield_now().await;
            }
        });
        let _never = sleep(Duration::from_secs(5));
        drop(_never);
        spinner.await.unwrap();
    });
}
