//! The attributes of `reveille`, which re-exports them: [`macro@test`] and [`macro@main`].
//!
//! ```no_run
//! #[reveille::main]
//! async fn main() {
//!     let task = reveille::spawn(async { 42 });
//!     assert_eq!(task.await.unwrap(), 42);
//! }
//! ```
//!
//! They are small enough to be written by hand: a look at the function's tokens (`function.rs`), a list of arguments
//! (`arguments.rs`), and a template to fill in (`template.rs`). A mistake is a compile error at the place of the mistake.
//!
//! Deliberately absent: a parser of Rust, and with it all dependencies. Whoever adds this crate to their tests compiles it
//! before anything else.
#![forbid(unsafe_code)]

mod arguments;
mod error;
mod function;
mod template;

use proc_macro::{Span, TokenStream};

use arguments::{Arguments, OF_MAIN, OF_TEST};
use error::Error;
use function::Function;

/// Makes an async function a test that explores its schedules.
///
/// The function takes no parameters, and returns nothing or a `Result` whose `Err` fails the test. What it becomes is a
/// plain `#[test]`: `cargo test`, filters, `#[should_panic]`, `#[ignore]` and the like work as they do elsewhere.
///
/// ```
/// # fn main() {}
/// #[reveille::test]
/// async fn both_end() {
///     let child = reveille::spawn(async { reveille::yield_now().await });
///     reveille::yield_now().await;
///     child.await.unwrap();
/// }
///
/// #[reveille::test(runs = 5_000, seed = 7)]
/// async fn the_port_is_a_number() -> Result<(), std::num::ParseIntError> {
///     let _port: u16 = "8080".parse()?;
///     Ok(())
/// }
/// ```
///
/// Arguments, all optional:
///
/// | argument | value | what it does |
/// |---|---|---|
/// | `runs` | a number | how many schedules to explore |
/// | `seed` | a number | the seed of the first of them |
/// | `replay` | a tape, as a failure prints it | that run, and no other |
/// | `strategy` | the name of a strategy, such as `"pct:3"` or `"exhaustive"` | who picks the schedules; all names are at `reveille::Explore::strategy` |
/// | `faults` | a string, such as `"light"` or `"heavy,-torn,crash"` | what may go wrong, as `Explore::faults` takes it |
/// | `freedoms` | `"none"`, `"default"`, or names with commas | what odd but legal things the executor may do |
/// | `detached` | `"allow"` or `"deny"` | whether a task may outlive the test's own |
/// | `isolation` | `"shared"`, `"thread"` or `"process"` | what runs share; see `reveille::Explore::isolation` |
/// | `starved_after` | a time, such as `"90s"` (`ms`, `s`, `min`, `h`) | how long a future that was woken may be left unpolled; see `reveille::Explore::starved_after` |
/// | `starved_polls` | a number of polls, such as `5_000` | the same in polls, of a future in `leaf(..)` |
/// | `wake_to_poll_max` | a number of polls | how long a task may wait for its turn; without it there is no bound |
/// | `watchdog` | a time, such as `"60s"`, or `"0s"` for no limit | how long a poll may take in real time |
///
/// The environment has the last word:
///
/// | variable | what it does |
/// |---|---|
/// | `REVEILLE_RUNS=10_000`, `REVEILLE_SECONDS=60` | explores more, or less |
/// | `REVEILLE_JOBS=4` | on so many threads; the finding is the same |
/// | `REVEILLE_SHARD=1/4` | one of four parts of the campaign, for four machines |
/// | `REVEILLE_STRATEGY=exhaustive`, `REVEILLE_FREEDOMS=none`, `REVEILLE_FAULTS=light` | another strategy, other freedoms, faults |
/// | `REVEILLE_SEED=37`, `REVEILLE_REPLAY=r1.…` | repeats a run; failures print the line |
/// | `REVEILLE_LENIENT=1` | repeats as much of a tape as fits, if it no longer does, and says where it parted |
/// | `REVEILLE_ROWS=all` | shows every row of a failure's schedule, where a screen of them is shown otherwise |
/// | `REVEILLE_REGRESSIONS=off`, `REVEILLE_WATCHDOG=0` | see below, and `reveille::Explore::watchdog` |
///
/// With `cargo test -- --nocapture` a test that passes says how many runs there were.
///
/// A failing run is kept: its tape is a line of `reveille-regressions/<test>.txt` in the package's folder, and the next
/// `cargo test` repeats it before anything else. Commit the file, so that the bug stays fixed; delete a line to forget it. A
/// tape that no longer fits the program is repeated as far as it fits, and reported. Tests with `#[should_panic]` keep
/// nothing. `REVEILLE_REGRESSIONS=read` repeats and writes nothing, `REVEILLE_REGRESSIONS=off` does neither.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand_test(arguments, item).unwrap_or_else(Error::into_tokens)
}

/// Runs an async `main` on the real executor, in real time.
///
/// `main` and what it spawns run on the calling thread, and need not be `Send`. With `threads = n` there is also a pool of so
/// many threads, for what is spawned by `reveille::spawn_send`. It ends after `main`, when each of its tasks has returned from the
/// poll that it may be in; if one has not for five seconds, standard error says which, and the process goes on waiting.
///
/// ```no_run
/// #[reveille::main(threads = 4)]
/// async fn main() {
///     let tasks = (0..1_000).map(|n| reveille::spawn_send(async move { n }));
///     for task in tasks.collect::<Vec<_>>() {
///         task.await.unwrap();
///     }
/// }
/// ```
///
/// ```no_run
/// #[reveille::main]
/// async fn main() -> Result<(), std::num::ParseIntError> {
///     let port: u16 = "8080".parse()?;
///     assert_eq!(port, 8080);
///     Ok(())
/// }
/// ```
#[proc_macro_attribute]
pub fn main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand_main(arguments, item).unwrap_or_else(|error| {
        let mut tokens = error.into_tokens();
        // Else the compiler adds that there is no `main`.
        tokens.extend(template::fill("fn main() {}", Span::call_site(), &[]));
        tokens
    })
}

fn expand_test(arguments: TokenStream, item: TokenStream) -> Result<TokenStream, Error> {
    let arguments = Arguments::parse(OF_TEST, arguments)?;
    let function = Function::parse(item, "#[reveille::test]")?;
    let template = r#"
        #[::core::prelude::v1::test]
        ATTRIBUTES VISIBILITY fn NAME() {
            async fn BODY_NAME() RETURNS BODY
            ::reveille::__private::test(
                ::reveille::__private::Test {
                    name: ::core::concat!(::core::module_path!(), "::", ::core::stringify!(NAME)),
                    package: ::core::env!("CARGO_PKG_NAME"),
                    folder: ::core::env!("CARGO_MANIFEST_DIR"),
                    program: ::core::option_env!("CARGO_BIN_NAME"),
                    is_integration: ::core::option_env!("CARGO_TARGET_TMPDIR").is_some(),
                    runs: RUNS,
                    seed: SEED,
                    replay: REPLAY,
                    strategy: STRATEGY,
                    faults: FAULTS,
                    freedoms: FREEDOMS,
                    detached: DETACHED,
                    isolation: ISOLATION,
                    starved_after: STARVED_AFTER,
                    starved_polls: STARVED_POLLS,
                    wake_to_poll_max: WAKE_TO_POLL_MAX,
                    watchdog: WATCHDOG,
                    regressions: REGRESSIONS,
                },
                BODY_NAME,
            )
        }
    "#;
    let span = function.span();
    let mut holes = function.into_holes();
    holes.extend(arguments.into_holes());
    Ok(template::fill(template, span, &holes))
}

fn expand_main(arguments: TokenStream, item: TokenStream) -> Result<TokenStream, Error> {
    let arguments = Arguments::parse(OF_MAIN, arguments)?;
    let function = Function::parse(item, "#[reveille::main]")?;
    let template = "
        ATTRIBUTES VISIBILITY fn NAME() RETURNS {
            async fn BODY_NAME() RETURNS BODY
            ::reveille::__private::main(THREADS, BODY_NAME())
        }
    ";
    let span = function.span();
    let mut holes = function.into_holes();
    holes.extend(arguments.into_holes());
    Ok(template::fill(template, span, &holes))
}
