//! How long it takes to judge a history, with our checker and with those of other crates.
//!
//!     cargo run --release              the whole table, some minutes
//!     cargo run --release -- --quick   small histories only: that all say the same
//!
//! Histories are those of registers that are read and written by clients which overlap, from fixed seeds; the bad ones have one
//! read that returns an older value. Each cell of the table is a process of its own, which is ended after ten seconds, as not
//! every checker comes to an end. Peers have no notion of keys and are given the calls of each key by themselves.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]

mod histories;
mod peers;

use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use histories::{Shape, history};

/// So many histories make a cell.
const HISTORIES: u64 = 20;
/// After this a cell is given up.
const PATIENCE: Duration = Duration::from_secs(10);

const CHECKERS: [&str; 3] = ["ours", "stateright", "todc-utils"];

fn judge(checker: &str, history: &histories::Calls) -> bool {
    match checker {
        "ours" => peers::ours(history),
        "stateright" => peers::stateright(history),
        "todc-utils" => peers::todc(history),
        other => panic!("no checker is called {other}"),
    }
}

/// Judges the histories of one cell; prints the median time in nanoseconds, and the verdicts.
fn cell(checker: &str, shape: Shape) {
    let mut times = Vec::new();
    let mut verdicts = String::new();
    for seed in 0..HISTORIES {
        let history = history(shape, seed);
        let start = Instant::now();
        let is_good = judge(checker, &history);
        times.push(start.elapsed().as_nanos());
        verdicts.push(if is_good { '1' } else { '0' });
    }
    times.sort_unstable();
    println!("{} {verdicts}", times[times.len() / 2]);
}

/// The same in a process of its own. `None` if it takes too long.
fn cell_in_time(checker: &str, shape: Shape) -> Option<(u64, String)> {
    let Shape { calls, clients, keys, is_bad } = shape;
    let arguments = [calls.to_string(), clients.to_string(), keys.to_string(), is_bad.to_string()];
    let this = std::env::current_exe().expect("this program has a path");
    let mut child = Command::new(this)
        .arg(checker)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("this program can be run");
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if child.try_wait().expect("a child can be waited for").is_some() {
            let output = child.wait_with_output().expect("it has ended");
            let text = String::from_utf8(output.stdout).expect("it prints ASCII");
            let (time, verdicts) = text.trim().split_once(' ')?;
            return Some((time.parse().expect("a number comes first"), verdicts.to_owned()));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("a child can be ended");
    child.wait().expect("it has ended");
    None
}

/// A time as people read it.
fn shown(nanos: u64) -> String {
    match nanos {
        0..10_000 => format!("{:.1} µs", nanos as f64 / 1e3),
        10_000..10_000_000 => format!("{} µs", nanos / 1_000),
        _ => format!("{} ms", nanos / 1_000_000),
    }
}

/// Prints the table; false if two checkers say different things.
fn table(sizes: &[usize]) -> bool {
    let mut agree = true;
    println!("| calls | clients | keys | | {} |", CHECKERS.join(" | "));
    println!("|---:|---:|---:|---|{}", "---:|".repeat(CHECKERS.len()));
    for is_bad in [false, true] {
        for (clients, keys) in [(4, 1), (4, 4), (8, 1), (8, 4)] {
            for &calls in sizes {
                let shape = Shape { calls, clients, keys, is_bad };
                let cells = CHECKERS.map(|checker| cell_in_time(checker, shape));
                let verdicts: Vec<_> = cells.iter().flatten().map(|(_, verdicts)| verdicts).collect();
                agree &= verdicts.windows(2).all(|two| two[0] == two[1]);
                let bad = cells[0].as_ref().map_or(0, |(_, verdicts)| verdicts.matches('0').count());
                let times = cells.map(|cell| cell.map_or("> 10 s for 20".to_owned(), |(nanos, _)| shown(nanos)));
                println!("| {calls} | {clients} | {keys} | {bad} of {HISTORIES} bad | {} |", times.join(" | "));
            }
        }
    }
    agree
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments[at].parse().expect("a number");
    let agree = match arguments.first().map(String::as_str) {
        None => table(&[10, 20, 50, 100, 200]),
        Some("--quick") => table(&[10, 20]),
        Some(checker) => {
            let is_bad = arguments[4] == "true";
            cell(checker, Shape { calls: number(1), clients: number(2), keys: number(3), is_bad });
            true
        }
    };
    if !agree {
        eprintln!("the checkers do not say the same");
    }
    ExitCode::from(u8::from(!agree))
}
