//! Allocations, counted by a global allocator: one per spawn, none per poll, wake, or clone.

#![cfg(not(loom))]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::{Future, pending};
use std::pin::Pin;
use std::task::{Context, Poll};

use common::{Fifo, run_ready};
use reveille_executor::{LocalExecutor, Ran, yield_now};

/// The system's allocator, with a count of what each thread takes from it.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: passed on to the system's allocator; the counts are thread-locals without destructors, and do not
// allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        BYTES.set(BYTES.get() + layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(f: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    f();
    ALLOCATIONS.get() - before
}

/// An executor whose queue has room for `tasks`.
fn with_room_for(tasks: usize) -> LocalExecutor {
    let executor = LocalExecutor::new();
    (0..tasks).for_each(|_| drop(executor.spawn(async {})));
    let _ = run_ready(&executor);
    executor
}

#[test]
fn a_spawn_is_one_allocation() {
    let executor = with_room_for(1_000);
    let spawning = allocations(|| (0..1_000).for_each(|_| drop(executor.spawn(async { yield_now().await }))));
    assert_eq!(spawning, 1_000);
}

#[test]
fn joining_allocates_nothing() {
    let executor = with_room_for(10);
    let task = executor.spawn(async {
        for _ in 0..10 {
            let task = reveille_executor::spawn(async { yield_now().await });
            task.await.unwrap();
        }
    });
    // The children, and what the calling thread sleeps on.
    assert_eq!(allocations(|| executor.block_on(task).unwrap()), 10 + 1);
}

#[test]
fn polls_wakes_and_clones_allocate_nothing() {
    let executor = with_room_for(100);
    for _ in 0..100 {
        drop(executor.spawn(async {
            for _ in 0..10 {
                yield_now().await;
            }
        }));
    }
    let waits = executor.spawn(pending::<()>());
    let counted = allocations(|| {
        let mut polls = 0;
        while let Some(task) = executor.pick(&mut Fifo) {
            let _ = task.run();
            polls += 1;
            let waker = executor.waker(waits.id()).unwrap();
            waker.clone().wake_by_ref();
            if executor.live_tasks() == 1 {
                break;
            }
        }
        assert!(polls > 1_100);
    });
    assert_eq!(counted, 0);
}

#[test]
fn a_reset_executor_needs_no_new_memory() {
    let executor = with_room_for(100);
    let counted = allocations(|| {
        for _ in 0..10 {
            for _ in 0..100 {
                drop(executor.spawn(pending::<()>()));
            }
            assert_eq!(executor.pick(&mut Fifo).unwrap().run(), Ran::Pending);
            executor.reset();
        }
    });
    assert_eq!(counted, 1_000);
}

#[test]
#[cfg(target_pointer_width = "64")]
fn a_task_takes_72_bytes_besides_its_future() {
    struct Sized<const N: usize>([u8; N]);
    impl<const N: usize> Future for Sized<N> {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            std::hint::black_box(&self.0);
            Poll::Ready(())
        }
    }
    let executor = with_room_for(1);
    let before = BYTES.get();
    drop(executor.spawn(Sized([0; 512])));
    assert_eq!(BYTES.get() - before, 512 + 72);
}
