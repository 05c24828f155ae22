//! What a cancellation takes with it: eight mistakes that people have told of, each found, and each mended.
//!
//!     cargo run -p reveille --example cancel_stories             # their names
//!     cargo run -p reveille --example cancel_stories -- send     # one of them: what is found, and what is not any more
//!
//! Each is a file in `stories/`. `sim/tests/cancel_stories.rs` says what has to be found.

// tokio, on which they are written, builds without what they use under `--cfg loom`.
#[cfg(not(loom))]
mod stories;

#[cfg(not(loom))]
fn main() -> std::process::ExitCode {
    use stories::{Told, bank, database, frame, lines, machine, next, send, server};

    type Story = (&'static str, &'static str, [fn() -> Told; 2]);
    const STORIES: [Story; 9] = [
        ("lines", "a reader that is dropped by `select!`, against merged streams", [lines::broken, lines::mended]),
        ("machine", "a state that is taken out of its mutex", [machine::broken, machine::mended]),
        ("next", "an async `next`, against a stream", [next::broken, next::mended]),
        ("send", "`send`, against `reserve`", [send::broken, send::mended]),
        ("frame", "`read_exact`, against a buffer that stays", [frame::broken, frame::mended]),
        ("bank", "read, await, write", [bank::broken, bank::mended]),
        (
            "database",
            "a destructor that closes in a task, against an awaited close",
            [database::broken, database::mended],
        ),
        ("scope", "the same, against a scope", [database::broken_beside_a_scope, database::mended_by_a_scope]),
        ("server", "a request that was taken and not answered", [server::broken, server::mended]),
    ];
    let wanted = std::env::args().nth(1);
    let Some(&(_, _, told)) = STORIES.iter().find(|(name, ..)| Some(*name) == wanted.as_deref()) else {
        println!("cargo run -p reveille --example cancel_stories -- NAME, where NAME is one of");
        STORIES.iter().for_each(|(name, what, _)| println!("  {name:10} {what}"));
        return std::process::ExitCode::from(u8::from(wanted.is_some()));
    };
    for told in told.map(|told| told()) {
        let verdict = if told.failure.is_some() { "found" } else { "clean" };
        println!("== {verdict}\n\n{told}\n");
    }
    std::process::ExitCode::SUCCESS
}

#[cfg(loom)]
fn main() {}
