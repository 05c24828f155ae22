//! Where a pool meets itself: executors and pools within its tasks, destructors that spawn, ends that race.

#![cfg(not(loom))]
#![expect(clippy::disallowed_methods, reason = "real threads are the point")]

use std::cell::RefCell;
use std::future::pending;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use reveille_executor::{LocalExecutor, Pool, PoolHandle, block_on, spawn, spawn_send};

/// What would hang fails instead.
fn soon<T>(receiver: &Receiver<T>) -> T {
    receiver.recv_timeout(Duration::from_secs(20)).expect("it hangs")
}

/// Does something with its handle when it is dropped.
struct Parting(Option<PoolHandle>, fn(&PoolHandle));

impl Drop for Parting {
    fn drop(&mut self) {
        if let Some(handle) = self.0.take() {
            (self.1)(&handle);
        }
    }
}

/// More awaits than a poll's budget: what is driven within a poll has none.
#[test]
fn an_executor_within_a_task_has_no_budget_to_run_out_of() {
    let pool = Pool::new(1).unwrap();
    let (tell, told) = channel();
    drop(pool.spawn(async move {
        let inner = LocalExecutor::new();
        inner.block_on(async {
            for _ in 0..500 {
                spawn(async {}).await.unwrap();
            }
        });
        let handles: Vec<_> = (0..500).map(|_| inner.spawn(async {})).collect();
        inner.run();
        block_on(async {
            for handle in handles {
                handle.await.unwrap();
            }
        });
        tell.send(()).unwrap();
    }));
    soon(&told);
}

#[test]
fn destructors_that_spawn_while_the_pool_ends_lose_only_what_they_spawn() {
    let pool = Pool::new(1).unwrap();
    let (tell, told) = channel();
    let guard = || Parting(Some(pool.handle()), |_| drop(spawn_send(async { unreachable!("the pool has ended") })));
    let guards = (guard(), guard());
    drop(pool.spawn(async move {
        let _guards = guards;
        tell.send(()).unwrap();
        pending::<()>().await;
    }));
    soon(&told);
    drop(pool);
}

/// Threads that block end while others start; each leaves a closure behind that its own destructor spawns.
#[test]
fn a_threads_own_destructor_may_spawn_a_closure() {
    thread_local!(static PARTING: RefCell<Option<Parting>> = const { RefCell::new(None) });
    let pool = Pool::new(1).unwrap();
    for _ in 0..20 {
        let closures: Vec<_> = (0..4)
            .map(|_| {
                let parting = Parting(Some(pool.handle()), |pool| drop(pool.spawn_blocking(|| ())));
                pool.spawn_blocking(move || PARTING.with(|place| *place.borrow_mut() = Some(parting)))
            })
            .collect();
        for closure in closures {
            block_on(closure).unwrap();
        }
    }
    drop(pool);
}

#[test]
fn a_pool_may_be_dropped_by_its_own_closure_also_within_another_pool() {
    let pool = Pool::new(1).unwrap();
    let (give, given) = channel::<Pool>();
    let closure = pool.spawn_blocking(move || {
        let own = given.recv().unwrap();
        Pool::new(1).unwrap().enter(move || drop(own));
    });
    give.send(pool).unwrap();
    let (tell, told) = channel();
    thread::spawn(move || tell.send(block_on(closure)).unwrap());
    soon(&told).unwrap();
}

/// The closure waits for who spawned it, so the spawner must not wait for the closure; the pool's end must.
#[test]
fn spawning_a_closure_while_the_pool_ends_waits_for_nobody() {
    for spins in 0..300 {
        let pool = Pool::new(1).unwrap();
        let handle = pool.handle();
        let together = Arc::new(Barrier::new(2));
        let (tell, told) = channel();
        let spawner = thread::spawn({
            let together = Arc::clone(&together);
            move || {
                let (release, wait) = channel::<()>();
                let running = Arc::new(());
                let held = Arc::clone(&running);
                together.wait();
                drop(handle.spawn_blocking(move || {
                    let _held = held;
                    let _ = wait.recv();
                }));
                let _ = release.send(());
                tell.send(running).unwrap();
            }
        });
        together.wait();
        (0..spins % 60 * 100).for_each(|_| std::hint::spin_loop());
        drop(pool);
        let running = soon(&told);
        spawner.join().unwrap();
        assert_eq!(Arc::strong_count(&running), 1, "a closure outlives its pool");
    }
}
