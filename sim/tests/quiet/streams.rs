//! Programs with many futures in one task: buffered streams used well, sets of futures, joins.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::pin::pin;
use std::rc::Rc;

use futures::future::{join_all, try_join_all};
use futures::stream::{self, FuturesOrdered, FuturesUnordered, StreamExt as _, TryStreamExt as _};
use futures_concurrency::stream::Merge as _;
use reveille::time::{Instant, interval, sleep, timeout};
use reveille::{choose, spawn, yield_now};
use tokio::sync::{Semaphore, mpsc};

use super::{ms, quiet};

/// A crawler: a set of fetches that grows while it is emptied.
#[test]
fn crawler_in_a_set_of_futures() {
    struct Site {
        fetches: Cell<u32>,
        open: Cell<u32>,
    }

    impl Site {
        async fn fetch(&self, page: u32) -> (u32, Vec<u32>) {
            self.open.set(self.open.get() + 1);
            sleep(ms(u64::from(1 + choose(5)))).await;
            self.open.set(self.open.get() - 1);
            self.fetches.set(self.fetches.get() + 1);
            let links = if page < 7 { vec![2 * page + 1, 2 * page + 2, page / 2] } else { vec![0] };
            (page, links)
        }
    }

    quiet(|| async {
        let site = Site { fetches: Cell::new(0), open: Cell::new(0) };
        let mut seen = BTreeSet::from([0]);
        let mut waiting = vec![0];
        let mut fetching = FuturesUnordered::new();
        loop {
            while fetching.len() < 3 {
                let Some(page) = waiting.pop() else { break };
                fetching.push(site.fetch(page));
            }
            let Some((_, links)) = fetching.next().await else { break };
            assert!(site.open.get() <= 3);
            for link in links {
                if seen.insert(link) {
                    waiting.push(link);
                }
            }
        }
        assert_eq!(seen, (0..15).collect());
        assert_eq!(site.fetches.get(), 15);
        assert_eq!(site.open.get(), 0);
    });
}

/// `buffer_unordered` used well: the body does nothing that takes time.
#[test]
fn buffered_downloads() {
    struct Server {
        busy: Cell<usize>,
        most: Cell<usize>,
    }

    impl Server {
        async fn download(&self, part: u32) -> Result<Vec<u8>, String> {
            self.busy.set(self.busy.get() + 1);
            self.most.set(self.most.get().max(self.busy.get()));
            let answered = timeout(ms(50), sleep(ms(u64::from(3 + choose(10))))).await;
            self.busy.set(self.busy.get() - 1);
            answered.map_err(|elapsed| elapsed.to_string())?;
            Ok(vec![part as u8; part as usize])
        }
    }

    quiet(|| async {
        let server = Server { busy: Cell::new(0), most: Cell::new(0) };
        let bytes: usize = stream::iter(0..16)
            .map(|part| server.download(part))
            .buffer_unordered(4)
            .try_fold(0, |sum, bytes| std::future::ready(Ok(sum + bytes.len())))
            .await
            .unwrap();
        assert_eq!(bytes, 120);
        assert!(server.most.get() <= 4);

        // In order this time, and what is done with each part is a task of its own.
        let mut stored = Vec::new();
        let mut parts = stream::iter(0..8).map(|part| server.download(part)).buffered(3);
        while let Some(part) = parts.next().await {
            let part = part.unwrap();
            stored.push(spawn(async move {
                sleep(ms(20)).await;
                part.len()
            }));
        }
        let mut lengths = Vec::new();
        for stored in stored {
            lengths.push(stored.await.unwrap());
        }
        assert_eq!(lengths, (0..8).collect::<Vec<_>>());
    });
}

/// Requests go out in groups; the first error ends its group and drops the rest of it.
#[test]
fn groups_that_fail_together() {
    struct Counted<'a>(&'a Cell<i32>);

    impl<'a> Counted<'a> {
        fn new(count: &'a Cell<i32>) -> Self {
            count.set(count.get() + 1);
            Self(count)
        }
    }

    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() - 1);
        }
    }

    async fn step(open: &Cell<i32>, group: u32, member: u32) -> Result<u32, u32> {
        let _counted = Counted::new(open);
        sleep(ms(u64::from(1 + choose(6)))).await;
        if group == 1 && member == 2 {
            return Err(group);
        }
        yield_now().await;
        Ok(member)
    }

    quiet(|| async {
        let open = Rc::new(Cell::new(0));
        let groups: Vec<_> = (0..3)
            .map(|group| {
                let open = open.clone();
                spawn(async move { try_join_all((0..4).map(|member| step(&open, group, member))).await })
            })
            .collect();
        let results: Vec<_> = join_all(groups).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(results, [Ok(vec![0, 1, 2, 3]), Err(1), Ok(vec![0, 1, 2, 3])]);
        assert_eq!(open.get(), 0, "a step goes on after its group failed");

        let (left, right) = futures::join!(step(&open, 0, 5), async {
            sleep(ms(2)).await;
            step(&open, 2, 6).await
        });
        assert_eq!((left, right), (Ok(5), Ok(6)));
        assert_eq!(futures::try_join!(step(&open, 0, 1), step(&open, 1, 2)), Err(1));
    });
}

/// Several sources merged into one stream, with none of them dropped when another has something.
#[test]
fn merged_sources() {
    #[derive(Debug, PartialEq)]
    enum Event {
        Tick,
        Key(u32),
        Done,
    }

    fn keys(receiver: mpsc::Receiver<u32>) -> impl stream::Stream<Item = Event> {
        stream::unfold(Some(receiver), |receiver| async {
            let mut receiver = receiver?;
            match receiver.recv().await {
                Some(key) => Some((Event::Key(key), Some(receiver))),
                None => Some((Event::Done, None)),
            }
        })
    }

    fn ticks() -> impl stream::Stream<Item = Event> {
        stream::unfold(interval(ms(5)), |mut ticks| async {
            ticks.tick().await;
            Some((Event::Tick, ticks))
        })
    }

    quiet(|| async {
        let (typed, receiver) = mpsc::channel(2);
        let typist = spawn(async move {
            for key in 0..8 {
                sleep(ms(u64::from(choose(9)))).await;
                typed.send(key).await.unwrap();
            }
            sleep(ms(20)).await;
        });
        let mut events = pin!((keys(receiver), ticks()).merge());
        let (mut pressed, mut ticked) = (Vec::new(), 0);
        while let Some(event) = events.next().await {
            match event {
                Event::Tick => ticked += 1,
                Event::Key(key) => pressed.push(key),
                Event::Done => break,
            }
        }
        typist.await.unwrap();
        assert_eq!(pressed, (0..8).collect::<Vec<_>>());
        assert!(ticked >= 4, "{ticked} ticks in 20 ms and more");
    });
}

/// Items are collected until there are enough of them or the first one has waited long enough.
#[test]
fn batches_by_size_and_age() {
    const MOST: usize = 4;

    struct Batch {
        items: Vec<u32>,
        oldest: Instant,
    }

    async fn collect(mut items: mpsc::Receiver<u32>, batches: Rc<RefCell<Vec<Batch>>>) {
        while let Some(first) = items.recv().await {
            let mut batch = Batch { items: vec![first], oldest: Instant::now() };
            let mut too_old = pin!(sleep(ms(10)));
            let open = loop {
                if batch.items.len() == MOST {
                    break true;
                }
                tokio::select! {
                    biased;
                    item = items.recv() => match item {
                        Some(item) => batch.items.push(item),
                        None => break false,
                    },
                    () = &mut too_old => break true,
                }
            };
            assert!(batch.oldest.elapsed() <= ms(10), "an item waits too long");
            batches.borrow_mut().push(batch);
            if !open {
                return;
            }
        }
    }

    quiet(|| async {
        let (sender, items) = mpsc::channel(2);
        let batches = Rc::new(RefCell::new(Vec::new()));
        let collector = spawn(collect(items, batches.clone()));
        for item in 0..18 {
            sender.send(item).await.unwrap();
            sleep(ms(u64::from(choose(3) * choose(8)))).await;
        }
        drop(sender);
        collector.await.unwrap();
        let batches = batches.borrow();
        assert!(batches.iter().all(|batch| (1..=MOST).contains(&batch.items.len())));
        let items: Vec<_> = batches.iter().flat_map(|batch| batch.items.iter().copied()).collect();
        assert_eq!(items, (0..18).collect::<Vec<_>>());
    });
}

/// Pages are asked for ahead of time, but come out in order, and no more than permitted are open.
#[test]
fn read_ahead_in_order() {
    async fn page(number: u32, disk: Rc<Semaphore>) -> (u32, Vec<u32>) {
        let _permit = disk.acquire().await.unwrap();
        sleep(ms(u64::from(1 + choose(7)))).await;
        (number, (number * 3..number * 3 + 3).collect())
    }

    struct Reader {
        ahead: FuturesOrdered<reveille::JoinHandle<(u32, Vec<u32>)>>,
        next: u32,
        disk: Rc<Semaphore>,
    }

    impl Reader {
        fn fill(&mut self) {
            while self.ahead.len() < 4 && self.next < 10 {
                self.ahead.push_back(spawn(page(self.next, self.disk.clone())));
                self.next += 1;
            }
        }

        async fn read(&mut self) -> Option<Vec<u32>> {
            self.fill();
            let (_, rows) = self.ahead.next().await?.unwrap();
            self.fill();
            Some(rows)
        }
    }

    quiet(|| async {
        let disk = Rc::new(Semaphore::new(2));
        let mut reader = Reader { ahead: FuturesOrdered::new(), next: 0, disk: disk.clone() };
        let mut rows = Vec::new();
        while let Some(mut page) = reader.read().await {
            rows.append(&mut page);
            // Pages are tasks of their own: that the reader is busy does not hold them up.
            sleep(ms(u64::from(choose(12)))).await;
        }
        assert_eq!(rows, (0..30).collect::<Vec<_>>());
        assert_eq!(disk.available_permits(), 2);
    });
}
