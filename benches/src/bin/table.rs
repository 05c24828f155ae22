//! Reads what criterion and `memory` have measured and writes the table into the README.
//!
//!     table <criterion's directory> <number of rounds> <output of `memory`> <README>
//!
//! A figure is the ratio of two medians of one round, ours to the peer's; of the rounds it is the median again, with the
//! least and the greatest beside it. Where a peer was measured in several ways, the fastest of them counts.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What the table stands between in the README.
const BEGIN: &str = "<!-- table -->\n";
const END: &str = "<!-- end of table -->\n";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [criterion, rounds, memory, readme] = arguments.as_slice() else {
        return Err("usage: table <criterion's directory> <number of rounds> <output of `memory`> <README>".into());
    };
    let rounds: Vec<Medians> =
        (1..=rounds.parse::<u32>()?).map(|round| medians(criterion.as_ref(), round)).collect::<Result<_>>()?;
    let table = table(&rounds, &counts(&fs::read_to_string(memory)?)?)?;
    print!("{table}");
    let text = fs::read_to_string(readme)?;
    let (before, rest) = text.split_once(BEGIN).ok_or("the README has no place for the table")?;
    let (_, after) = rest.split_once(END).ok_or("the README has no end of the table")?;
    fs::write(readme, format!("{before}{BEGIN}\n{table}\n{END}{after}"))?;
    Ok(())
}

/// Nanoseconds by the name of the benchmark.
type Medians = BTreeMap<String, f64>;

fn medians(criterion: &Path, round: u32) -> Result<Medians> {
    let mut medians = Medians::new();
    for group in fs::read_dir(criterion)? {
        let Ok(benchmarks) = fs::read_dir(group?.path()) else { continue };
        for benchmark in benchmarks {
            let directory = benchmark?.path().join(format!("round-{round}"));
            if !directory.is_dir() {
                continue;
            }
            let read =
                |file| -> Result<Value> { Ok(serde_json::from_str(&fs::read_to_string(directory.join(file))?)?) };
            let name = read("benchmark.json")?["full_id"].as_str().ok_or("a benchmark without a name")?.to_owned();
            let median = &read("estimates.json")?["median"]["point_estimate"];
            medians.insert(name, median.as_f64().ok_or("a benchmark without a median")?);
        }
    }
    Ok(medians)
}

fn counts(memory: &str) -> Result<BTreeMap<String, f64>> {
    let count = |line: &str| {
        let (name, value) = line.split_once(' ').ok_or("`memory` prints a name and a value a line")?;
        Ok((name.to_owned(), value.parse()?))
    };
    memory.lines().map(count).collect()
}

/// One line of the table.
struct Row {
    ours: &'static str,
    /// The benchmark, and the way that it was run in.
    measured: (&'static str, &'static str),
    peer: &'static str,
    /// Benchmarks and ways; the fastest counts.
    against: &'static [(&'static str, &'static str)],
    target: Option<f64>,
}

const fn row(
    ours: &'static str,
    measured: (&'static str, &'static str),
    peer: &'static str,
    against: &'static [(&'static str, &'static str)],
    target: Option<f64>,
) -> Row {
    Row { ours, measured, peer, against, target }
}

const AWAIT: &str = "spawn_await/tasks=1000";
const JOIN: &str = "spawn_join/tasks=100000";
const YIELD: &str = "yield/tasks=1000,yields=200";
const PING: &str = "ping_pong/turns=100000";
const MUTEX: &str = "mutex_run/tasks=4,locks=25";
const SLEEP_100: &str = "sleep/tasks=1000,sleeps=100,below=100ms";
const SLEEP_1000: &str = "sleep/tasks=1000,sleeps=100,below=1000ms";
const SLEEP_100000: &str = "sleep/tasks=1000,sleeps=100,below=100000ms";
const EMPTY: &str = "empty_run";
const AUDIT: &str = "audit/cuts=500,schedules=16";
const FEW: &str = "poll/tasks=10";
const SOME: &str = "poll/tasks=1000";
const MANY: &str = "poll/tasks=100000";
const BY_HAND: &str = "on=by-hand,random";

const LOOPBACK_1: &str = "loopback/clients=1";
const LOOPBACK_10: &str = "loopback/clients=10";
const LOOPBACK_100: &str = "loopback/clients=100";

const POOL_YIELD: &str = "pool_yield/tasks=1000,yields=200";
const POOL_JOIN: &str = "pool_spawn_join/tasks=100000";
const POOL_CHAIN: &str = "pool_chain/tasks=10000";
const POOL_PING: &str = "pool_ping_pong/messages=10000";
const QUEUES: &str = "queues/entries=1000,turns=200";

const DEFAULT: &str = "on=reveille,strategy=default";
const RANDOM: &str = "on=reveille,strategy=random";
const FIFO: &str = "on=reveille,strategy=fifo";
/// The first run of a campaign.
const FIRST: &str = "on=reveille,seed=0";
const ONE: &str = "on=reveille,runs=1";
const EXECUTOR: &str = "on=executor";
const AT_RANDOM: &str = "on=executor,random";
const OS: &str = "on=executor,reactor=os";
const POOL_2: &str = "on=pool,threads=2";
const POOL_1: &str = "on=pool,threads=1";
const RING_2: &str = "of=ring,threads=2";
const RING_1: &str = "of=ring,threads=1";
const TOKIO_2: &str = "on=tokio,threads=2";
const ASYNC_2: &str = "on=async-executor,threads=2";
const TOKIO: &str = "tokio";
const TOKIO_OF_2: &str = "tokio, 2 threads";
const ASYNC_OF_2: &str = "async-executor, 2 threads";
const ONE_THREAD: &str = "pool of 1";
const HAND: &str = "a loop by hand";

/// Every benchmark that was made, those that we lose included.
const ROWS: &[(&str, &[Row])] = &[
    (
        "spawn a task and await it, 1,000 times",
        &[
            row("random", (AWAIT, RANDOM), TOKIO, &[(AWAIT, "on=tokio"), (AWAIT, "on=tokio-local")], Some(0.35)),
            row("default", (AWAIT, DEFAULT), TOKIO, &[(AWAIT, "on=tokio"), (AWAIT, "on=tokio-local")], None),
            row("executor", (AWAIT, EXECUTOR), TOKIO, &[(AWAIT, "on=tokio"), (AWAIT, "on=tokio-local")], Some(0.35)),
        ],
    ),
    (
        "spawn 100,000 tasks, then join them",
        &[
            row("random", (JOIN, RANDOM), TOKIO, &[(JOIN, "on=tokio"), (JOIN, "on=tokio-local")], Some(0.40)),
            row("fifo", (JOIN, FIFO), TOKIO, &[(JOIN, "on=tokio"), (JOIN, "on=tokio-local")], Some(0.40)),
            row("first run", (JOIN, FIRST), TOKIO, &[(JOIN, "on=tokio"), (JOIN, "on=tokio-local")], None),
            row("executor", (JOIN, EXECUTOR), TOKIO, &[(JOIN, "on=tokio"), (JOIN, "on=tokio-local")], Some(0.40)),
            row("executor, random", (JOIN, AT_RANDOM), TOKIO, &[(JOIN, "on=tokio"), (JOIN, "on=tokio-local")], None),
            row("by hand, random", (JOIN, BY_HAND), TOKIO, &[(JOIN, "on=tokio"), (JOIN, "on=tokio-local")], None),
        ],
    ),
    (
        "1,000 tasks yield 200 times each",
        &[
            row("random", (YIELD, RANDOM), TOKIO, YIELD_TOKIO, Some(0.60)),
            row("default", (YIELD, DEFAULT), TOKIO, YIELD_TOKIO, None),
            row("fifo", (YIELD, FIFO), TOKIO, YIELD_TOKIO, Some(0.60)),
            row("first run", (YIELD, FIRST), TOKIO, YIELD_TOKIO, None),
            row("executor", (YIELD, EXECUTOR), TOKIO, YIELD_TOKIO, Some(0.60)),
            row("random", (YIELD, RANDOM), HAND, &[(YIELD, "on=by-hand")], Some(6.0)),
            row("fifo", (YIELD, FIFO), HAND, &[(YIELD, "on=by-hand")], Some(6.0)),
            row("executor", (YIELD, EXECUTOR), HAND, &[(YIELD, "on=by-hand")], None),
        ],
    ),
    (
        "two tasks wake each other 100,000 times",
        &[
            row("random", (PING, RANDOM), TOKIO, PING_TOKIO, Some(0.90)),
            row("fifo", (PING, FIFO), TOKIO, PING_TOKIO, Some(0.90)),
            row("executor", (PING, EXECUTOR), TOKIO, PING_TOKIO, Some(0.90)),
        ],
    ),
    (
        "a run: 4 tasks lock, yield, unlock, 25 times each, on tokio's mutex",
        &[
            row("random", (MUTEX, RANDOM), "tokio, paused", MUTEX_TOKIO, Some(0.80)),
            row("random", (MUTEX, RANDOM), "shuttle, random", MUTEX_SHUTTLE, Some(0.60)),
            row("default", (MUTEX, DEFAULT), "tokio, paused", MUTEX_TOKIO, None),
            row("default", (MUTEX, DEFAULT), "shuttle, random", MUTEX_SHUTTLE, None),
            row("one run", (MUTEX, ONE), "tokio, paused", MUTEX_TOKIO, None),
        ],
    ),
    (
        "1,000 tasks sleep 100 times each, less than 1 s",
        &[
            row("random", (SLEEP_1000, RANDOM), "tokio, paused", &[(SLEEP_1000, "on=tokio-paused")], Some(0.25)),
            row("fifo", (SLEEP_1000, FIFO), "tokio, paused", &[(SLEEP_1000, "on=tokio-paused")], Some(0.25)),
            row("random", (SLEEP_1000, RANDOM), "bach", &[(SLEEP_1000, "on=bach")], None),
        ],
    ),
    (
        "the same, less than 100 ms: timers share their instants",
        &[
            row("random", (SLEEP_100, RANDOM), "tokio, paused", &[(SLEEP_100, "on=tokio-paused")], None),
            row("fifo", (SLEEP_100, FIFO), "tokio, paused", &[(SLEEP_100, "on=tokio-paused")], None),
        ],
    ),
    (
        "the same, less than 100 s: each timer has its own",
        &[
            row("random", (SLEEP_100000, RANDOM), "tokio, paused", &[(SLEEP_100000, "on=tokio-paused")], None),
            row("fifo", (SLEEP_100000, FIFO), "tokio, paused", &[(SLEEP_100000, "on=tokio-paused")], None),
        ],
    ),
    (
        "an empty run",
        &[
            row("random", (EMPTY, RANDOM), "moonpool, world", &[(EMPTY, "on=moonpool-world")], Some(1.0)),
            row("default", (EMPTY, DEFAULT), "moonpool, world", &[(EMPTY, "on=moonpool-world")], None),
            row("random", (EMPTY, RANDOM), "moonpool, executor", &[(EMPTY, "on=moonpool-executor")], None),
            row("random", (EMPTY, RANDOM), "moonpool, both", &[(EMPTY, "on=moonpool")], None),
            row("random", (EMPTY, RANDOM), "tokio, paused", &[(EMPTY, "on=tokio-paused")], None),
            row("random", (EMPTY, RANDOM), "shuttle, random", &[(EMPTY, "on=shuttle")], None),
            row("one run", (EMPTY, ONE), "tokio, paused", &[(EMPTY, "on=tokio-paused")], None),
        ],
    ),
    (
        "an audit of an operation: a run with a cut, of 500 cuts in 16 schedules each",
        &[row("audit", (AUDIT, "on=reveille,cut"), "plain runs", &[(AUDIT, "on=reveille,plain")], Some(2.0))],
    ),
    (
        "a poll among 1,000 tasks",
        &[
            row("random", (SOME, RANDOM), "among 10", &[(FEW, RANDOM)], None),
            row("fifo", (SOME, FIFO), "among 10", &[(FEW, FIFO)], None),
            row("executor", (SOME, EXECUTOR), "among 10", &[(FEW, EXECUTOR)], None),
        ],
    ),
    (
        "a poll among 100,000 tasks",
        &[
            row("random", (MANY, RANDOM), "among 10", &[(FEW, RANDOM)], Some(2.0)),
            row("fifo", (MANY, FIFO), "among 10", &[(FEW, FIFO)], Some(2.0)),
            row("executor", (MANY, EXECUTOR), "among 10", &[(FEW, EXECUTOR)], None),
            row("by hand, random", (MANY, BY_HAND), "among 10", &[(FEW, BY_HAND)], None),
        ],
    ),
    (
        "1 client over loopback: 64 bytes to a server on the same thread and back",
        &[row("reactor", (LOOPBACK_1, OS), TOKIO, &[(LOOPBACK_1, "on=tokio")], Some(1.1))],
    ),
    (
        "10 clients at once: the same",
        &[row("reactor", (LOOPBACK_10, OS), TOKIO, &[(LOOPBACK_10, "on=tokio")], Some(1.1))],
    ),
    (
        "100 clients at once: the same",
        &[row("reactor", (LOOPBACK_100, OS), TOKIO, &[(LOOPBACK_100, "on=tokio")], Some(1.1))],
    ),
    (
        "2 threads: 1,000 tasks yield 200 times each",
        &[
            row("pool", (POOL_YIELD, POOL_2), TOKIO_OF_2, POOL_YIELD_TOKIO, Some(1.0)),
            row("pool", (POOL_YIELD, POOL_2), ASYNC_OF_2, &[(POOL_YIELD, ASYNC_2)], None),
            row("pool", (POOL_YIELD, POOL_2), ONE_THREAD, &[(POOL_YIELD, POOL_1)], None),
        ],
    ),
    (
        "2 threads: spawn 100,000 tasks, then join them",
        &[
            row("pool", (POOL_JOIN, POOL_2), TOKIO_OF_2, &[(POOL_JOIN, TOKIO_2)], Some(0.80)),
            row("pool", (POOL_JOIN, POOL_2), ASYNC_OF_2, &[(POOL_JOIN, ASYNC_2)], None),
            row("pool", (POOL_JOIN, POOL_2), ONE_THREAD, &[(POOL_JOIN, POOL_1)], None),
        ],
    ),
    (
        "2 threads: a chain of 10,000 spawns",
        &[
            row("pool", (POOL_CHAIN, POOL_2), TOKIO_OF_2, &[(POOL_CHAIN, TOKIO_2)], Some(0.80)),
            row("pool", (POOL_CHAIN, POOL_2), ASYNC_OF_2, &[(POOL_CHAIN, ASYNC_2)], None),
            row("pool", (POOL_CHAIN, POOL_2), ONE_THREAD, &[(POOL_CHAIN, POOL_1)], None),
        ],
    ),
    (
        "2 threads: 10,000 messages there and back through a channel",
        &[
            row("pool", (POOL_PING, POOL_2), TOKIO_OF_2, &[(POOL_PING, TOKIO_2)], Some(1.0)),
            row("pool", (POOL_PING, POOL_2), ASYNC_OF_2, &[(POOL_PING, ASYNC_2)], None),
            row("pool", (POOL_PING, POOL_2), ONE_THREAD, &[(POOL_PING, POOL_1)], None),
        ],
    ),
    (
        "2 threads: 1,000 entries are taken from workers' queues and put back, 200 times each",
        &[
            row("ring, stealing", (QUEUES, RING_2), "a global queue alone", &[(QUEUES, "of=none,threads=2")], None),
            row(
                "ring, stealing",
                (QUEUES, RING_2),
                "locked queues, stealing",
                &[(QUEUES, "of=locked,threads=2")],
                None,
            ),
            row("ring, stealing", (QUEUES, RING_2), "1 thread", &[(QUEUES, RING_1)], None),
        ],
    ),
    (
        "1 thread: the same",
        &[
            row("ring", (QUEUES, RING_1), "a global queue alone", &[(QUEUES, "of=none,threads=1")], None),
            row("ring", (QUEUES, RING_1), "a locked queue", &[(QUEUES, "of=locked,threads=1")], None),
        ],
    ),
    (
        "what comparing runs adds to a campaign of 1,000 (the run on the mutex)",
        &[row(
            "random",
            (MUTEX, RANDOM),
            "not compared",
            &[(MUTEX, "on=reveille,strategy=random,compared=none")],
            None,
        )],
    ),
    (
        "a campaign of one run, which is compared (the run on the mutex)",
        &[row("one run", (MUTEX, ONE), "random", &[(MUTEX, RANDOM)], None)],
    ),
];

const YIELD_TOKIO: &[(&str, &str)] = &[(YIELD, "on=tokio"), (YIELD, "on=tokio-local"), (YIELD, "on=tokio,yield=tokio")];
const POOL_YIELD_TOKIO: &[(&str, &str)] = &[(POOL_YIELD, TOKIO_2), (POOL_YIELD, "on=tokio,yield=tokio,threads=2")];
const PING_TOKIO: &[(&str, &str)] = &[(PING, "on=tokio-local"), (PING, "on=tokio-local-set")];
const MUTEX_TOKIO: &[(&str, &str)] = &[(MUTEX, "on=tokio-paused"), (MUTEX, "on=tokio-paused,yield=tokio")];
const MUTEX_SHUTTLE: &[(&str, &str)] = &[(MUTEX, "on=shuttle,mutex=tokio"), (MUTEX, "on=shuttle,mutex=shuttle")];

fn table(rounds: &[Medians], counts: &BTreeMap<String, f64>) -> Result<String> {
    let mut table = String::from("| | ours | peer | ratio | rounds | target | |\n|---|---|---|---:|---:|---:|---|\n");
    for (what, rows) in ROWS {
        for (at, row) in rows.iter().enumerate() {
            let what = if at == 0 { what } else { "" };
            let ratios = ratios(row, rounds)?;
            let (least, ratio, greatest) = (ratios[0], median(&ratios), ratios[ratios.len() - 1]);
            let Row { ours, peer, target, .. } = row;
            let spread = format!("{}–{}", short(least), short(greatest));
            let target = target_cells(ratio, *target);
            writeln!(table, "| {what} | {ours} | {peer} | {} | {spread} | {target} |", short(ratio))?;
        }
    }
    let count = |name: &str| counts.get(name).copied().ok_or(format!("`memory` did not print `{name}`"));
    let (ours, tokio) = (count("bytes_per_task/on=reveille")?, count("bytes_per_task/on=tokio")?);
    let allocations = count("allocations/empty_run")?;
    writeln!(
        table,
        "\n| | ours | tokio | target | |\n|---|---:|---:|---:|---|\n\
         | bytes per task, 1,000,000 of them, handles and queue included | {ours:.0} | {tokio:.0} | |  |\n\
         | allocations of an empty run | {allocations:.2} | | {} |",
        target_cells(allocations, Some(2.0))
    )?;
    Ok(table)
}

/// The ratio of each round, ascending.
fn ratios(row: &Row, rounds: &[Medians]) -> Result<Vec<f64>> {
    let ratio = |medians: &Medians| {
        let median = |(group, way): (&str, &str)| {
            let name = format!("{group}/{way}");
            medians.get(&name).copied().ok_or_else(|| format!("`{name}` was not measured in every round"))
        };
        let peers = row.against.iter().map(|peer| median(*peer)).collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(median(row.measured)? / peers.into_iter().fold(f64::INFINITY, f64::min))
    };
    let mut ratios: Vec<f64> = rounds.iter().map(ratio).collect::<std::result::Result<_, String>>()?;
    ratios.sort_by(f64::total_cmp);
    Ok(ratios)
}

fn median(ascending: &[f64]) -> f64 {
    let middle = ascending.len() / 2;
    if ascending.len() % 2 == 1 { ascending[middle] } else { f64::midpoint(ascending[middle - 1], ascending[middle]) }
}

fn short(ratio: f64) -> String {
    if ratio < 10.0 { format!("{ratio:.2}") } else { format!("{ratio:.0}") }
}

fn target_cells(figure: f64, target: Option<f64>) -> String {
    match target {
        None => " | ".into(),
        Some(target) if figure <= target => format!("≤ {target} | met"),
        Some(target) => format!("≤ {target} | **missed**"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_peer_counts_and_rounds_are_taken_by_their_median() {
        let row = row("ours", ("a", "on=us"), "peer", &[("a", "on=one"), ("a", "on=two")], Some(1.0));
        let round =
            |us, one, two| Medians::from([("a/on=us".into(), us), ("a/on=one".into(), one), ("a/on=two".into(), two)]);
        let rounds = [round(9.0, 10.0, 30.0), round(1.0, 4.0, 2.0), round(3.0, 2.0, 8.0)];
        assert_eq!(ratios(&row, &rounds).unwrap(), [0.5, 0.9, 1.5]);
        assert_eq!(median(&ratios(&row, &rounds).unwrap()), 0.9);
        assert!(ratios(&row, &[Medians::new()]).unwrap_err().to_string().contains("`a/on=one`"));
    }

    #[test]
    fn a_missed_target_is_shown_as_missed() {
        assert_eq!(target_cells(0.41, Some(0.4)), "≤ 0.4 | **missed**");
        assert_eq!(target_cells(0.40, Some(0.4)), "≤ 0.4 | met");
    }
}
