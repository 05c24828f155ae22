//! Timers that are kept while the future that waited for them is given up: nobody is left behind, however long the work takes.

use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::{Stream, StreamExt};
use reveille::time::{Interval, Sleep};

use super::*;

struct Ticker(Interval);

impl Ticker {
    async fn next(&mut self) {
        self.0.tick().await;
    }
}

impl Stream for Ticker {
    type Item = ();

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<()>> {
        self.0.poll_tick(context).map(|_| Some(()))
    }
}

#[test]
fn an_interval_behind_a_method_of_its_owner() {
    passes(|| async {
        let mut ticker = Ticker(interval(seconds(2)));
        ticker.next().await;
        assert!(timeout(seconds(1), ticker.next()).await.is_err());
        sleep(seconds(40)).await;
        ticker.next().await;
    });
}

#[test]
fn an_interval_as_a_stream() {
    passes(|| async {
        let mut ticker = Ticker(interval(seconds(2)));
        StreamExt::next(&mut ticker).await;
        assert!(timeout(seconds(1), StreamExt::next(&mut ticker)).await.is_err());
        sleep(seconds(40)).await;
        StreamExt::next(&mut ticker).await;
    });
}

/// Three jobs, a second apart.
fn jobs() -> mpsc::Receiver<u32> {
    let (sender, receiver) = mpsc::channel(4);
    drop(spawn(async move {
        for job in 0..3 {
            if sender.send(job).await.is_err() {
                return;
            }
            sleep(seconds(1)).await;
        }
        sleep(seconds(300)).await;
    }));
    receiver
}

async fn expired(timer: &mut Option<Pin<Box<Sleep>>>) {
    match timer {
        Some(timer) => timer.await,
        None => pending().await,
    }
}

/// Works on jobs for 40 s each until the time is up, which `wait` waits for.
macro_rules! until_late {
    ($timer:ident, $wait:expr) => {{
        let mut jobs = jobs();
        loop {
            let wait = pin!($wait);
            tokio::select! {
                biased;
                Some(_) = jobs.recv() => sleep(seconds(40)).await,
                () = wait => break,
            }
        }
    }};
}

#[test]
fn a_deadline_that_a_function_a_block_or_a_closure_waits_for() {
    passes(|| async {
        let mut timer = Some(Box::pin(sleep(seconds(20))));
        until_late!(timer, expired(&mut timer));
    });
    passes(|| async {
        let mut timer = Some(Box::pin(sleep(seconds(20))));
        until_late!(timer, async {
            match &mut timer {
                Some(timer) => timer.await,
                None => pending().await,
            }
        });
    });
    passes(|| async {
        let mut timer = pin!(sleep(seconds(20)));
        until_late!(timer, poll_fn(|context| timer.as_mut().poll(context)));
    });
}

/// A rate limit as services have it, which are asked whether they are ready.
struct Limited {
    timer: Pin<Box<Sleep>>,
    is_open: bool,
}

impl Limited {
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if !self.is_open {
            ready!(self.timer.as_mut().poll(context));
            self.is_open = true;
        }
        Poll::Ready(())
    }
}

#[test]
fn a_service_that_is_not_ready_yet() {
    passes(|| async {
        let mut service = Limited { timer: Box::pin(sleep(seconds(5))), is_open: false };
        while timeout(seconds(1), poll_fn(|context| service.poll_ready(context))).await.is_err() {
            sleep(seconds(40)).await;
        }
    });
}

enum Event {
    Job(u32),
    Tick,
    Closed,
}

struct Actor {
    jobs: mpsc::Receiver<u32>,
    ticks: Interval,
}

impl Actor {
    fn new() -> Self {
        Self { jobs: jobs(), ticks: interval(seconds(5)) }
    }

    async fn next_event(&mut self) -> Event {
        tokio::select! {
            biased;
            job = self.jobs.recv() => job.map_or(Event::Closed, Event::Job),
            _ = self.ticks.tick() => Event::Tick,
        }
    }

    /// Works until the last job.
    async fn run(&mut self) {
        loop {
            match self.next_event().await {
                Event::Job(2) | Event::Closed => return,
                Event::Job(_) => sleep(seconds(40)).await,
                Event::Tick => {}
            }
        }
    }
}

#[test]
fn an_actor_with_an_interval() {
    passes(|| async { Actor::new().run().await });
}

/// Against an actor that is left in the middle, interval and all.
#[test]
fn an_actor_that_is_left_in_the_middle_was_starved() {
    let failure = fails(|| async {
        let mut actor = Actor::new();
        let mut run = pin!(async {
            loop {
                actor.ticks.tick().await;
            }
        });
        assert!(timeout(seconds(1), &mut run).await.is_err());
        sleep(seconds(60)).await;
        assert!(timeout(seconds(1), &mut run).await.is_err());
    });
    assert_eq!(failure.kind(), Some(FindingKind::StarvedLeaf));
    says(&failure, "the `interval` made at sim/tests/starved/kept_timers.rs");
}
