//! A leaf that is late in most runs and starved in none of them, and another one at the same place which was.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

/// Waits for a second at least, and works meanwhile. The timer is late after a minute of work, which is nobody's fault.
async fn patient(work: u64) {
    let mut least = pin!(sleep(seconds(1)));
    assert!(futures::poll!(least.as_mut()).is_pending());
    sleep(seconds(work)).await;
    least.await;
}

/// Leaves it alone for a minute, in which there is nothing to do but to wait for the second.
async fn forgetful() {
    leave_alone(patient(0)).await;
}

/// Either, through the same awaits in the end.
async fn either(forgets: bool) {
    let mut call = pin!(patient(if forgets { 0 } else { 60 }));
    assert!(futures::poll!(call.as_mut()).is_pending());
    if forgets {
        sleep(seconds(60)).await;
    }
    call.await;
}

fn run_of(failure: &Failure) -> u64 {
    assert_eq!(failure.kind(), Some(FindingKind::StarvedLeaf), "{failure}");
    says(failure, "for 59s");
    failure.run().unwrap()
}

#[test]
fn is_found_where_it_is_awaited_in_another_way() {
    // In one run of 50, and nothing was wrong there before.
    let failure = explore().runs(500).strategy("random").run(|| async {
        patient(60).await;
        if reveille::choose(50) == 49 {
            forgetful().await;
        }
    });
    assert!((20..200).contains(&run_of(&failure.unwrap_err())));
}

#[test]
fn is_found_in_the_very_run_in_which_the_other_is_late() {
    let failure = explore().run(|| async {
        patient(60).await;
        forgetful().await;
    });
    assert_eq!(run_of(&failure.unwrap_err()), 0);
}

/// Only a replay can tell the two apart, and not each run has one: what is frequent is found all the same.
#[test]
fn is_found_where_it_is_awaited_in_the_same_way_if_it_is_frequent() {
    let failure = explore().strategy("random").run(|| either(reveille::choose(3) == 2));
    assert!((1..1_000).contains(&run_of(&failure.unwrap_err())));
}

/// How often the program is performed in a campaign of so many runs.
fn performed<Fut: Future<Output = ()> + 'static>(runs: u64, program: impl Fn() -> Fut + Sync) -> u64 {
    let performed = AtomicU64::new(0);
    let count = || {
        performed.fetch_add(1, Ordering::Relaxed);
        program()
    };
    explore().runs(runs).run(count).unwrap();
    performed.into_inner()
}

#[test]
fn costs_few_replays() {
    let late = performed(1_000, || either(false));
    let never_late = performed(1_000, || patient(0));
    // Ten runs of a thousand are looked into, and some of those in which a freedom puts something else on the stack.
    assert!((10..=100).contains(&(late - never_late)), "{late} and {never_late}");
    let longer = performed(8_000, || either(false)) - performed(8_000, || patient(0));
    assert!(longer - (late - never_late) <= 40, "{longer}");
}

/// As many ways to one place as there are runs.
#[test]
fn costs_few_replays_where_each_run_has_a_way_of_its_own() {
    fn way(turns: u64) -> Pin<Box<dyn Future<Output = ()>>> {
        match turns {
            0 | 1 => Box::pin(patient(60)),
            _ if turns.is_multiple_of(2) => Box::pin(async move { way(turns / 2).await }),
            _ => Box::pin(async move { way(turns / 2).await }),
        }
    }
    let late = performed(1_000, || async { way(256 + u64::from(reveille::choose(256))).await });
    assert!(late < 1_200, "{late}");
}
