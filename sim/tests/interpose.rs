//! What the C library would answer, the run does: such programs repeat themselves.

#![cfg(all(target_os = "linux", not(loom)))]
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "what no seed repeats otherwise is the subject"
)]

use std::collections::HashSet;
use std::time::{Duration, Instant, SystemTime};

use reveille::time::sleep;
use reveille::{Explore, FindingKind, Isolation, explore, spawn, yield_now};

/// Wakes eight tasks in the order of a hash set.
async fn wakes_in_hash_order() -> Vec<usize> {
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..8).map(|_| async_channel::unbounded()).unzip();
    for receiver in receivers {
        drop(spawn(async move { while receiver.recv().await.is_ok() {} }));
    }
    let order: HashSet<usize> = (0..senders.len()).collect();
    for listener in &order {
        senders[*listener].send(()).await.unwrap();
        yield_now().await;
    }
    order.into_iter().collect()
}

#[test]
fn the_order_of_a_hash_set_repeats_itself_and_differs_from_run_to_run() {
    let program = || async { drop(wakes_in_hash_order().await) };
    let without = explore().run(program).unwrap_err();
    assert_eq!(without.kind(), Some(FindingKind::Nondeterminism));
    let passed = explore().interpose().runs(200).run(program).unwrap();
    assert!(passed.schedules > 100, "{passed}");
}

#[test]
fn a_bug_that_depends_on_the_order_is_found_shrunk_and_replayed() {
    let program = || async { assert_ne!(wakes_in_hash_order().await[0], 5, "5 comes first") };
    let interposed = || explore().name("hash order").interpose();
    let failure = interposed().run(program).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Panic), "{failure}");
    assert!(failure.to_string().contains("choices: 1 of "), "{failure}");
    let again = interposed().replay(failure.tape().unwrap().to_string()).run(program).unwrap_err();
    assert_eq!(again.to_string().lines().nth(1), failure.to_string().lines().nth(1));
}

#[test]
fn clocks_of_the_standard_library_show_virtual_time() {
    let seen = || async {
        let (start, day) = (Instant::now(), SystemTime::now());
        sleep(Duration::from_secs(3600)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(3600));
        assert_eq!(day.elapsed().unwrap(), Duration::from_secs(3600));
        yield_now().await;
    };
    explore().interpose().runs(50).run(seen).unwrap();
    let real = Instant::now();
    std::thread::sleep(Duration::from_millis(1));
    assert!(real.elapsed() < Duration::from_secs(60), "clocks are real again");
}

/// tokio's generator is seeded from the C library and from a static that counts its threads, which no run begins anew.
#[test]
fn what_is_counted_in_a_static_is_not_reached() {
    let program = || async {
        for _ in 0..20 {
            tokio::select! {
                () = std::future::ready(()) => yield_now().await,
                () = std::future::ready(()) => {}
            }
        }
    };
    assert_eq!(explore().interpose().run(program).unwrap_err().kind(), Some(FindingKind::Nondeterminism));
}

#[test]
fn it_goes_with_processes_and_not_with_exhaustive_search() {
    let program = || async { drop(wakes_in_hash_order().await) };
    let passed = |explore: Explore| explore.name("both").interpose().runs(200).run(program);
    let (in_processes, here) = (passed(explore().isolation(Isolation::Process)), passed(explore()));
    assert_eq!(in_processes.unwrap(), here.unwrap());
    let failure = passed(explore().strategy("exhaustive")).unwrap_err();
    assert!(failure.to_string().contains("exhaustive search cannot isolate its runs"), "{failure}");
}
