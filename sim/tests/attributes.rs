//! The attributes: what they make of a function, and what they say of one that they cannot use.

#![cfg(not(loom))]

use std::sync::atomic::{AtomicU64, Ordering};

/// The messages are our own, so that a new compiler does not change them.
#[test]
fn mistakes_are_compile_errors_at_the_place_of_the_mistake() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
    cases.pass("tests/ui/pass/*.rs");
}

#[reveille::test]
async fn without_arguments() {
    reveille::yield_now().await;
}

static RUNS: AtomicU64 = AtomicU64::new(0);

#[reveille::test(runs = 3, seed = 0xfeed)]
async fn counts_its_runs() {
    RUNS.fetch_add(1, Ordering::Relaxed);
}

/// A test is a plain function without parameters; this one is run by the harness too, which leaves the count divisible.
#[test]
fn an_argument_is_heeded() {
    counts_its_runs();
    let runs = RUNS.load(Ordering::Relaxed);
    assert!(runs >= 3, "{runs} runs");
    assert!(runs < 100, "{runs} runs, which is not the default number");
}

#[reveille::test(runs = 2)]
async fn errors_may_be_returned() -> Result<(), std::num::ParseIntError> {
    let port: u16 = "8080".parse()?;
    assert_eq!(port, 8080);
    Ok(())
}

#[reveille::test]
#[should_panic(expected = "InvalidDigit")]
async fn an_error_fails_the_test() -> Result<(), std::num::ParseIntError> {
    let _port: u16 = "http".parse()?;
    Ok(())
}

mod inner {
    /// The report names the test as cargo does, and its crate.
    #[reveille::test(runs = 2)]
    #[should_panic(expected = "attributes::inner::the_name_is_the_path")]
    async fn the_name_is_the_path() {
        panic!("to be reported");
    }

    /// What the attribute makes of the function does not show in reports.
    #[reveille::test(runs = 2)]
    #[should_panic(expected = "in attributes::inner::the_body_has_the_name_of_the_test\n")]
    async fn the_body_has_the_name_of_the_test() {
        tokio::sync::Notify::new().notified().await;
    }

    #[reveille::test]
    #[ignore = "shows that the attribute is kept"]
    async fn is_ignored() {
        panic!("an ignored test was run");
    }

    #[cfg(any())]
    #[reveille::test]
    async fn is_not_compiled() {
        no_such_function().await;
    }
}

/// What a macro passes on comes in a group of its own.
macro_rules! tests {
    ($($(#[$attribute:meta])* $name:ident: $runs:literal, $strategy:expr;)*) => {
        $(
            $(#[$attribute])*
            #[reveille::test(runs = $runs, strategy = "random")]
            async fn $name() {
                let _: &str = $strategy;
            }
        )*
    };
}

tests! {
    made_by_a_macro: 2, "random";
    /// With a comment.
    another_one: 3, "random";
}

/// What is left alone on purpose, for less than is allowed, and for more.
mod meant_to_be_so {
    use std::pin::pin;

    use reveille::time::{Duration, sleep};
    use reveille::{leaf, spawn, yield_now};

    async fn leaves_alone(time: Duration) {
        let mut kept = pin!(leaf(sleep(Duration::from_secs(1))));
        assert!(futures::poll!(kept.as_mut()).is_pending());
        sleep(time).await;
        kept.await;
    }

    #[reveille::test(runs = 5, starved_after = "2min")]
    async fn a_future_may_be_left_alone_for_so_long() {
        leaves_alone(Duration::from_secs(119)).await;
    }

    #[reveille::test(runs = 5, starved_after = "500ms")]
    #[should_panic(expected = "starved leaf")]
    async fn and_no_longer() {
        leaves_alone(Duration::from_secs(2)).await;
    }

    #[reveille::test(runs = 5, starved_after = "1000000h")]
    #[should_panic(expected = "must not be above the limits of a run")]
    async fn a_limit_that_no_run_can_pass_is_an_error() {}

    async fn passes_over(polls: u32) {
        let mut kept = pin!(leaf(yield_now()));
        assert!(futures::poll!(kept.as_mut()).is_pending());
        for _ in 0..polls {
            yield_now().await;
        }
        kept.await;
    }

    #[reveille::test(runs = 2, starved_polls = 2_000)]
    async fn a_leaf_may_be_passed_over_so_often() {
        passes_over(1_900).await;
    }

    #[reveille::test(runs = 2, starved_polls = 20)]
    #[should_panic(expected = "starved leaf")]
    async fn and_no_more() {
        passes_over(30).await;
    }

    async fn crowd() {
        let tasks: Vec<_> = (0..9).map(|_| spawn(async { yield_now().await })).collect();
        for task in tasks {
            task.await.unwrap();
        }
    }

    #[reveille::test(runs = 1, wake_to_poll_max = 9)]
    async fn a_task_may_wait_for_so_long() {
        crowd().await;
    }

    #[reveille::test(runs = 1, wake_to_poll_max = 4)]
    #[should_panic(expected = "`explore().wake_to_poll_max(..)`")]
    async fn and_no_longer_for_its_turn() {
        crowd().await;
    }

    #[reveille::test(runs = 40, watchdog = "1s")]
    async fn a_poll_may_take_a_while() {
        yield_now().await;
    }
}

#[reveille::test(detached = "allow")]
async fn detached_tasks_may_be_allowed() {
    reveille::spawn(reveille::time::sleep(reveille::time::Duration::from_secs(1)));
}

#[reveille::test(detached = "deny")]
#[should_panic(expected = "detached")]
async fn or_denied() {
    reveille::spawn(reveille::time::sleep(reveille::time::Duration::from_secs(1)));
}
