//! A failing run is made small before it is reported, and stays the same failure.

#![cfg(not(loom))]

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use reveille::{Choose, Failure, FindingKind, Point, explore, spawn, yield_now};

/// `setters` tasks each set `a`, then `b`; the checker fails if it sees one without the other (`reorder` of the SURW paper).
/// The smallest schedule that shows it runs the checker once too early.
async fn reorder(setters: usize) {
    let (a, b) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let mut tasks: Vec<_> = (0..setters)
        .map(|_| {
            let (a, b) = (a.clone(), b.clone());
            spawn(async move {
                a.set(1);
                yield_now().await;
                b.set(-1);
            })
        })
        .collect();
    tasks.push(spawn(async move {
        let seen = (a.get(), b.get());
        assert!(seen == (0, 0) || seen == (1, -1), "saw {seen:?}");
    }));
    for task in tasks {
        task.await.unwrap();
    }
}

fn unusual(failure: &Failure) -> usize {
    failure.tape().unwrap().unusual()
}

/// Fails if task 3 of six is the first to come to its second poll.
async fn in_order() {
    let order = Rc::new(RefCell::new(Vec::new()));
    let tasks: Vec<_> = (0..6)
        .map(|n| {
            let order = order.clone();
            spawn(async move {
                yield_now().await;
                order.borrow_mut().push(n);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert!(order.borrow()[0] != 3, "task 3 was first");
}

#[test]
fn a_panic_needs_few_unusual_choices_after_shrinking() {
    let plain = explore().name("s").shrink(false).run(in_order).unwrap_err();
    let shrunk = explore().name("s").run(in_order).unwrap_err();
    assert_eq!(plain.kind(), shrunk.kind());
    assert!(unusual(&plain) > 3, "{plain}");
    assert_eq!(unusual(&shrunk), 1, "{shrunk}");
    assert!(shrunk.to_string().contains("choices: 1 of "), "{shrunk}");
    let again = explore().name("s").replay(shrunk.tape().unwrap().to_string()).run(in_order).unwrap_err();
    assert_eq!(again.tape(), shrunk.tape());
}

/// Whatever run of `reorder` fails, one pick out of order is what remains.
#[test]
fn reorder_shrinks_to_its_optimum_from_any_seed() {
    let mut replays = Vec::new();
    for setters in [2, 4, 9] {
        for seed in 0..20 {
            let program = move || reorder(setters);
            let Err(failure) = explore().name("r").seed(1 + seed * 1_000).run(program) else { continue };
            let report = failure.to_string();
            let count = |text: &str| text.split(" in ").nth(1)?.split(' ').next()?.parse::<u32>().ok();
            replays.extend(report.lines().find(|line| line.contains("shrunk: ")).and_then(count));
            assert!(unusual(&failure) <= 1, "{setters} setters, seed {seed}:\n{failure}");
        }
    }
    assert!(replays.len() > 20, "only {} failing runs", replays.len());
    assert!(replays.iter().all(|replays| *replays <= 500), "{replays:?}");
    let mean = replays.iter().sum::<u32>() / u32::try_from(replays.len()).unwrap();
    assert!(mean <= 200, "{mean} replays on average");
}

/// Answers from bytes, as a fuzzer has them.
struct Bytes(std::vec::IntoIter<u8>);

impl Choose for Bytes {
    fn choose(&mut self, point: Point<'_>) -> u32 {
        u32::from(self.0.next().unwrap_or(0)) % point.bound
    }
}

/// Bytes become a tape, which shrinks as any other: what is left of them is what matters.
#[test]
fn the_bytes_of_a_fuzzer_become_a_tape_that_is_made_small() {
    let bytes =
        |salt: u32| (0..200).map(move |n: u32| (((n + salt) * (n + salt) * 31) >> 3) as u8).collect::<Vec<u8>>();
    let campaign = |salt| explore().name("b").runs(1).answered_by(move |_| Bytes(bytes(salt).into_iter()));
    let fails = |salt| Some((salt, campaign(salt).shrink(false).run(in_order).err()?));
    let (salt, plain) = (0..1_000).filter_map(fails).find(|(_, plain)| unusual(plain) > 4).unwrap();
    let shrunk = campaign(salt).run(in_order).unwrap_err();
    assert_eq!(unusual(&shrunk), 1, "{plain}\n{shrunk}");
    let tape = shrunk.tape().unwrap();
    assert!(shrunk.to_string().contains(&format!("REVEILLE_REPLAY={tape}")), "{shrunk}");
    // Strictly repeated it is the same run.
    assert_eq!(explore().name("b").replay(tape.to_string()).run(in_order).unwrap_err().tape(), Some(tape));
}

#[test]
fn another_failure_is_not_taken_for_the_same() {
    // The dullest run fails as well, elsewhere: shrinking must not slip into it.
    let program = || async {
        match reveille::choose(3) {
            1 => panic!("one"),
            2 => panic!("two"),
            _ => {}
        }
    };
    let failure = (1..50)
        .map(|seed| explore().name("o").seed(seed).runs(1).run(program))
        .find_map(|result| result.err().filter(|failure| failure.to_string().contains("two")))
        .unwrap();
    assert!(failure.tape().unwrap().to_string().contains(".c3-2."), "{failure}");
}

#[test]
fn a_stuck_task_stays_the_stuck_task() {
    let program = || async {
        let lock = Rc::new(tokio::sync::Mutex::new(()));
        let other = Rc::new(tokio::sync::Mutex::new(()));
        for _ in 0..3 {
            drop(spawn(async { yield_now().await }));
        }
        let (one, two) = (lock.clone(), other.clone());
        let left = spawn(async move {
            let _one = one.lock().await;
            yield_now().await;
            let _two = two.lock().await;
        });
        yield_now().await;
        yield_now().await;
        yield_now().await;
        yield_now().await;
        let right = spawn(async move {
            let _two = other.lock().await;
            yield_now().await;
            let _one = lock.lock().await;
        });
        left.await.unwrap();
        right.await.unwrap();
    };
    let failure = explore().name("d").run(program).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Deadlock), "{failure}");
    // The left task has to be passed over in each of the root's four rounds.
    assert!(unusual(&failure) <= 4, "{failure}");
}

/// Far from the usual schedule an answer by position means little, and the order of tasks much.
#[test]
fn a_long_run_that_ends_in_an_unusual_order_becomes_short_as_well() {
    let program = || async {
        let ends = Rc::new(RefCell::new(Vec::new()));
        let tasks: Vec<_> = (0..4)
            .map(|n| {
                let ends = ends.clone();
                spawn(async move {
                    for _ in 0..20 {
                        yield_now().await;
                    }
                    ends.borrow_mut().push(n);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert!(*ends.borrow() != [3, 2, 1, 0], "the last were the first");
    };
    let (mut before, mut after) = (0, 0);
    for seed in 0..12 {
        let explore = || explore().name("ends").strategy("random").seed(1 + seed * 10_000).runs(10_000);
        before += unusual(&explore().shrink(false).run(program).unwrap_err());
        after += unusual(&explore().run(program).unwrap_err());
    }
    // Edits of single answers alone leave 89 of them.
    assert!(before > 600 && after <= 60, "{before} unusual choices became {after}");
}

/// A queue with places that are booked ahead; a place that is given back does not wake who waits for the end.
#[derive(Default)]
struct Press {
    booked: Cell<usize>,
    orders: Cell<usize>,
    closed: Cell<bool>,
    waiting: RefCell<Option<Waker>>,
}

impl Press {
    fn book(&self) -> bool {
        self.booked.set(self.booked.get() + usize::from(!self.closed.get()));
        !self.closed.get()
    }

    fn order(&self) {
        self.orders.set(self.orders.get() + 1);
        self.give_back();
        self.waiting.take().into_iter().for_each(Waker::wake);
    }

    fn give_back(&self) {
        self.booked.set(self.booked.get() - 1);
    }

    fn poll_order(&self, cx: &mut Context<'_>) -> Poll<bool> {
        let has_order = self.orders.get() > 0;
        if has_order || self.closed.get() && self.booked.get() == 0 {
            self.orders.set(self.orders.get() - usize::from(has_order));
            return Poll::Ready(has_order);
        }
        self.waiting.replace(Some(cx.waker().clone()));
        Poll::Pending
    }
}

/// Three clerks with eight customers each, of whom every third changes their mind; stuck if that happens last of all.
async fn clerks() {
    let press = Rc::new(Press::default());
    let printing = spawn({
        let press = press.clone();
        async move {
            let mut printed = 0;
            while poll_fn(|cx| press.poll_order(cx)).await {
                printed += 1;
                press.closed.set(press.closed.get() || printed == 6);
                yield_now().await;
            }
        }
    });
    let serve = |clerk: usize| {
        let press = press.clone();
        spawn(async move {
            for customer in clerk..clerk + 8 {
                if !press.book() {
                    break;
                }
                yield_now().await;
                if customer % 3 == 2 {
                    press.give_back();
                } else {
                    press.order();
                }
                yield_now().await;
            }
        })
    };
    let clerks: Vec<_> = (0..3).map(serve).collect();
    printing.await.unwrap();
    for clerk in clerks {
        clerk.await.unwrap();
    }
}

#[test]
fn where_edits_lead_nowhere_a_few_picks_are_drawn() {
    let mut left: Vec<_> = (1..=12)
        .map(|seed| unusual(&explore().name("s").seed(seed).patience(Duration::ZERO).run(clerks).unwrap_err()))
        .collect();
    left.sort_unstable();
    assert!(left[3] <= 2, "a third come to the least: {left:?}");
}
