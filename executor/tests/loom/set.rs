//! A model of the join set: a task that ends announces itself to a set that is awaited on another thread.

use loom::thread;
use reveille_executor::{JoinSet, LocalExecutor, block_on};

use crate::model::{Drops, exhaustively, run_ready, spawn};

#[test]
fn no_announcement_is_lost() {
    exhaustively("join set awaited elsewhere", || {
        let executor = LocalExecutor::new();
        let (task, waker) = spawn(&executor, &[], &Drops::new());
        drop(waker);
        let thread = thread::spawn(move || {
            let mut set = JoinSet::new();
            set.insert(task);
            let joined = block_on(set.join_next()).unwrap();
            assert_eq!(joined.unwrap().answer(), 42);
            assert!(set.is_empty());
        });
        run_ready(&executor);
        thread.join().unwrap();
    });
}
