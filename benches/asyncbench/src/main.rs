//! Prints the table of AsyncBench, and writes what it was made from as JSON lines.
//!
//!     asyncbench --rate
//!     asyncbench --shrink
//!     asyncbench [--quick] [--trials N] [--schedules N] [--held-out] [--only program] [--raw path] [column ..]
//!
//! `--rate` prints how many polls a second each tool makes instead, `--shrink` how small failures are made. A column is a tool and a strategy: `ours:portfolio`, `shuttle:urw`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use asyncbench::programs::{Program, held_out, listed};
use asyncbench::search::{self, Found};

/// What to do.
struct Plan {
    trials: u64,
    schedules_max: u64,
    programs: Vec<Program>,
    columns: Vec<String>,
    raw: Option<std::fs::File>,
}

/// The columns of the table that the README holds.
const COLUMNS: [&str; 5] = ["ours:portfolio", "ours:feedback", "ours:random", "shuttle:random", "shuttle:urw"];
/// How often speed is measured; the best counts.
const RATE_ROUNDS: u32 = 40;
/// A search that finds nothing goes on for so many schedules.
const SCHEDULES_MAX: u64 = 10_000;
/// shuttle's searches in programs of 50 tasks and more stop here: they would take hours.
const SCHEDULES_MAX_LARGE: u64 = 2_000;

fn main() -> std::io::Result<()> {
    // What the programs panic with is what is searched for; it need not be read.
    std::panic::set_hook(Box::new(|_| {}));
    match std::env::args().nth(1).as_deref() {
        Some("--rate") => return rate(),
        Some("--shrink") => return shrink(),
        _ => {}
    }
    let mut plan = plan()?;
    let columns: String = plan.columns.iter().map(|column| format!(" {column} |")).collect();
    println!("| program | polls |{columns}\n|---|---:|{}", "---:|".repeat(plan.columns.len()));
    let mut sums = vec![Sum::default(); plan.columns.len()];
    for program in plan.programs.clone() {
        let mut cells = String::new();
        // The polls of a schedule, by whether it is shuttle's.
        let mut points = BTreeMap::new();
        for (column, sum) in sums.iter_mut().enumerate() {
            let found = search(&mut plan, &program, column)?;
            let tool = plan.columns[column].starts_with("shuttle");
            let seen = found.iter().map(|found| found.points).find(|points| points.is_finite());
            let figure = seen.map_or("?".to_owned(), |points| format!("{points:.0}"));
            points.entry(tool).or_insert(figure);
            let cell = Cell::of(&found);
            sum.add(&cell);
            let _ = write!(cells, " {cell} |");
        }
        let points: Vec<String> = points.into_values().collect();
        println!("| {} | {} |{cells}", program.name, same(&points));
    }
    for (column, sum) in plan.columns.iter().zip(&sums) {
        println!("\n{column}: {sum}");
    }
    Ok(())
}

/// Prints the polls per second of a program of tasks that yield, for a growing number of tasks.
fn rate() -> std::io::Result<()> {
    println!(
        "| tasks | ours:random | ours:portfolio | shuttle:random | random to random |\n|---:|---:|---:|---:|---:|"
    );
    for tasks in asyncbench::programs::yielding() {
        // Side by side, and often: what else the machine does is to hit all alike.
        let mut best = [0.0_f64; 3];
        for _ in 0..RATE_ROUNDS {
            let ours = ["random", "portfolio"].map(|strategy| search::rate_ours(&tasks, strategy));
            let all = [ours[0], ours[1], search::rate_theirs(&tasks)];
            all.into_iter().zip(&mut best).for_each(|(rate, best)| *best = best.max(rate));
        }
        let [random, portfolio, theirs] = best;
        let millions = [random, portfolio, theirs].map(|rate| format!("{:.2} M/s", rate / 1e6)).join(" | ");
        println!("| {} | {millions} | {:.1} |", tasks.tasks, random / theirs);
    }
    Ok(())
}

/// Prints how often shrinking comes to the least number of unusual choices, in small programs.
fn shrink() -> std::io::Result<()> {
    let names = ["reorder_3", "reorder_4", "reorder_5", "reorder_10", "twostage", "wronglock", "wronglock_3"];
    println!("| program | least unusual choices | reached | replays, mean |\n|---|---:|---:|---:|");
    for program in listed().into_iter().filter(|program| names.contains(&program.name)) {
        let shrunk: Vec<_> = (0..20).filter_map(|trial| search::shrunk(&program, trial)).collect();
        let known = search::least_unusual(&program);
        // Where it is not known, the best that any trial came to.
        let least = known.or_else(|| shrunk.iter().map(|(unusual, _)| *unusual).min()).unwrap_or(0);
        let sure = if known.is_some() { "" } else { "≤ " };
        let reached = shrunk.iter().filter(|(unusual, _)| *unusual <= least).count();
        let replays = shrunk.iter().map(|(_, replays)| f64::from(*replays)).sum::<f64>() / shrunk.len() as f64;
        println!("| {} | {sure}{least} | {reached} of {} | {replays:.0} |", program.name, shrunk.len());
    }
    Ok(())
}

/// One figure if all are alike, else ours and shuttle's.
fn same(points: &[String]) -> String {
    if points.iter().all(|other| *other == points[0]) { points[0].clone() } else { points.join(" / ") }
}

fn search(plan: &mut Plan, program: &Program, column: usize) -> std::io::Result<Vec<Found>> {
    let column = plan.columns[column].clone();
    let (tool, strategy) = column.split_once(':').unwrap_or(("ours", &column));
    let mut all = Vec::new();
    for trial in 0..plan.trials {
        let found = match tool {
            "shuttle" => {
                let large = program.tasks >= 50;
                let most = if large { SCHEDULES_MAX_LARGE.min(plan.schedules_max) } else { plan.schedules_max };
                search::theirs(program, strategy, trial, most)
            }
            _ => search::ours(program, strategy, trial, plan.schedules_max),
        };
        if let Some(raw) = &mut plan.raw {
            let after = found.after.map_or("null".to_owned(), |after| after.to_string());
            let Found { points, took, .. } = found;
            let points = if points.is_finite() { format!("{points:.1}") } else { "null".to_owned() };
            writeln!(
                raw,
                r#"{{"program":"{}","tool":"{tool}","strategy":"{strategy}","trial":{trial},"found_after":{after},"polls_per_schedule":{points},"micros":{}}}"#,
                program.name,
                took.as_micros()
            )?;
        }
        all.push(found);
    }
    Ok(all)
}

fn plan() -> std::io::Result<Plan> {
    let mut plan =
        Plan { trials: 20, schedules_max: SCHEDULES_MAX, programs: listed(), columns: Vec::new(), raw: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| std::io::Error::other(format!("{argument} needs a value")));
        match argument.as_str() {
            "--quick" => (plan.trials, plan.schedules_max) = (2, 200),
            "--trials" => plan.trials = value()?.parse().map_err(std::io::Error::other)?,
            "--schedules" => plan.schedules_max = value()?.parse().map_err(std::io::Error::other)?,
            "--held-out" => plan.programs = held_out(),
            "--only" => {
                let name = value()?;
                plan.programs.retain(|program| program.name.starts_with(&name));
            }
            "--raw" => plan.raw = Some(std::fs::File::create(value()?)?),
            column if column.starts_with("--") => {
                return Err(std::io::Error::other(format!("there is no option {column}")));
            }
            column => plan.columns.push(column.to_owned()),
        }
    }
    if plan.columns.is_empty() {
        plan.columns = COLUMNS.map(str::to_owned).to_vec();
    }
    Ok(plan)
}

/// What the searches of one column for one program came to.
struct Cell {
    found: usize,
    trials: usize,
    /// Over those that found it.
    mean: f64,
    millis: f64,
}

impl Cell {
    fn of(found: &[Found]) -> Self {
        let after: Vec<u64> = found.iter().filter_map(|found| found.after).collect();
        let mean = after.iter().sum::<u64>() as f64 / after.len() as f64;
        let millis = found.iter().map(|found| found.took.as_secs_f64() * 1e3).sum::<f64>() / found.len() as f64;
        Self { found: after.len(), trials: found.len(), mean, millis }
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { found, trials, mean, millis } = self;
        if *found == 0 {
            write!(f, "– (0/{trials})")?;
        } else if found == trials {
            write!(f, "{mean:.0}")?;
        } else {
            write!(f, "{mean:.0} ({found}/{trials})")?;
        }
        write!(f, ", {millis:.0} ms")
    }
}

/// What a column comes to over all programs.
#[derive(Clone, Default)]
struct Sum {
    programs: usize,
    always: usize,
    soon: usize,
}

impl Sum {
    fn add(&mut self, cell: &Cell) {
        self.programs += 1;
        self.always += usize::from(cell.found == cell.trials);
        self.soon += usize::from(cell.found == cell.trials && cell.mean <= 100.0);
    }
}

impl std::fmt::Display for Sum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { programs, always, soon } = self;
        write!(
            f,
            "{always} of {programs} programs found in each trial, {soon} of them with a mean of at most 100 schedules"
        )
    }
}
