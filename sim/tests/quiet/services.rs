//! The parts that services are made of.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;

use reveille::time::{Duration, Instant, interval, sleep, sleep_until, timeout};
use reveille::{JoinSet, choose, spawn, task, yield_now};
use tokio::sync::{Mutex, Notify, OwnedSemaphorePermit, Semaphore, broadcast, oneshot};

use super::{ms, quiet};

/// Tokens come back with time; callers wait for one, some not for long.
#[test]
fn rate_limiter() {
    struct Limiter {
        tokens: Mutex<(u32, Instant)>,
        every: Duration,
    }

    impl Limiter {
        const MOST: u32 = 2;

        async fn take(&self) {
            loop {
                let wait = {
                    let mut tokens = self.tokens.lock().await;
                    let elapsed = tokens.1.elapsed();
                    let back = (elapsed.as_millis() / self.every.as_millis()) as u32;
                    tokens.0 = (tokens.0 + back).min(Self::MOST);
                    tokens.1 += self.every * back;
                    if tokens.0 > 0 {
                        tokens.0 -= 1;
                        return;
                    }
                    self.every.saturating_sub(tokens.1.elapsed())
                };
                sleep(wait).await;
            }
        }
    }

    quiet(|| async {
        let limiter = Rc::new(Limiter { tokens: Mutex::new((Limiter::MOST, Instant::now())), every: ms(10) });
        let taken = Rc::new(RefCell::new(Vec::new()));
        let mut callers = JoinSet::new();
        for caller in 0..8 {
            let (limiter, taken) = (limiter.clone(), taken.clone());
            callers.spawn(async move {
                sleep(ms(caller)).await;
                if timeout(ms(45), limiter.take()).await.is_ok() {
                    taken.borrow_mut().push(Instant::now());
                }
            });
        }
        while let Some(ended) = callers.join_next().await {
            ended.unwrap();
        }
        let taken = taken.borrow();
        assert!(taken.len() >= 5, "only {} of 8", taken.len());
        for window in taken.windows(4) {
            assert!(window[3].duration_since(window[0]) >= ms(10), "three tokens at once, or more");
        }
    });
}

enum Slot {
    Fetching(broadcast::Sender<u32>),
    Done(u32),
}

#[derive(Default)]
struct Flight {
    slots: RefCell<HashMap<u32, Slot>>,
    fetches: Cell<u32>,
}

/// Takes the slot away if its fetch is given up.
struct Leader<'a> {
    flight: &'a Flight,
    key: u32,
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        let mut slots = self.flight.slots.borrow_mut();
        if let Some(Slot::Fetching(_)) = slots.get(&self.key) {
            slots.remove(&self.key);
        }
    }
}

impl Flight {
    async fn get(&self, key: u32) -> u32 {
        loop {
            let mut waiting = match self.slots.borrow().get(&key) {
                Some(Slot::Done(value)) => return *value,
                Some(Slot::Fetching(done)) => Some(done.subscribe()),
                None => None,
            };
            if let Some(waiting) = &mut waiting {
                if let Ok(value) = waiting.recv().await {
                    return value;
                }
                continue;
            }
            let (done, _) = broadcast::channel(1);
            self.slots.borrow_mut().insert(key, Slot::Fetching(done.clone()));
            let leader = Leader { flight: self, key };
            let value = self.fetch(key).await;
            self.slots.borrow_mut().insert(key, Slot::Done(value));
            drop(leader);
            let _ = done.send(value);
            return value;
        }
    }

    async fn fetch(&self, key: u32) -> u32 {
        self.fetches.set(self.fetches.get() + 1);
        sleep(ms(5)).await;
        key + 100
    }
}

/// Who asks for what somebody fetches already waits for that; if that one gives up, the next one fetches.
#[test]
fn single_flight() {
    quiet(|| async {
        let flight = Rc::new(Flight::default());
        let gave_up = Rc::new(Cell::new(0));
        let mut askers = JoinSet::new();
        for asker in 0..6 {
            let (flight, gave_up) = (flight.clone(), gave_up.clone());
            askers.spawn(async move {
                let key = asker % 2;
                // Two of them are impatient.
                let patience = if asker < 2 { ms(u64::from(choose(8))) } else { ms(1000) };
                match timeout(patience, flight.get(key)).await {
                    Ok(value) => assert_eq!(value, key + 100),
                    Err(_) => gave_up.set(gave_up.get() + 1),
                }
            });
        }
        while let Some(ended) = askers.join_next().await {
            ended.unwrap();
        }
        assert!((2..=2 + gave_up.get()).contains(&flight.fetches.get()), "{} fetches", flight.fetches.get());
    });
}

struct Connection {
    id: u32,
    queries: u32,
}

struct Pool {
    idle: RefCell<Vec<Connection>>,
    permits: std::sync::Arc<Semaphore>,
    made: Cell<u32>,
}

struct Lent<'a> {
    pool: &'a Pool,
    connection: Option<Connection>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.pool.idle.borrow_mut().extend(self.connection.take());
    }
}

impl Pool {
    async fn get(&self) -> Lent<'_> {
        let permit = self.permits.clone().acquire_owned().await.unwrap();
        let idle = self.idle.borrow_mut().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => {
                sleep(ms(3)).await;
                let id = self.made.replace(self.made.get() + 1);
                Connection { id, queries: 0 }
            }
        };
        Lent { pool: self, connection: Some(connection), _permit: permit }
    }
}

impl Lent<'_> {
    async fn query(&mut self) -> Result<u32, ()> {
        let connection = self.connection.as_mut().ok_or(())?;
        sleep(ms(u64::from(choose(4)))).await;
        connection.queries += 1;
        let id = connection.id;
        if connection.queries == 5 {
            self.connection = None;
            return Err(());
        }
        Ok(id)
    }
}

/// Connections are lent, come back when their guard goes, and broken ones are replaced.
#[test]
fn connection_pool() {
    quiet(|| async {
        let pool = Rc::new(Pool { idle: RefCell::default(), permits: Semaphore::new(2).into(), made: Cell::new(0) });
        let answered = Rc::new(Cell::new(0));
        let mut clients = JoinSet::new();
        for _ in 0..5 {
            let (pool, answered) = (pool.clone(), answered.clone());
            clients.spawn(async move {
                for _ in 0..4 {
                    let asked = async { pool.get().await.query().await };
                    match timeout(ms(30), asked).await {
                        Ok(Ok(_)) => answered.set(answered.get() + 1),
                        Ok(Err(())) | Err(_) => yield_now().await,
                    }
                }
            });
        }
        while let Some(ended) = clients.join_next().await {
            ended.unwrap();
        }
        assert!(answered.get() >= 8, "only {} of 20 queries", answered.get());
        assert_eq!(pool.permits.available_permits(), 2, "a permit is gone");
        assert!(pool.idle.borrow().len() <= 2);
    });
}

/// A supervisor starts again what failed, a bounded number of times, and takes the panics.
#[test]
fn supervisor_that_restarts() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Ended {
        Finished,
        GaveUp,
    }

    async fn supervise(name: u32, log: Rc<RefCell<Vec<(u32, u32)>>>) -> Ended {
        for attempt in 0..3 {
            log.borrow_mut().push((name, attempt));
            let child = task::Builder::new().name("child").spawn(child(name, attempt));
            match child.await {
                Ok(Ok(())) => return Ended::Finished,
                Ok(Err(pause)) => sleep(pause).await,
                Err(error) if error.is_panic() => {
                    let payload = error.into_panic();
                    assert_eq!(payload.downcast_ref::<&str>(), Some(&"out of luck"));
                    sleep(ms(2)).await;
                }
                Err(error) => panic!("nobody aborts a child: {error}"),
            }
        }
        Ended::GaveUp
    }

    async fn child(name: u32, attempt: u32) -> Result<(), Duration> {
        sleep(ms(u64::from(name))).await;
        match (name, attempt) {
            (0, _) | (1, 2) => Ok(()),
            (1, _) => Err(ms(u64::from(1 + choose(3)))),
            (2, 0) => panic!("out of luck"),
            (2, _) => Ok(()),
            _ => panic!("out of luck"),
        }
    }

    quiet(|| async {
        let log = Rc::new(RefCell::new(Vec::new()));
        let supervisors: Vec<_> = (0..4).map(|name| spawn(supervise(name, log.clone()))).collect();
        let mut ends = Vec::new();
        for supervisor in supervisors {
            ends.push(supervisor.await.unwrap());
        }
        assert_eq!(ends, [Ended::Finished, Ended::Finished, Ended::Finished, Ended::GaveUp]);
        let log = log.borrow();
        let attempts = |name| log.iter().filter(|entry| entry.0 == name).count();
        assert_eq!([0, 1, 2, 3].map(attempts), [1, 3, 2, 3]);
    });
}

/// Jobs are due at times of their own; the nearest is waited for, and a nearer one may come in between.
#[test]
fn scheduler_of_jobs() {
    #[derive(Default)]
    struct Schedule {
        due: RefCell<BTreeMap<(Instant, u32), &'static str>>,
        changed: Notify,
        closed: Cell<bool>,
    }

    impl Schedule {
        fn add(&self, at: Instant, number: u32, name: &'static str) {
            self.due.borrow_mut().insert((at, number), name);
            self.changed.notify_one();
        }

        fn close(&self) {
            self.closed.set(true);
            self.changed.notify_one();
        }

        async fn run(&self) -> Vec<(u32, &'static str)> {
            let mut done = Vec::new();
            loop {
                let first = self.due.borrow().first_key_value().map(|(key, _)| *key);
                match first {
                    Some(key) if key.0 <= Instant::now() => {
                        let name = self.due.borrow_mut().remove(&key).unwrap();
                        done.push((key.1, name));
                    }
                    Some((at, _)) => {
                        tokio::select! {
                            biased;
                            () = self.changed.notified() => {}
                            () = sleep_until(at) => {}
                        }
                    }
                    None if self.closed.get() => return done,
                    None => self.changed.notified().await,
                }
            }
        }
    }

    quiet(|| async {
        let schedule = Rc::new(Schedule::default());
        let runs = schedule.clone();
        let runner = task::Builder::new().name("runner").spawn(async move { runs.run().await });
        let start = Instant::now();
        for (number, (at, name)) in (0..).zip([(30, "late"), (10, "early"), (20, "middle"), (10, "also early")]) {
            schedule.add(start + ms(at), number, name);
            sleep(ms(u64::from(choose(4)))).await;
        }
        schedule.close();
        let done = runner.await.unwrap();
        assert_eq!(done, [(1, "early"), (3, "also early"), (2, "middle"), (0, "late")]);
        assert!(start.elapsed() >= ms(30));
    });
}

/// Writes are collected for a while and written at once; each writer learns when its own is safe.
#[test]
fn group_commit() {
    #[derive(Default)]
    struct Log {
        waiting: RefCell<VecDeque<(u32, oneshot::Sender<u64>)>>,
        filled: Notify,
        flushed: RefCell<Vec<Vec<u32>>>,
    }

    impl Log {
        async fn append(&self, entry: u32) -> u64 {
            let (done, committed) = oneshot::channel();
            self.waiting.borrow_mut().push_back((entry, done));
            self.filled.notify_one();
            committed.await.expect("the flusher outlives its writers")
        }

        async fn flush(&self) {
            let mut ticks = interval(ms(5));
            for number in 0_u64.. {
                self.filled.notified().await;
                ticks.tick().await;
                let batch: Vec<_> = self.waiting.borrow_mut().drain(..).collect();
                sleep(ms(2)).await;
                let (entries, done): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
                self.flushed.borrow_mut().push(entries);
                for done in done {
                    let _ = done.send(number);
                }
            }
        }
    }

    quiet(|| async {
        let log = Rc::new(Log::default());
        let flushes = log.clone();
        let flusher = task::Builder::new().name("flusher").daemon(true).spawn(async move { flushes.flush().await });
        let mut writers = JoinSet::new();
        for writer in 0..4 {
            let log = log.clone();
            writers.spawn(async move {
                let mut last = None;
                for entry in 0..3 {
                    let number = log.append(writer * 10 + entry).await;
                    assert!(Some(number) > last, "two entries of one writer in one batch");
                    last = Some(number);
                    assert!(log.flushed.borrow()[number as usize].contains(&(writer * 10 + entry)));
                }
            });
        }
        while let Some(ended) = writers.join_next().await {
            ended.unwrap();
        }
        flusher.abort();
        assert_eq!(log.flushed.borrow().iter().map(Vec::len).sum::<usize>(), 12);
    });
}
