//! Programs that wait for the first of several things.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::pin;
use std::rc::Rc;

use futures::future::{Either, select, select_all};
use futures::{FutureExt as _, StreamExt as _};
use reveille::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout};
use reveille::{JoinSet, choose, spawn, task, yield_now};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use super::{ms, quiet};

/// A loop over an interval, messages and a stop, as services have.
#[test]
fn service_loop_with_heartbeat() {
    struct Service {
        messages: mpsc::Receiver<u32>,
        stop: watch::Receiver<bool>,
        beats: Rc<Cell<u32>>,
    }

    impl Service {
        async fn run(mut self) -> u32 {
            let mut ticks = interval(ms(10));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut total = 0;
            loop {
                tokio::select! {
                    biased;
                    changed = self.stop.changed() => {
                        if changed.is_err() || *self.stop.borrow() {
                            break;
                        }
                    }
                    message = self.messages.recv() => match message {
                        Some(message) => total += self.handle(message).await,
                        None => break,
                    },
                    _ = ticks.tick() => self.beats.set(self.beats.get() + 1),
                }
            }
            // What was sent before the stop is still handled.
            while let Ok(message) = self.messages.try_recv() {
                total += message;
            }
            total
        }

        async fn handle(&self, message: u32) -> u32 {
            sleep(ms(2)).await;
            message
        }
    }

    quiet(|| async {
        let (sender, messages) = mpsc::channel(4);
        let (stopper, stop) = watch::channel(false);
        let beats = Rc::new(Cell::new(0));
        let service = spawn(Service { messages, stop, beats: beats.clone() }.run());
        for message in 1..=10 {
            sender.send(message).await.unwrap();
            sleep(ms(u64::from(choose(7)))).await;
        }
        sleep(ms(25)).await;
        stopper.send(true).unwrap();
        assert_eq!(service.await.unwrap(), 55);
        assert!(beats.get() >= 2, "no heartbeat: {}", beats.get());
    });
}

/// One timer outlives many turns of the loop: an idle time-out that every message moves on.
#[test]
fn idle_timeout_that_is_reset() {
    async fn session(mut messages: mpsc::Receiver<u64>) -> (u32, Instant) {
        let mut idle = pin!(sleep(ms(20)));
        let mut count = 0;
        loop {
            tokio::select! {
                biased;
                message = messages.recv() => {
                    let Some(pause) = message else { return (count, Instant::now()) };
                    count += 1;
                    // Handling takes a while, in which the timer may strike; it starts anew afterwards.
                    sleep(ms(pause)).await;
                    idle.as_mut().reset(Instant::now() + ms(20));
                }
                () = &mut idle => return (count, Instant::now()),
            }
        }
    }

    quiet(|| async {
        let (sender, messages) = mpsc::channel(1);
        let session = spawn(session(messages));
        let mut sent = 0;
        let last = loop {
            if sent == 6 {
                break Instant::now();
            }
            if sender.send(u64::from(choose(30))).await.is_err() {
                break Instant::now();
            }
            sent += 1;
            sleep(ms(u64::from(choose(12)))).await;
        };
        let (count, ended) = session.await.unwrap();
        assert!(count == sent || count + 1 == sent, "{count} of {sent}");
        assert!(ended >= last || count < 6);
    });
}

/// Servers are told to stop, finish what they have begun, and are waited for, but not for ever.
#[test]
fn graceful_shutdown() {
    #[derive(Default)]
    struct Work {
        begun: Cell<u32>,
        done: Cell<u32>,
    }

    async fn serve(work: Rc<Work>, mut stop: watch::Receiver<bool>, turns: u64) {
        loop {
            let stopped = stop.wait_for(|stop| *stop).map(|_| ());
            let pause = sleep(ms(turns));
            tokio::select! {
                biased;
                () = stopped => return,
                () = pause => {}
            }
            work.begun.set(work.begun.get() + 1);
            // Not within the select: what was begun is finished.
            sleep(ms(4)).await;
            work.done.set(work.done.get() + 1);
        }
    }

    quiet(|| async {
        let work = Rc::new(Work::default());
        let (stop, stopped) = watch::channel(false);
        let mut servers = JoinSet::new();
        for turns in [1, 3, 7] {
            servers.spawn(serve(work.clone(), stopped.clone(), turns));
        }
        sleep(ms(10 + u64::from(choose(20)))).await;
        stop.send(true).unwrap();
        let all_ended = timeout(ms(50), async {
            while let Some(ended) = servers.join_next().await {
                ended.unwrap();
            }
        });
        assert!(all_ended.await.is_ok(), "shutdown takes too long");
        assert!(work.begun.get() >= 3);
        assert_eq!(work.begun.get(), work.done.get(), "something was cut short");
    });
}

/// Attempts with growing pauses, each with a time limit, under a limit for all of them.
#[test]
fn retries_with_backoff() {
    struct Flaky {
        calls: Cell<u32>,
        succeeds_at: u32,
    }

    impl Flaky {
        async fn call(&self) -> Result<u32, &'static str> {
            let call = self.calls.replace(self.calls.get() + 1);
            if call == self.succeeds_at {
                sleep(ms(1)).await;
                return Ok(call);
            }
            match choose(3) {
                0 => Err("refused"),
                1 => {
                    sleep(ms(3)).await;
                    Err("broken off")
                }
                _ => {
                    sleep(ms(1000)).await;
                    Err("too late for everyone")
                }
            }
        }
    }

    async fn with_retries(flaky: &Flaky) -> Result<u32, String> {
        let mut pause = ms(2);
        let mut last = String::new();
        for _ in 0..6 {
            match timeout(ms(10), flaky.call()).await {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(error)) => last = error.to_owned(),
                Err(elapsed) => last = elapsed.to_string(),
            }
            sleep(pause).await;
            pause *= 2;
        }
        Err(last)
    }

    quiet(|| async {
        let flaky: Vec<_> = [0, 2, 5, 9].map(|succeeds_at| Rc::new(Flaky { calls: Cell::new(0), succeeds_at })).into();
        let callers: Vec<_> = flaky
            .iter()
            .cloned()
            .map(|flaky| spawn(async move { timeout(ms(300), with_retries(&flaky)).await.map_err(|_| ()) }))
            .collect();
        for (caller, flaky) in callers.into_iter().zip(flaky) {
            let result = caller.await.unwrap().expect("six attempts end in time");
            assert_eq!(result.is_ok(), flaky.succeeds_at < 6, "{result:?}");
        }
    });
}

/// A second request is sent if the first takes long; the first answer counts and the other request is dropped.
#[test]
fn hedged_requests() {
    #[derive(Default)]
    struct Replica {
        running: Cell<i32>,
        served: Cell<u32>,
    }

    struct Running<'a>(&'a Replica);

    impl Drop for Running<'_> {
        fn drop(&mut self) {
            self.0.running.set(self.0.running.get() - 1);
        }
    }

    impl Replica {
        async fn ask(&self, key: u32) -> u32 {
            self.running.set(self.running.get() + 1);
            let _running = Running(self);
            sleep(ms(u64::from(choose(20)))).await;
            self.served.set(self.served.get() + 1);
            key * 2
        }
    }

    async fn hedged(first: &Replica, second: &Replica, key: u32) -> u32 {
        let mut asked = pin!(first.ask(key));
        match select(asked.as_mut(), pin!(sleep(ms(8)))).await {
            Either::Left((answer, _)) => answer,
            Either::Right(((), asked)) => match select(asked, pin!(second.ask(key))).await {
                Either::Left((answer, _)) | Either::Right((answer, _)) => answer,
            },
        }
    }

    quiet(|| async {
        let replicas = Rc::new([Replica::default(), Replica::default()]);
        let mut clients = JoinSet::new();
        for key in 0..4 {
            let replicas = replicas.clone();
            clients.spawn(async move {
                let [first, second] = &*replicas;
                assert_eq!(hedged(first, second, key).await, key * 2);
            });
        }
        while let Some(ended) = clients.join_next().await {
            ended.unwrap();
        }
        let served: u32 = replicas.iter().map(|replica| replica.served.get()).sum();
        assert!((4..=8).contains(&served));
        assert!(replicas.iter().all(|replica| replica.running.get() == 0), "a dropped request goes on");
    });
}

/// A debouncer: only the last of a burst of changes is written, some while after it.
#[test]
fn debounced_writes() {
    async fn debounce(mut changes: mpsc::UnboundedReceiver<u32>, written: Rc<RefCell<Vec<u32>>>) {
        let mut latest = None;
        let mut due = Instant::now();
        loop {
            let changed = match latest {
                None => changes.recv().await,
                Some(value) => {
                    let next = pin!(changes.recv());
                    match select(next, pin!(sleep_until(due))).await {
                        Either::Left((changed, _)) => changed,
                        Either::Right(((), _)) => {
                            written.borrow_mut().push(value);
                            latest = None;
                            continue;
                        }
                    }
                }
            };
            match changed {
                Some(value) => {
                    latest = Some(value);
                    due = Instant::now() + ms(5);
                }
                None => {
                    written.borrow_mut().extend(latest);
                    return;
                }
            }
        }
    }

    quiet(|| async {
        let (changes, changed) = mpsc::unbounded_channel();
        let written = Rc::new(RefCell::new(Vec::new()));
        let writer = spawn(debounce(changed, written.clone()));
        for value in 0..12 {
            changes.send(value).unwrap();
            sleep(ms(u64::from(choose(4) * choose(4)))).await;
        }
        drop(changes);
        writer.await.unwrap();
        let written = written.borrow();
        assert!(written.is_sorted(), "{written:?}");
        assert_eq!(written.last(), Some(&11), "the last change is lost");
    });
}

/// Whoever answers first wins an auction of several rounds; the losers' offers are withdrawn.
#[test]
fn first_of_many() {
    struct Bidder {
        name: u32,
        offers: mpsc::Sender<(u32, oneshot::Sender<bool>)>,
        woken: Rc<Notify>,
    }

    impl Bidder {
        async fn bid(self) -> u32 {
            let mut won = 0;
            for _ in 0..3 {
                self.woken.notified().await;
                let (reply, decided) = oneshot::channel();
                if self.offers.send((self.name, reply)).await.is_err() {
                    break;
                }
                won += u32::from(decided.await.unwrap_or(false));
            }
            won
        }
    }

    quiet(|| async {
        let mut bells = Vec::new();
        let mut halls = VecDeque::new();
        let mut bidders = Vec::new();
        for name in 0..3 {
            let (offers, hall) = mpsc::channel(1);
            let woken = Rc::new(Notify::new());
            bells.push(woken.clone());
            halls.push_back(hall);
            bidders.push(task::Builder::new().name("bidder").spawn(Bidder { name, offers, woken }.bid()));
        }
        for _ in 0..3 {
            bells.iter().for_each(|bell| bell.notify_one());
            // Everyone offers; the first offer wins, and the others are told so.
            let (first, _, others) = select_all(halls.iter_mut().map(|hall| Box::pin(hall.recv()))).await;
            drop(others);
            let (winner, reply) = first.expect("the bidders have three rounds");
            reply.send(true).unwrap();
            for (name, hall) in (0..).zip(&mut halls) {
                if name != winner {
                    let (_, reply) = hall.recv().await.expect("each bids in each round");
                    reply.send(false).unwrap();
                }
            }
            yield_now().await;
        }
        drop(halls);
        let mut ended: futures::stream::FuturesUnordered<_> = bidders.into_iter().collect();
        let mut won = 0;
        while let Some(count) = ended.next().await {
            won += count.unwrap();
        }
        assert_eq!(won, 3);
    });
}
