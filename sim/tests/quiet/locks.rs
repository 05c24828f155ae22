//! Programs around locks.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use futures::future::join_all;
use reveille::time::{sleep, timeout};
use reveille::{JoinSet, choose, spawn, yield_now};
use tokio::sync::{Barrier, Mutex, Notify, OnceCell, RwLock, Semaphore};

use super::{ms, quiet};

/// A convoy: everyone wants the same lock, again and again, and waits within it.
#[test]
fn mutex_convoy() {
    #[derive(Default)]
    struct Journal {
        lines: Vec<(usize, u32)>,
        writing: bool,
    }

    async fn append(journal: &Mutex<Journal>, who: usize, number: u32) {
        let mut journal = journal.lock().await;
        assert!(!journal.writing, "two writers at once");
        journal.writing = true;
        if number.is_multiple_of(2) {
            sleep(ms(1)).await;
        } else {
            yield_now().await;
        }
        journal.lines.push((who, number));
        journal.writing = false;
    }

    quiet(|| async {
        let journal = Arc::new(Mutex::new(Journal::default()));
        let mut writers = JoinSet::new();
        for who in 0..5 {
            let journal = journal.clone();
            writers.spawn(async move {
                for number in 0..4 {
                    append(&journal, who, number).await;
                }
            });
        }
        while let Some(ended) = writers.join_next().await {
            ended.unwrap();
        }
        let journal = journal.lock().await;
        assert_eq!(journal.lines.len(), 20);
        for who in 0..5 {
            let numbers: Vec<_> = journal.lines.iter().filter(|line| line.0 == who).map(|line| line.1).collect();
            assert_eq!(numbers, [0, 1, 2, 3], "the lines of {who} are out of order");
        }
    });
}

/// Money moves between accounts; the two locks are always taken in the order of the accounts.
#[test]
fn transfers_in_lock_order() {
    struct Bank {
        accounts: Vec<Mutex<i64>>,
        refused: Cell<u32>,
    }

    impl Bank {
        async fn transfer(&self, from: usize, to: usize, amount: i64) -> Result<(), &'static str> {
            let (low, high) = (from.min(to), from.max(to));
            let mut first = self.accounts[low].lock().await;
            let mut second = self.accounts[high].lock().await;
            let (source, target) = if from < to { (&mut *first, &mut *second) } else { (&mut *second, &mut *first) };
            if *source < amount {
                return Err("not enough");
            }
            *source -= amount;
            yield_now().await;
            *target += amount;
            Ok(())
        }
    }

    quiet(|| async {
        let bank = Rc::new(Bank { accounts: (0..4).map(|_| Mutex::new(100)).collect(), refused: Cell::new(0) });
        let clerks = (0..4).map(|clerk| {
            let bank = bank.clone();
            spawn(async move {
                for step in 1..4 {
                    let to = (clerk + step) % 4;
                    let amount = 20 * i64::from(choose(4));
                    if bank.transfer(clerk, to, amount).await.is_err() {
                        bank.refused.set(bank.refused.get() + 1);
                    }
                }
            })
        });
        for clerk in join_all(clerks.collect::<Vec<_>>()).await {
            clerk.unwrap();
        }
        let mut total = 0;
        for account in &bank.accounts {
            let balance = *account.lock().await;
            assert!(balance >= 0);
            total += balance;
        }
        assert_eq!(total, 400);
    });
}

/// A cache behind a read-write lock: readers first, the one who misses looks again once it may write.
#[test]
fn read_through_cache() {
    struct Cache {
        entries: RwLock<HashMap<u32, String>>,
        loads: Cell<u32>,
    }

    impl Cache {
        async fn get(&self, key: u32) -> String {
            if let Some(found) = self.entries.read().await.get(&key) {
                return found.clone();
            }
            let mut entries = self.entries.write().await;
            if let Some(found) = entries.get(&key) {
                return found.clone();
            }
            let loaded = self.load(key).await;
            entries.insert(key, loaded.clone());
            loaded
        }

        async fn load(&self, key: u32) -> String {
            self.loads.set(self.loads.get() + 1);
            sleep(ms(5)).await;
            format!("value {key}")
        }
    }

    quiet(|| async {
        let cache = Rc::new(Cache { entries: RwLock::default(), loads: Cell::new(0) });
        let mut readers = JoinSet::new();
        for reader in 0..6_u32 {
            let cache = cache.clone();
            readers.spawn(async move {
                for turn in 0..3 {
                    let key = (reader + turn) % 3;
                    assert_eq!(cache.get(key).await, format!("value {key}"));
                    sleep(ms(u64::from(choose(3)))).await;
                }
            });
        }
        while let Some(ended) = readers.join_next().await {
            ended.unwrap();
        }
        assert_eq!(cache.loads.get(), 3, "a key was loaded twice");
    });
}

/// At most three at once, some of which give up waiting.
#[test]
fn bounded_by_a_semaphore() {
    struct Gauge {
        now: Cell<usize>,
        most: Cell<usize>,
    }

    struct Inside<'a>(&'a Gauge);

    impl Gauge {
        fn enter(&self) -> Inside<'_> {
            self.now.set(self.now.get() + 1);
            self.most.set(self.most.get().max(self.now.get()));
            Inside(self)
        }
    }

    impl Drop for Inside<'_> {
        fn drop(&mut self) {
            self.0.now.set(self.0.now.get() - 1);
        }
    }

    quiet(|| async {
        let permits = Arc::new(Semaphore::new(3));
        let gauge = Rc::new(Gauge { now: Cell::new(0), most: Cell::new(0) });
        let (served, gave_up) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let mut guests = JoinSet::new();
        for guest in 0..9_u64 {
            let (permits, gauge) = (permits.clone(), gauge.clone());
            let (served, gave_up) = (served.clone(), gave_up.clone());
            guests.spawn(async move {
                match timeout(ms(5 + guest), permits.acquire_many(1 + (guest % 2) as u32)).await {
                    Ok(permit) => {
                        let _permit = permit.unwrap();
                        let _inside = gauge.enter();
                        sleep(ms(4)).await;
                        served.set(served.get() + 1);
                    }
                    Err(_) => gave_up.set(gave_up.get() + 1),
                }
            });
        }
        while let Some(ended) = guests.join_next().await {
            ended.unwrap();
        }
        assert_eq!(served.get() + gave_up.get(), 9);
        assert!(gauge.most.get() <= 3);
        assert_eq!(permits.available_permits(), 3, "a permit was lost");
    });
}

/// Workers in phases: nobody starts the next phase before all have ended this one, and one of them is told to sum up.
#[test]
fn phases_behind_a_barrier() {
    const WORKERS: usize = 4;

    struct Round {
        sums: RefCell<Vec<u32>>,
        parts: RefCell<Vec<u32>>,
    }

    async fn work(worker: usize, round: Rc<Round>, start: Rc<Barrier>, end: Rc<Barrier>) {
        for phase in 0..3_u32 {
            for _ in 0..worker {
                yield_now().await;
            }
            round.parts.borrow_mut().push(phase * 10 + worker as u32);
            let leads = start.wait().await.is_leader();
            if leads {
                let parts = round.parts.take();
                assert_eq!(parts.len(), WORKERS, "somebody is in another phase");
                assert!(parts.iter().all(|part| part / 10 == phase));
                round.sums.borrow_mut().push(parts.iter().sum());
            }
            end.wait().await;
        }
    }

    quiet(|| async {
        let round = Rc::new(Round { sums: RefCell::default(), parts: RefCell::default() });
        let (start, end) = (Rc::new(Barrier::new(WORKERS)), Rc::new(Barrier::new(WORKERS)));
        let workers: Vec<_> =
            (0..WORKERS).map(|worker| spawn(work(worker, round.clone(), start.clone(), end.clone()))).collect();
        for worker in workers {
            worker.await.unwrap();
        }
        assert_eq!(*round.sums.borrow(), [6, 46, 86]);
    });
}

/// A bounded buffer made of a queue and two `Notify`s, as a condition variable is used.
#[test]
fn bounded_buffer_of_notifies() {
    #[derive(Default)]
    struct Buffer {
        items: RefCell<VecDeque<u32>>,
        filled: Notify,
        emptied: Notify,
    }

    impl Buffer {
        async fn push(&self, item: u32) {
            loop {
                let emptied = self.emptied.notified();
                if self.items.borrow().len() < 2 {
                    self.items.borrow_mut().push_back(item);
                    self.filled.notify_one();
                    return;
                }
                emptied.await;
            }
        }

        async fn pop(&self) -> u32 {
            loop {
                let filled = self.filled.notified();
                let item = self.items.borrow_mut().pop_front();
                if let Some(item) = item {
                    if !self.items.borrow().is_empty() {
                        self.filled.notify_one();
                    }
                    self.emptied.notify_one();
                    return item;
                }
                filled.await;
            }
        }
    }

    quiet(|| async {
        let buffer = Rc::new(Buffer::default());
        let producers: Vec<_> = (0..2)
            .map(|producer| {
                let buffer = buffer.clone();
                spawn(async move {
                    for number in 0..6 {
                        buffer.push(producer * 100 + number).await;
                    }
                })
            })
            .collect();
        // One consumer: with several of them a push would have to wake as many as there is room for.
        let mut taken = Vec::new();
        for _ in 0..12 {
            taken.push(buffer.pop().await);
            if taken.len() % 3 == 0 {
                sleep(ms(1)).await;
            }
        }
        for producer in producers {
            producer.await.unwrap();
        }
        for producer in 0..2 {
            let own: Vec<_> = taken.iter().filter(|item| *item / 100 == producer).map(|item| item % 100).collect();
            assert_eq!(own, [0, 1, 2, 3, 4, 5]);
        }
    });
}

/// One value, made by whoever comes first; a first attempt that fails leaves it to the next.
#[test]
fn initialised_once() {
    struct Config {
        value: OnceCell<u32>,
        attempts: Cell<u32>,
        refused: Cell<u32>,
    }

    impl Config {
        async fn get(&self) -> Result<u32, String> {
            self.value
                .get_or_try_init(|| async {
                    let attempt = self.attempts.replace(self.attempts.get() + 1);
                    sleep(ms(2)).await;
                    if attempt == 0 { Err("the file is not there yet".to_owned()) } else { Ok(7) }
                })
                .await
                .copied()
        }
    }

    quiet(|| async {
        let config = Rc::new(Config { value: OnceCell::new(), attempts: Cell::new(0), refused: Cell::new(0) });
        let mut users = JoinSet::new();
        for user in 0..5_u64 {
            let config = config.clone();
            users.spawn(async move {
                sleep(ms(user / 2)).await;
                loop {
                    match config.get().await {
                        Ok(value) => return value,
                        Err(_) => {
                            config.refused.set(config.refused.get() + 1);
                            yield_now().await;
                        }
                    }
                }
            });
        }
        while let Some(value) = users.join_next().await {
            assert_eq!(value.unwrap(), 7);
        }
        assert_eq!((config.attempts.get(), config.refused.get()), (2, 1));
    });
}
