//! A campaign in shards is the campaign: run by run, and in what it finds.

#![cfg(not(loom))]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use reveille::{Explore, Failure, FindingKind, choose, explore, spawn, yield_now};

/// The number of runs of a campaign, and what each of them drew: among a million numbers, three times, no two runs agree
/// by accident.
fn performed(explore: Explore) -> (u64, BTreeSet<[u32; 3]>) {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let note = seen.clone();
    let passed = explore.name("s").runs(203).run(move || {
        let note = note.clone();
        async move {
            let numbers = [(); 3].map(|()| choose(1_000_000));
            yield_now().await;
            note.lock().unwrap().insert(numbers);
        }
    });
    let runs = passed.unwrap().runs;
    let seen = seen.lock().unwrap().clone();
    (runs, seen)
}

#[test]
fn the_shards_together_perform_the_runs_of_the_whole() {
    for strategy in ["portfolio", "random"] {
        let (runs, whole) = performed(explore().strategy(strategy));
        assert_eq!((runs, whole.len()), (203, 203));
        let parts: Vec<_> = (1..=4).map(|nth| performed(explore().strategy(strategy).shard(nth, 4))).collect();
        assert_eq!(parts.iter().map(|(runs, _)| runs).collect::<Vec<_>>(), [&51, &51, &51, &50]);
        let union: BTreeSet<_> = parts.iter().flat_map(|(_, seen)| seen).copied().collect();
        assert_eq!(union, whole, "{strategy}");
        // Beside its own runs, a shard may perform the dullest, for calibration.
        assert!(parts.iter().all(|(runs, seen)| seen.len() as u64 <= runs + 1));
    }
}

/// The finding of the shard that finds it first is the finding of the whole, with its number, seed and tape.
#[test]
fn a_shard_reports_a_run_by_its_number_in_the_whole() {
    let program = || async {
        let first = spawn(async { choose(20) });
        let second = spawn(async { choose(20) });
        assert!(first.await.unwrap() + second.await.unwrap() < 33);
    };
    let campaign = || explore().name("f").shrink(false);
    let whole = campaign().run(program).unwrap_err();
    assert_eq!(whole.kind(), Some(FindingKind::Panic));
    let parts = (1..=4).filter_map(|nth| campaign().shard(nth, 4).run(program).err());
    let first = parts.min_by_key(Failure::run).unwrap();
    assert_eq!((first.run(), first.seed(), first.tape()), (whole.run(), whole.seed(), whole.tape()));
}

#[test]
fn a_shard_that_does_not_exist_is_refused() {
    for (nth, of) in [(3, 2), (0, 2), (1, 0)] {
        let failure = explore().shard(nth, of).run(|| async {}).unwrap_err();
        assert!(failure.kind().is_none() && failure.to_string().contains("no shard"), "{failure}");
    }
    let failure = explore().shard(1, 2).strategy("exhaustive").run(|| async {}).unwrap_err();
    assert!(failure.to_string().contains("cannot be sharded"), "{failure}");
}

/// Another shard may be where it happened.
#[test]
fn what_never_happened_in_a_part_is_not_a_finding() {
    let program = || async { reveille::sometimes!(choose(1_000_000) == 1_000_000, "cannot happen") };
    assert_eq!(explore().run(program).unwrap_err().kind(), Some(FindingKind::NeverHappened));
    assert!(explore().shard(1, 2).run(program).is_ok());
}
