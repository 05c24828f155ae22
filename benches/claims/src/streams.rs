//! Streams: left unpolled, and made in two ways.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::{Stream, StreamExt, stream};
use reveille::explore;
use reveille::time::{Duration, Sleep, sleep};

use crate::Row;

pub(crate) fn rows() -> Vec<Row> {
    let (generated, by_hand) = (size_of_val(&generated(3)), size_of::<ByHand>());
    let sizes =
        format!("{}; {generated} bytes, and {by_hand} with a box of {}", verdict(same_items), size_of::<Sleep>());
    vec![
        Row::new(
            "a stream with futures in flight does not poll them while its consumer is busy",
            "streams::buffered",
            format!("in turn: {}; as tasks: {}", verdict(|| buffered(false)), verdict(|| buffered(true))),
        ),
        Row::new("a stream written as a generator does what a state machine by hand does", "streams::countdown", sizes),
    ]
}

/// Five requests of 1 s, two at a time; what comes of each keeps the consumer busy for five minutes.
async fn buffered(as_tasks: bool) {
    let request = |_| async { sleep(Duration::from_secs(1)).await };
    let bodies = |()| sleep(Duration::from_secs(300));
    if as_tasks {
        let tasks = stream::iter(0..5).map(|n| reveille::spawn(request(n)));
        tasks.buffer_unordered(2).map(|ended| ended.expect("it does not panic")).for_each(bodies).await;
    } else {
        stream::iter(0..5).map(request).buffer_unordered(2).for_each(bodies).await;
    }
}

fn verdict<F: Future<Output = ()> + 'static>(program: impl Fn() -> F + Sync) -> String {
    match explore().run(program) {
        Ok(passed) => format!("{} runs pass", passed.runs),
        Err(failure) => failure.kind().map_or_else(|| failure.to_string(), |kind| kind.to_string()),
    }
}

fn generated(from: u32) -> impl Stream<Item = u32> {
    async_stream::stream! {
        for left in (1..=from).rev() {
            sleep(Duration::from_secs(1)).await;
            yield left;
        }
    }
}

/// The same without a generator.
struct ByHand {
    left: u32,
    pause: Pin<Box<Sleep>>,
}

impl ByHand {
    fn new(from: u32) -> Self {
        Self { left: from, pause: Box::pin(sleep(Duration::from_secs(1))) }
    }
}

impl Stream for ByHand {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u32>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        ready!(self.pause.as_mut().poll(cx));
        let item = self.left;
        self.left -= 1;
        self.pause.set(sleep(Duration::from_secs(1)));
        Poll::Ready(Some(item))
    }
}

async fn same_items() {
    let (one, other) = futures::join!(generated(3).collect::<Vec<_>>(), ByHand::new(3).collect::<Vec<_>>());
    assert_eq!(one, other);
}
