//! Updates that get lost.

use crate::{Tool, join, shared, spawn, step};

/// `size` tasks, each `size` times: read, then write what was read and one. That all but two updates get lost needs one task
/// to sleep over nearly all the others do, and then another.
pub(super) async fn lost_updates<T: Tool>(size: u32) {
    let value = shared(0);
    let mut tasks = Vec::new();
    for _ in 0..size {
        let value = value.clone();
        let task = async move {
            for _ in 0..size {
                let read = value.get();
                step::<T>().await;
                value.set(read + 1);
                step::<T>().await;
            }
        };
        tasks.push(spawn::<T>(task).await);
    }
    join(tasks).await;
    assert!(value.get() > 2, "{} is left", value.get());
}
