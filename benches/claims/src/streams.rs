//! Streams: left unpolled, and made in two ways.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::{Stream, StreamExt, stream};
use reveille::time::{Duration, Instant, Sleep, sleep};
use reveille::{FindingKind, explore};

use crate::{Claim, Shown};

pub(crate) const CLAIMS: &[Claim] = &[
    Claim {
        said: "a stream with futures in flight does not poll them while its consumer is busy",
        program: "streams::buffered",
        show: || {
            let (in_turn, as_tasks) = (found(|| buffered(false)), found(|| buffered(true)));
            let figures = format!("in turn: {}; as tasks: {}", verdict(in_turn), verdict(as_tasks));
            Shown::that(in_turn == Some(FindingKind::StarvedLeaf) && as_tasks.is_none(), figures)
        },
    },
    Claim {
        said: "a stream written as a generator does what a state machine by hand does",
        program: "streams::same_items",
        show: || {
            let found = found(same_items);
            let (generated, by_hand, boxed) = (size_of_val(&generated(3)), size_of::<ByHand>(), size_of::<Sleep>());
            let figures = format!("{}; {generated} bytes, and {by_hand} with a box of {boxed}", verdict(found));
            Shown::that(found.is_none(), figures)
        },
    },
];

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

/// What is found in a thousand runs.
fn found<F: Future<Output = ()> + 'static>(program: impl Fn() -> F + Sync) -> Option<FindingKind> {
    let failure = explore().runs(RUNS).run(program).err()?;
    Some(failure.kind().unwrap_or_else(|| panic!("{failure}")))
}

const RUNS: u64 = 1_000;

fn verdict(found: Option<FindingKind>) -> String {
    found.map_or_else(|| format!("{RUNS} runs pass"), |kind| kind.to_string())
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

/// The same items at the same moments.
async fn same_items() {
    async fn timed(stream: impl Stream<Item = u32>) -> Vec<(u32, Duration)> {
        let started = Instant::now();
        stream.map(|item| (item, started.elapsed())).collect().await
    }
    let (one, other) = futures::join!(timed(generated(3)), timed(ByHand::new(3)));
    assert_eq!(one, other);
    assert_eq!(one, [(3, 1), (2, 2), (1, 3)].map(|(item, seconds)| (item, Duration::from_secs(seconds))));
}
