//! The parts, and who shows them.

pub(crate) mod connection_pool;
pub(crate) mod graceful_shutdown;
pub(crate) mod heartbeat;
pub(crate) mod rate_limiter;
pub(crate) mod register;
pub(crate) mod single_flight;
pub(crate) mod wal;

use reveille::{Failure, Passed};

type Explored = Result<Passed, Failure>;
/// Its name, and its two forms.
type Part = (&'static str, fn() -> Explored, fn() -> Explored);

const PARTS: [Part; 9] = [
    ("connection_pool", connection_pool::broken, connection_pool::mended),
    ("rate_limiter", rate_limiter::broken, rate_limiter::mended),
    ("single_flight", single_flight::broken, single_flight::mended),
    ("graceful_shutdown", graceful_shutdown::broken, graceful_shutdown::mended),
    ("heartbeat", heartbeat::broken, heartbeat::mended),
    ("register", register::broken, register::mended),
    ("wal", wal::broken, wal::mended),
    ("wal_name", wal::broken_by_name, wal::mended),
    ("wal_retry", wal::broken_by_retry, wal::mended),
];

/// Shows the parts named on the command line, or all of them.
#[allow(dead_code, reason = "the tests look at the parts themselves")]
pub(crate) fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = asked.iter().find(|name| !PARTS.iter().any(|part| part.0 == **name)) {
        let known: Vec<_> = PARTS.iter().map(|part| part.0).collect();
        eprintln!("no part is called `{unknown}`; there are {}", known.join(", "));
        std::process::exit(2);
    }
    for (name, broken, mended) in PARTS {
        if asked.is_empty() || asked.iter().any(|asked| asked == name) {
            println!("== {name}, broken\n{}", text(broken()));
            println!("== {name}, mended\n{}\n", text(mended()));
        }
    }
}

fn text(explored: Explored) -> String {
    explored.map_or_else(|failure| failure.to_string(), |passed| passed.to_string())
}
