//! Strategies of proptest for what a run leaves open.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::circumstances::{Circumstances, Held};

/// The most choices of a kind that are not answered as usual by construction.
const ANSWERS_MAX: usize = 64;

/// Bytes that are mostly 0, since a run in which everything is unusual is as uniform as one in which nothing is; and else
/// small, as an answer is a byte modulo the number of answers.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![6 => Just(0_u8), 5 => 1..4_u8, 1 => any::<u8>()], 0..=ANSWERS_MAX)
}

/// Schedules: which runnable task is polled next, and what the program's own [`choose`](reveille::choose) answers.
///
/// ```
/// use proptest::prelude::*;
/// use proptest::test_runner::{Config, TestError, TestRunner};
/// use reveille_properties::schedules;
///
/// // The winner is not always the one that was spawned first.
/// let config = Config { failure_persistence: None, ..Config::default() };
/// let found = TestRunner::new(config).run(&schedules(), |schedule| {
///     schedule.check(|| async {
///         let winner = std::rc::Rc::new(std::cell::Cell::new(None));
///         for racer in 0..3 {
///             let winner = winner.clone();
///             drop(reveille::spawn(async move { winner.set(winner.get().or(Some(racer))) }));
///         }
///         while winner.get().is_none() {
///             reveille::yield_now().await;
///         }
///         assert_eq!(winner.get(), Some(0));
///     })
/// });
/// assert!(matches!(found, Err(TestError::Fail(..))));
/// ```
pub fn schedules() -> impl Strategy<Value = Circumstances> {
    let found = Arc::default();
    (bytes(), vec(any::<u8>(), 0..8))
        .prop_map(move |(schedule, rest)| Circumstances::of_bytes(&rest).answering(b's', schedule).among(&found))
}

/// Schedules in which futures in [`cancellable`](reveille::cancel::cancellable) are dropped here and there.
///
/// ```
/// use proptest::prelude::*;
/// use proptest::test_runner::{Config, TestError, TestRunner};
/// use reveille::cancel::{cancellable, track};
/// use reveille_properties::cancellations;
///
/// let config = Config { failure_persistence: None, ..Config::default() };
/// let found = TestRunner::new(config).run(&cancellations(), |cuts| {
///     cuts.check(|| async {
///         cancellable(async {
///             let order = track("two tickets");
///             reveille::yield_now().await;
///             order.settle();
///         })
///         .await;
///     })
/// });
/// assert!(matches!(found, Err(TestError::Fail(..))));
/// ```
pub fn cancellations() -> impl Strategy<Value = Circumstances> {
    (schedules(), vec(prop_oneof![3 => Just(0_u8), 1 => Just(1)], 0..=ANSWERS_MAX))
        .prop_map(|(schedule, cuts)| schedule.answering(b'd', cuts))
}

/// Schedules in which one task is passed over again and again while others can run: legal, as no executor promises more
/// than that a task is polled at last. Programs that starve somebody by themselves are in [`starving`](crate::starving).
///
/// ```
/// use proptest::prelude::*;
/// use proptest::test_runner::{Config, TestError, TestRunner};
/// use reveille_properties::starvations;
///
/// // A watchdog that counts turns, not time, cries wolf.
/// let config = Config { failure_persistence: None, ..Config::default() };
/// let found = TestRunner::new(config).run(&starvations(), |starvation| {
///     starvation.check(|| async {
///         let worker = reveille::spawn(reveille::yield_now());
///         let watchdog = reveille::spawn(async {
///             for _ in 0..10 {
///                 reveille::yield_now().await;
///             }
///         });
///         watchdog.await.unwrap();
///         assert!(worker.is_finished(), "the worker hangs");
///     })
/// });
/// assert!(matches!(found, Err(TestError::Fail(..))));
/// ```
pub fn starvations() -> impl Strategy<Value = Circumstances> {
    (schedules(), 0..8_usize, 1..=200_u32).prop_map(|(schedule, task, turns)| schedule.holding(Held { task, turns }))
}

/// Schedules in which the network loses, delays and tears, disks fail, and crashes take what was not synced: what a program must survive, decided choice by choice.
///
/// ```
/// use proptest::prelude::*;
/// use proptest::test_runner::{Config, TestError, TestRunner};
/// use reveille::net::UdpSocket;
/// use reveille_properties::faults;
///
/// let config = Config { failure_persistence: None, ..Config::default() };
/// let found = TestRunner::new(config).run(&faults(), |weather| {
///     weather.check(|| async {
///         let (one, two) = (UdpSocket::bind("0.0.0.0:1").await?, UdpSocket::bind("0.0.0.0:2").await?);
///         one.send_to(b"?", "127.0.0.1:2").await?;
///         two.recv_from(&mut [0; 8]).await?; // but datagrams get lost
///         std::io::Result::Ok(())
///     })
/// });
/// assert!(matches!(found, Err(TestError::Fail(..))));
/// ```
pub fn faults() -> impl Strategy<Value = Circumstances> {
    let preset = prop_oneof![Just("light"), Just("heavy")];
    let of_network = (bytes(), bytes(), bytes());
    let of_disks = (bytes(), bytes(), bytes());
    (schedules(), preset, of_network, of_disks).prop_map(|(schedule, preset, network, disks)| {
        let schedule = schedule.with_faults(preset);
        let schedule = schedule.answering(b'l', network.0).answering(b'w', network.1).answering(b'f', network.2);
        schedule.answering(b'g', disks.0).answering(b'j', disks.1).answering(b'q', disks.2)
    })
}
