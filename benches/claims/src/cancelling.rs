//! What is lost with a future that is dropped, and what outlives it.

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;

use futures::channel::mpsc::{UnboundedReceiver, unbounded};
use futures::{FutureExt, StreamExt, stream};
use reveille::cancel::cleaned_up;
use reveille::time::{Duration, sleep};
use reveille::{explore, scope, spawn, yield_now};

use crate::laziness::in_a_run;
use crate::{Claim, Shown};

pub(crate) const CLAIMS: &[Claim] = &[
    Claim {
        said: "`select!` over receiving and something else drops what was half received; merged streams lose nothing",
        program: "cancelling::received",
        show: || {
            let (selected, merged) = (in_a_run(|| received(true)), in_a_run(|| received(false)));
            let figures = format!("{selected} and {merged} of {PAIRS} pairs arrive");
            Shown::that(selected < PAIRS && merged == PAIRS, figures)
        },
    },
    Claim {
        said: "a destructor that spawns the closing races with who opens anew; a scope waits for it",
        program: "cancelling::reopened",
        show: || {
            let (spawned, scoped) = (failing(|| reopened(false)), failing(|| reopened(true)));
            let figures = format!("{}; {}", found(spawned), found(scoped));
            Shown::that(spawned.is_some() && scoped.is_none(), figures)
        },
    },
];

const PAIRS: u32 = 100;

/// Two halves, which belong together.
async fn pair(halves: &mut UnboundedReceiver<u32>) -> Option<(u32, u32)> {
    Some((halves.next().await?, halves.next().await?))
}

/// How many pairs come through beside a clock that ticks.
async fn received(by_select: bool) -> u32 {
    let (send, mut halves) = unbounded();
    drop(spawn(async move {
        for half in 0..2 * PAIRS {
            sleep(Duration::from_millis(7)).await;
            send.unbounded_send(half).expect("somebody receives");
        }
    }));
    let mut pairs = 0;
    if by_select {
        loop {
            futures::select_biased! {
                // Dropped with the first half when the other branch wins.
                whole = pair(&mut halves).fuse() => match whole {
                    Some((first, second)) => pairs += u32::from(first % 2 == 0 && first + 1 == second),
                    None => return pairs,
                },
                () = sleep(Duration::from_millis(10)).fuse() => {}
            }
        }
    }
    let whole = stream::unfold(halves, |mut halves| async move { Some((Some(pair(&mut halves).await?), halves)) });
    let ticks = stream::unfold((), |()| async { Some((None, sleep(Duration::from_millis(10)).await)) });
    let mut both = pin!(stream::select(whole, ticks.take(1_000)));
    while let Some(event) = both.next().await {
        pairs += u32::from(event.is_some_and(|(first, second): (u32, u32)| first % 2 == 0 && first + 1 == second));
    }
    pairs
}

/// Whether the port is taken, which one can have at a time.
type Port = Rc<Cell<bool>>;

async fn close(port: Port) {
    yield_now().await;
    port.set(false);
}

/// Closes in its destructor, which cannot await: somebody else is to.
struct Bound(Port);

impl Drop for Bound {
    fn drop(&mut self) {
        drop(spawn(close(self.0.clone())));
    }
}

/// A session on the port, and another.
async fn reopened(scoped: bool) {
    let port = Port::default();
    for _ in 0..2 {
        assert!(!port.replace(true), "the port is still open");
        if scoped {
            scope(async |scope| cleaned_up(&scope, yield_now(), close(port.clone())).await).await;
        } else {
            drop(Bound(port.clone()));
            for _ in 0..3 {
                yield_now().await;
            }
        }
    }
}

/// Which run of a thousand fails.
fn failing<F: Future<Output = ()> + 'static>(program: impl Fn() -> F + Sync) -> Option<u64> {
    let failure = explore().runs(RUNS).patience(Duration::ZERO).run(program).err()?;
    Some(failure.run().unwrap_or_else(|| panic!("{failure}")))
}

const RUNS: u64 = 1_000;

fn found(run: Option<u64>) -> String {
    run.map_or_else(|| format!("none of {RUNS} runs fails"), |run| format!("run {run} fails"))
}
