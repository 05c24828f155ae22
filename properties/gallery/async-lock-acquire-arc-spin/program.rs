//! A rehearsal room with one piano.
//!
//! Pianists come as they like, and whoever finds the piano taken waits until it is free.

use std::{sync::Arc, time::Duration};

use async_lock::Semaphore;
use reveille::{spawn, time::sleep};

const PIANISTS: u64 = 3;

pub async fn program() {
    let piano = Arc::new(Semaphore::new(1));
    let pianists: Vec<_> = (0..PIANISTS).map(|pianist| spawn(rehearse(Arc::clone(&piano), pianist))).collect();

    let mut pieces = 0;
    for pianist in pianists {
        pieces += pianist.await.expect("a pianist gave up");
    }
    assert_eq!(pieces, 1 + 2 + 3);
}

/// Plays as many pieces as the pianist knows, one after the other. Returns how many.
async fn rehearse(piano: Arc<Semaphore>, pianist: u64) -> u64 {
    sleep(Duration::from_secs(60 * pianist)).await;
    let _taken = piano.acquire_arc().await;
    sleep(Duration::from_secs(600 * (pianist + 1))).await;
    pianist + 1
}
