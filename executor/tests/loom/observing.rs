//! Models of wakers that are observed: the observer outlives the task that it is told about.

use std::sync::Arc;

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use reveille_executor::{LocalExecutor, Observe, TaskId, WakerOp};

use crate::model::{Drops, exhaustively, run_ready, spawn};

/// Counts reports by kind.
struct Reports([AtomicUsize; 3]);

impl Reports {
    fn new() -> Arc<Self> {
        Arc::new(Self([AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0)]))
    }

    fn counts(&self) -> [usize; 3] {
        self.0.each_ref().map(|count| count.load(Ordering::Relaxed))
    }
}

impl Observe for Reports {
    fn observe(&self, _: TaskId, op: WakerOp, _: usize) {
        let kind = match op {
            WakerOp::Clone => 0,
            WakerOp::Wake => 1,
            WakerOp::Drop => 2,
        };
        self.0[kind].fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn the_last_of_an_observed_task_is_reported() {
    exhaustively("observed wake during completion", || {
        let reports = Reports::new();
        let executor = LocalExecutor::with_observer(reports.clone());
        let (task, waker) = spawn(&executor, &[], &Drops::new());
        drop(task);
        let thread = thread::spawn(move || waker.wake());
        run_ready(&executor);
        drop(executor);
        thread.join().unwrap();
        assert_eq!(reports.counts(), [1, 1, 1]);
    });
}
