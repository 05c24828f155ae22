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

#[reveille::test(detached = "allow")]
async fn detached_tasks_may_be_allowed() {
    reveille::spawn(reveille::time::sleep(reveille::time::Duration::from_secs(1)));
}

#[reveille::test(detached = "deny")]
#[should_panic(expected = "detached")]
async fn or_denied() {
    reveille::spawn(reveille::time::sleep(reveille::time::Duration::from_secs(1)));
}
