//! Audits under every strategy and every freedom: a correct operation is clean, and a mistake is found.
//!
//! Only the environment can ask an audit for these, so each is performed in a process of its own.

#![cfg(not(loom))]

mod common;

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;

use common::{in_a_process, printed};
use reveille::cancel::{Audit, audit};
use reveille::task::Builder;
use reveille::time::{Duration, Instant, sleep, timeout};
use reveille::{Freedom, spawn, yield_now};
use tokio::sync::{Semaphore, mpsc, oneshot};

/// All strategies that there are.
const STRATEGIES: [&str; 13] = [
    "random",
    "sticky:8",
    "pct:3",
    "delays:2",
    "workers:3",
    "urw",
    "pos",
    "surw",
    "skewed",
    "portfolio",
    "feedback",
    "exhaustive",
    "exhaustive:2",
];

type Permits = Rc<Semaphore>;

/// Takes the permit and gives it back, which the guard does if it comes to nothing.
async fn guarded(permits: Permits) {
    let permit = permits.acquire().await.unwrap();
    yield_now().await;
    drop(permit);
}

/// Takes the permit and gives it back by hand.
async fn by_hand(permits: Permits) {
    permits.acquire().await.unwrap().forget();
    yield_now().await;
    permits.add_permits(1);
}

fn one_permit() -> Permits {
    Rc::new(Semaphore::new(1))
}

fn careful() -> Audit<Permits, ()> {
    audit(guarded).name("guarded").world(one_permit)
}

fn careless() -> Audit<Permits, ()> {
    audit(by_hand).name("by hand").world(one_permit)
}

#[test]
#[ignore = "is run by others, with a strategy of the environment's"]
fn two_tables() {
    careful().bystander("another", guarded).run().unwrap().assert_clean();
    let report = careless().run().unwrap();
    assert!(!report.is_clean());
    let text = report.to_string();
    let (table, _) = text.split_once("\nthe smallest").unwrap();
    println!("<table>{table}</table>");
}

#[test]
fn the_table_is_the_same_under_every_strategy() {
    let table = |strategy: &str| {
        let text = printed("two_tables", &[("REVEILLE_STRATEGY", strategy)]);
        let table = text.split_once("<table>").and_then(|(_, rest)| rest.split_once("</table>")).unwrap().0;
        let (not_taken, taken): (Vec<_>, Vec<_>) = table.lines().partition(|line| line.contains("strategy `random`: "));
        (not_taken.join("\n"), taken.join("\n"))
    };
    let (_, random) = table("random");
    assert!(random.contains("again hangs (16)") && random.contains("ok (16)"), "{random}");
    for strategy in STRATEGIES {
        let (not_taken, taken) = table(strategy);
        assert_eq!(taken, random, "{strategy}");
        // Runs that follow from one another have no seed by which a cut run could begin as the uncut one does.
        let follows = ["feedback", "exhaustive", "exhaustive:2"].contains(&strategy);
        assert_eq!(!not_taken.is_empty(), follows, "{strategy}: {not_taken}");
    }
}

/// The order in which the tasks of the operation come, as its outcome: what differs under one strategy and never does under another.
#[test]
#[ignore = "is run by others, with a strategy of the environment's"]
fn orders() {
    let race = |()| async {
        let order = Rc::new(RefCell::new(Vec::new()));
        let racers = [0, 1, 2].map(|racer| {
            let order = Rc::clone(&order);
            spawn(async move { order.borrow_mut().push(racer) })
        });
        for racer in racers {
            racer.await.unwrap();
        }
        println!("order: {:?}", order.borrow());
    };
    drop(audit(race).runs(40).run().unwrap());
}

#[test]
fn the_strategy_that_is_asked_for_is_the_one_that_picks() {
    let orders = |strategy: &str| {
        let text = printed("orders", &[("REVEILLE_STRATEGY", strategy)]);
        let mut orders: Vec<_> = text.lines().filter(|line| line.starts_with("order: ")).map(str::to_owned).collect();
        orders.sort();
        orders.dedup();
        orders
    };
    // One worker takes turns.
    assert_eq!(orders("workers:1").len(), 1);
    for strategy in STRATEGIES.into_iter().filter(|strategy| *strategy != "workers:3") {
        assert!(orders(strategy).len() > 1, "{strategy}");
    }
}

/// Two tasks that take turns, and the turn at which one is passed over.
#[test]
#[ignore = "is run by another, with a strategy of the environment's"]
fn turns() {
    let alternate = |()| async {
        let turns = Rc::new(RefCell::new(Vec::new()));
        let tasks = [0, 1].map(|task| {
            let turns = Rc::clone(&turns);
            spawn(async move {
                for _ in 0..30 {
                    turns.borrow_mut().push(task);
                    yield_now().await;
                }
            })
        });
        for task in tasks {
            task.await.unwrap();
        }
        let delayed = turns.borrow().windows(2).position(|two| two[0] == two[1]);
        delayed.into_iter().for_each(|turn| println!("delayed: {turn}"));
    };
    drop(audit(alternate).only_once().points(3).run().unwrap());
}

#[test]
fn a_strategy_is_told_how_long_a_run_is() {
    let text = printed("turns", &[("REVEILLE_STRATEGY", "delays:1")]);
    let delayed = text.lines().filter_map(|line| line.strip_prefix("delayed: ")?.parse::<u32>().ok());
    // Not the last turn, at which one task has ended before the other.
    assert!(delayed.clone().any(|turn| (20..50).contains(&turn)), "{:?}", delayed.collect::<Vec<_>>());
}

/// Says so when it is polled before its time.
#[test]
#[ignore = "is run by another, with a strategy of the environment's"]
fn tells_of_polls_for_nothing() {
    let waits = |()| async {
        for _ in 0..20 {
            let mut timer = pin!(sleep(Duration::from_secs(1)));
            let (start, mut polls) = (Instant::now(), 0);
            poll_fn(|context| {
                polls += 1;
                if polls > 1 && start.elapsed().is_zero() {
                    println!("polled for nothing");
                }
                timer.as_mut().poll(context)
            })
            .await;
        }
    };
    audit(waits).points(3).runs(50).run().unwrap().assert_clean();
}

#[test]
fn under_the_portfolio_some_seeds_have_freedoms() {
    let has_any = |strategy| {
        let text = printed("tells_of_polls_for_nothing", &[("REVEILLE_STRATEGY", strategy)]);
        text.contains("polled for nothing")
    };
    assert!(has_any("portfolio"));
    assert!(!has_any("surw"));
}

/// Asks an actor, in a task of its own, and waits for no more than a while.
async fn asks(actor: mpsc::Sender<oneshot::Sender<u32>>) -> bool {
    let question = spawn(async move {
        let (sender, receiver) = oneshot::channel();
        actor.send(sender).await.unwrap();
        receiver.await.unwrap()
    });
    timeout(Duration::from_secs(60), question).await.is_ok_and(|answer| answer.unwrap() == 7)
}

fn actor() -> mpsc::Sender<oneshot::Sender<u32>> {
    let (sender, mut questions) = mpsc::channel::<oneshot::Sender<u32>>(1);
    let answers = async move {
        while let Some(question) = questions.recv().await {
            sleep(Duration::from_millis(1)).await;
            // Who asked may be gone.
            let _ = question.send(7);
        }
    };
    drop(Builder::new().daemon(true).spawn(answers));
    sender
}

#[test]
#[ignore = "is run by others, with freedoms of the environment's"]
fn correct_ones() {
    audit(|()| yield_now()).run().unwrap().assert_clean();
    careful().bystander("another", guarded).unwinding().run().unwrap().assert_clean();
    audit(asks).world(actor).bystander("another", asks).run().unwrap().assert_clean();
}

#[test]
#[ignore = "is run by others, with freedoms of the environment's"]
fn wrong_ones() {
    let report = careless().run().unwrap();
    let faults: Vec<_> = report.rows().iter().flat_map(|row| row.faults.keys()).map(ToString::to_string).collect();
    println!("faults: {faults:?}");
    let tape = report.failure().unwrap().tape().unwrap().to_string();
    assert!(!careless().replay(tape).run().unwrap().is_clean());
}

#[test]
fn no_freedom_accuses_a_correct_operation_and_none_hides_a_mistake() {
    let names: Vec<_> = Freedom::ALL.into_iter().map(Freedom::name).collect();
    let all = names.join(",");
    for freedoms in names.into_iter().chain(["none", all.as_str()]) {
        let output = in_a_process("correct_ones", &[("REVEILLE_FREEDOMS", freedoms)]);
        assert!(output.status.success(), "{freedoms}: {}", String::from_utf8_lossy(&output.stderr));
        let text = printed("wrong_ones", &[("REVEILLE_FREEDOMS", freedoms)]);
        assert!(text.contains("again hangs"), "{freedoms}: {text}");
        // All that breaks is that the permit is gone.
        assert!(!text.contains("the cut hangs"), "{freedoms}: {text}");
    }
}
