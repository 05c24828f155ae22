//! Programs around channels.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use futures::{SinkExt as _, StreamExt as _};
use reveille::time::{sleep, timeout};
use reveille::{JoinSet, choose, spawn, task, yield_now};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::{ms, quiet};

/// An actor that owns its state; whoever asks sends along where the answer goes, and may have left when it comes.
#[test]
fn actor_with_replies() {
    enum Ask {
        Put(String, u32),
        Get(String, oneshot::Sender<Option<u32>>),
        Sum(oneshot::Sender<u32>),
    }

    async fn actor(mut asked: mpsc::Receiver<Ask>) -> HashMap<String, u32> {
        let mut values = HashMap::new();
        while let Some(ask) = asked.recv().await {
            match ask {
                Ask::Put(key, value) => drop(values.insert(key, value)),
                Ask::Get(key, reply) => {
                    let _ = reply.send(values.get(&key).copied());
                }
                Ask::Sum(reply) => {
                    sleep(ms(3)).await;
                    let _ = reply.send(values.values().sum());
                }
            }
        }
        values
    }

    async fn get(actor: &mpsc::Sender<Ask>, key: &str) -> Option<u32> {
        let (reply, answer) = oneshot::channel();
        actor.send(Ask::Get(key.to_owned(), reply)).await.ok()?;
        answer.await.ok()?
    }

    quiet(|| async {
        let (handle, asked) = mpsc::channel(2);
        let actor = task::Builder::new().name("actor").spawn(actor(asked));
        let mut clients = JoinSet::new();
        for client in 0..4_u32 {
            let handle = handle.clone();
            clients.spawn(async move {
                let key = format!("key {client}");
                handle.send(Ask::Put(key.clone(), client)).await.unwrap();
                assert_eq!(get(&handle, &key).await, Some(client));
                let (reply, answer) = oneshot::channel();
                handle.send(Ask::Sum(reply)).await.unwrap();
                // Some do not wait long enough; the actor must not mind.
                if let Ok(sum) = timeout(ms(u64::from(choose(8))), answer).await {
                    assert!(sum.unwrap() <= 6);
                }
            });
        }
        drop(handle);
        while let Some(ended) = clients.join_next().await {
            ended.unwrap();
        }
        assert_eq!(actor.await.unwrap().len(), 4);
    });
}

/// Three stages with small buffers: pressure goes back, order is kept, the end goes forward.
#[test]
fn pipeline_of_bounded_channels() {
    async fn read(lines: mpsc::Sender<String>) {
        for number in 0..12 {
            if lines.send(format!("{number} {}", number * number)).await.is_err() {
                return;
            }
            if number % 4 == 3 {
                sleep(ms(1)).await;
            }
        }
    }

    async fn parse(mut lines: mpsc::Receiver<String>, pairs: mpsc::Sender<(u32, u32)>) {
        while let Some(line) = lines.recv().await {
            let (left, right) = line.split_once(' ').unwrap();
            let pair = (left.parse().unwrap(), right.parse().unwrap());
            let Ok(permit) = pairs.reserve().await else { return };
            permit.send(pair);
        }
    }

    async fn store(mut pairs: mpsc::Receiver<(u32, u32)>) -> Vec<(u32, u32)> {
        let mut stored = Vec::new();
        let mut batch = Vec::with_capacity(4);
        while pairs.recv_many(&mut batch, 4).await > 0 {
            sleep(ms(1)).await;
            stored.append(&mut batch);
        }
        stored
    }

    quiet(|| async {
        let (lines_in, lines_out) = mpsc::channel(1);
        let (pairs_in, pairs_out) = mpsc::channel(3);
        let reader = spawn(read(lines_in));
        let parser = spawn(parse(lines_out, pairs_in));
        let stored = spawn(store(pairs_out)).await.unwrap();
        reader.await.unwrap();
        parser.await.unwrap();
        assert_eq!(stored, (0..12).map(|number| (number, number * number)).collect::<Vec<_>>());
    });
}

/// Everyone hears everything, except for who is too slow, who is told so and goes on.
#[test]
fn broadcast_with_a_slow_listener() {
    #[derive(Default)]
    struct Heard {
        events: Vec<u32>,
        missed: u64,
    }

    async fn listen(mut events: broadcast::Receiver<u32>, pause: u64) -> Heard {
        let mut heard = Heard::default();
        loop {
            match events.recv().await {
                Ok(event) => heard.events.push(event),
                Err(broadcast::error::RecvError::Lagged(missed)) => heard.missed += missed,
                Err(broadcast::error::RecvError::Closed) => return heard,
            }
            if pause > 0 {
                sleep(ms(pause)).await;
            }
        }
    }

    quiet(|| async {
        let (events, _) = broadcast::channel(4);
        let listeners: Vec<_> = [0, 1, 5].into_iter().map(|pause| spawn(listen(events.subscribe(), pause))).collect();
        let publisher = spawn(async move {
            for event in 0..10 {
                assert_eq!(events.send(event).unwrap(), 3);
                sleep(ms(1)).await;
            }
        });
        publisher.await.unwrap();
        for listener in listeners {
            let heard = listener.await.unwrap();
            assert_eq!(heard.events.len() as u64 + heard.missed, 10);
            assert!(heard.events.is_sorted(), "{:?}", heard.events);
            assert_eq!(heard.events.last(), Some(&9), "the last event is never missed");
        }
    });
}

/// Settings change while workers run; each worker ends up with the latest.
#[test]
fn settings_by_watch() {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Settings {
        version: u32,
        limit: u32,
        stop: bool,
    }

    async fn worker(mut settings: watch::Receiver<Settings>, seen: Rc<RefCell<Vec<u32>>>) -> Settings {
        loop {
            let current = settings.borrow_and_update().clone();
            assert_eq!(current.limit, current.version * 10, "half of a change was seen");
            if current.stop {
                return current;
            }
            seen.borrow_mut().push(current.version);
            // Works until something changes, but looks after itself now and then as well.
            let _ = timeout(ms(4), settings.changed()).await;
            yield_now().await;
        }
    }

    quiet(|| async {
        let (settings, watched) = watch::channel(Settings::default());
        let seen: Vec<_> = (0..3).map(|_| Rc::default()).collect();
        let workers: Vec<_> = seen.iter().map(|seen| spawn(worker(watched.clone(), Rc::clone(seen)))).collect();
        drop(watched);
        for version in 1..=5 {
            sleep(ms(u64::from(choose(6)))).await;
            settings.send_modify(|settings| {
                settings.version = version;
                settings.limit = version * 10;
            });
        }
        settings.send_modify(|settings| settings.stop = true);
        for worker in workers {
            assert_eq!(worker.await.unwrap().version, 5);
        }
        assert!(seen.iter().all(|seen| seen.borrow().is_sorted()));
    });
}

/// A queue of jobs for several workers; jobs make further jobs, and the last one closes the queue.
#[test]
fn work_queue_with_many_workers() {
    struct Jobs {
        sender: async_channel::Sender<u32>,
        pending: Cell<usize>,
        done: RefCell<Vec<u32>>,
    }

    impl Jobs {
        fn add(&self, job: u32) {
            self.pending.set(self.pending.get() + 1);
            self.sender.try_send(job).expect("the queue is unbounded and open");
        }

        fn finish(&self, job: u32) {
            self.done.borrow_mut().push(job);
            self.pending.set(self.pending.get() - 1);
            if self.pending.get() == 0 {
                self.sender.close();
            }
        }
    }

    async fn work(jobs: Rc<Jobs>, queue: async_channel::Receiver<u32>) -> usize {
        let mut count = 0;
        while let Ok(job) = queue.recv().await {
            sleep(ms(u64::from(job % 3))).await;
            if job < 8 {
                jobs.add(job * 2);
                jobs.add(job * 2 + 1);
            }
            jobs.finish(job);
            count += 1;
        }
        count
    }

    quiet(|| async {
        let (sender, receiver) = async_channel::unbounded();
        let jobs = Rc::new(Jobs { sender, pending: Cell::new(0), done: RefCell::default() });
        jobs.add(1);
        let workers: Vec<_> = (0..3).map(|_| spawn(work(jobs.clone(), receiver.clone()))).collect();
        let mut count = 0;
        for worker in workers {
            count += worker.await.unwrap();
        }
        let mut done = jobs.done.take();
        done.sort_unstable();
        assert_eq!(done, (1..16).collect::<Vec<_>>());
        assert_eq!(count, 15);
    });
}

/// futures' own channels: a sink with pressure, and several producers that end one after the other.
#[test]
fn sinks_and_streams_of_futures() {
    use futures::channel::{mpsc, oneshot};

    async fn produce(mut sink: mpsc::Sender<(u8, u32)>, who: u8, stop: oneshot::Receiver<()>) -> u32 {
        let mut stop = stop;
        let mut sent = 0;
        while let Ok(None) = stop.try_recv() {
            if sent == 20 || sink.send((who, sent)).await.is_err() {
                break;
            }
            sent += 1;
            sleep(ms(u64::from(who) + 1)).await;
        }
        sink.close_channel();
        sent
    }

    quiet(|| async {
        let (sink, mut stream) = mpsc::channel(1);
        let mut stops = Vec::new();
        let mut producers = Vec::new();
        for who in 0..3 {
            let (stop, stopped) = oneshot::channel();
            stops.push(stop);
            producers.push(spawn(produce(sink.clone(), who, stopped)));
        }
        drop(sink);
        let mut next = [0_u32; 3];
        let consumer = spawn(async move {
            while let Some((who, number)) = stream.next().await {
                assert_eq!(number, next[usize::from(who)], "out of order");
                next[usize::from(who)] += 1;
            }
            next
        });
        sleep(ms(7)).await;
        for stop in stops {
            let _ = stop.send(());
        }
        let received = consumer.await.unwrap();
        for (producer, received) in producers.into_iter().zip(received) {
            // Whoever closes first closes for all; what was sent by then arrives.
            let sent = producer.await.unwrap();
            assert!(received <= sent && sent <= received + 1, "{received} of {sent}");
        }
    });
}
