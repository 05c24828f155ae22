//! A cache with single flight: many ask for the same thing, one fetches it, the others wait for that one.
//!
//! The mistake: the one that fetches may give up (its client loses patience, and its future is dropped). The others wait on
//! for an answer that nobody is fetching any more.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use reveille::time::{Duration, sleep, timeout};
use reveille::{JoinSet, choose, explore};
use tokio::sync::Notify;

use super::Explored;

/// What is known of a key.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Slot {
    /// Somebody is fetching it.
    Fetching,
    Value(u32),
}

#[derive(Default)]
struct Cache {
    slots: RefCell<BTreeMap<u32, Slot>>,
    /// Some slot has changed.
    changed: Notify,
    fetches: Cell<u32>,
}

impl Cache {
    async fn get(&self, key: u32, is_broken: bool) -> u32 {
        loop {
            let changed = self.changed.notified();
            let slot = self.slots.borrow().get(&key).copied();
            match slot {
                Some(Slot::Value(value)) => return value,
                Some(Slot::Fetching) => changed.await,
                None => return self.fetch(key, is_broken).await,
            }
        }
    }

    async fn fetch(&self, key: u32, is_broken: bool) -> u32 {
        self.slots.borrow_mut().insert(key, Slot::Fetching);
        let _leader = (!is_broken).then(|| Leader { cache: self, key });
        self.fetches.set(self.fetches.get() + 1);
        sleep(Duration::from_millis(20)).await;
        let value = key + 100;
        self.slots.borrow_mut().insert(key, Slot::Value(value));
        self.changed.notify_waiters();
        value
    }
}

/// Whoever fetches. Dropped before there is a value, it lets another one fetch.
struct Leader<'a> {
    cache: &'a Cache,
    key: u32,
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        let mut slots = self.cache.slots.borrow_mut();
        if slots.get(&self.key) == Some(&Slot::Fetching) {
            slots.remove(&self.key);
            self.cache.changed.notify_waiters();
        }
    }
}

async fn clients(is_broken: bool) {
    let cache = Rc::new(Cache::default());
    let mut clients = JoinSet::new();
    for client in 0..4 {
        let cache = cache.clone();
        clients.spawn(async move {
            // The first one has little patience, now and then.
            let patience = if client == 0 { 5 + 10 * u64::from(choose(3)) } else { 60_000 };
            match timeout(Duration::from_millis(patience), cache.get(7, is_broken)).await {
                Ok(value) => assert_eq!(value, 107),
                Err(_) => assert_eq!(client, 0, "client {client} waited for a minute"),
            }
        });
    }
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
    assert!(cache.fetches.get() <= 2, "{} fetches", cache.fetches.get());
}

/// After the first one gave up the others wait in vain.
pub(crate) fn broken() -> Explored {
    explore().name("single flight, broken").run(|| clients(true))
}

/// The next one fetches.
pub(crate) fn mended() -> Explored {
    explore().name("single flight, mended").run(|| clients(false))
}
