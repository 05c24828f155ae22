//! `reveille::select!`: the order of its branches is a choice of the run.

#![cfg(not(loom))]

use std::future::{pending, ready};

use reveille::{FindingKind, explore, select, sometimes, yield_now};

async fn first_of_three() -> usize {
    select! {
        () = ready(()) => 0,
        () = ready(()) => 1,
        () = ready(()), if true => 2,
    }
}

#[test]
fn each_branch_comes_first_in_some_run_and_all_of_it_repeats_itself() {
    let passed = explore().strategy("exhaustive").run(|| async {
        let (one, two) = (first_of_three().await, first_of_three().await);
        // Nine schedules, told apart by their length.
        for _ in 0..3 * one + two {
            yield_now().await;
        }
    });
    let passed = passed.unwrap();
    assert!(passed.complete);
    assert_eq!(passed.runs, 9);
}

#[test]
fn what_depends_on_the_order_is_found_shrunk_and_replayed() {
    let program = || async {
        for _ in 0..20 {
            yield_now().await;
            let _ = first_of_three().await;
        }
        assert_eq!(first_of_three().await, 0);
    };
    let failure = explore().name("order").run(program).unwrap_err();
    assert_eq!(failure.kind(), Some(FindingKind::Panic), "{failure}");
    let report = failure.to_string();
    assert!(report.contains("choices: 1 of "), "{report}");
    assert!(report.contains("a `select!` began with branch"), "{report}");
    let again = explore().name("order").replay(failure.tape().unwrap().to_string()).run(program).unwrap_err();
    assert_eq!(again.kind(), failure.kind());
}

#[test]
fn the_syntax_is_that_of_tokio() {
    let never = || async { pending::<()>().await };
    let passed = explore().run(move || async move {
        let biased = select! { biased; () = ready(()) => 0, () = ready(()) => 1 };
        assert_eq!(biased, 0);
        let other = select! { Some(()) = ready(None::<()>) => 0, else => 1 };
        assert_eq!(other, 1);
        let guarded = select! {
            () = never(), if false => 0,
            number = ready(7) => { number }
            _ = never() => 1,
        };
        assert_eq!(guarded, 7);
        assert_eq!(select! { else => 3 }, 3);
        sometimes!(first_of_three().await == 2, "the third");
    });
    passed.unwrap();
}

#[test]
fn outside_of_a_run_tokio_draws() {
    let firsts: Vec<_> = (0..200).map(|_| futures::executor::block_on(first_of_three())).collect();
    assert!((0..3).all(|branch| firsts.contains(&branch)));
}
