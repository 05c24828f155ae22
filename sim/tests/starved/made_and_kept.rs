//! Timers that a call made and left with its owner when it was given up: the next call finds them there, and nobody is left behind.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use reveille::time::{Interval, Sleep};

use super::*;

/// A connection that is closed when nothing was heard for ten seconds.
#[derive(Default)]
struct Connection {
    quiet: Option<Pin<Box<Sleep>>>,
    ticks: Option<Interval>,
}

impl Connection {
    /// Waits until nothing was heard for ten seconds, those of earlier calls included.
    async fn is_quiet(&mut self) {
        if self.quiet.is_none() {
            self.quiet = Some(Box::pin(sleep(seconds(10))));
        }
        self.quiet.as_mut().unwrap().await;
        self.quiet = None;
    }

    /// The same, with calls in between.
    async fn is_over(&mut self) {
        self.is_quiet().await;
    }

    fn poll_tick(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.ticks.is_none() {
            self.ticks = Some(interval(seconds(10)));
        }
        ready!(self.ticks.as_mut().unwrap().poll_tick(context));
        Poll::Ready(())
    }

    async fn tick(&mut self) {
        std::future::poll_fn(|context| self.poll_tick(context)).await;
    }
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "what is inlined has a name without a path: no call is known to be gone")]
fn by_a_time_out() {
    passes(|| async {
        let mut connection = Connection::default();
        assert!(timeout(seconds(1), connection.is_quiet()).await.is_err());
        sleep(seconds(60)).await;
        connection.is_quiet().await;
    });
    passes(|| async {
        let mut connection = Connection::default();
        while timeout(seconds(1), connection.is_over()).await.is_err() {
            sleep(seconds(60)).await;
        }
    });
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "what is inlined has a name without a path: no call is known to be gone")]
fn by_a_select() {
    passes(|| async {
        let (sender, mut jobs) = mpsc::channel(4);
        drop(spawn(async move {
            for job in 0..3 {
                sender.send(job).await.unwrap();
                sleep(seconds(1)).await;
            }
            sleep(seconds(300)).await;
        }));
        let mut connection = Connection::default();
        loop {
            tokio::select! {
                biased;
                Some(_job) = jobs.recv() => sleep(seconds(60)).await,
                () = connection.is_over() => break,
            }
        }
    });
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "what is inlined has a name without a path: no call is known to be gone")]
fn in_a_call_of_a_call() {
    async fn serve(connection: &mut Connection) {
        if timeout(seconds(1), connection.is_over()).await.is_err() {
            sleep(seconds(60)).await;
            connection.is_over().await;
        }
    }
    passes(|| async {
        spawn(async { serve(&mut Connection::default()).await }).await.unwrap();
        serve(&mut Connection::default()).await;
    });
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "what is inlined has a name without a path: no call is known to be gone")]
fn with_an_interval_that_is_polled() {
    passes(|| async {
        let mut connection = Connection::default();
        connection.tick().await;
        assert!(timeout(seconds(1), connection.tick()).await.is_err());
        sleep(seconds(60)).await;
        connection.tick().await;
    });
}

/// The same call, which is kept and goes on: it was left in the middle.
#[test]
fn unless_the_call_is_kept_as_well() {
    let lent = fails(|| async {
        let mut connection = Connection::default();
        let mut call = pin!(connection.is_over());
        assert!(timeout(seconds(1), call.as_mut()).await.is_err());
        sleep(seconds(60)).await;
        call.await;
    });
    let boxed = fails(|| async {
        let mut connection = Connection::default();
        let mut call = Box::pin(connection.is_over());
        tokio::select! {
            biased;
            () = call.as_mut() => {}
            () = sleep(seconds(1)) => sleep(seconds(60)).await,
        }
        call.await;
    });
    let of_a_combinator = fails(|| async {
        let mut connection = Connection::default();
        let mut calls = FuturesUnordered::from_iter([connection.is_over()]);
        assert!(timeout(seconds(1), calls.next()).await.is_err());
        sleep(seconds(60)).await;
        calls.next().await;
    });
    for failure in [lent, boxed, of_a_combinator] {
        assert_eq!(failure.kind(), Some(FindingKind::StarvedLeaf), "{failure}");
        says(&failure, "in starved::made_and_kept::Connection::is_quiet");
    }
}
