//! Runs one gallery program under Reveille's default settings and prints what was found, in one line.
//!
//! Every package of the gallery has the same main function (`main.rs` beside its manifest), which hands the name of its
//! package and its program to [`main`]. The line has six fields, separated by tabs: the entry, the variant, the finding
//! or `clean`, the number of runs that it took, the place in the program (or `-`), and the milliseconds that it took.
//! With `--report` the full report comes instead. A finding is no error here: whether it is the right one is for `run.sh` to
//! say, which knows what is expected.

use std::{collections::BTreeSet, env, process::ExitCode, time::Instant};

use reveille::Failure;
use reveille::cancel::Audit;

/// Runs that the mended variant has to pass. The buggy one has to fail within the default number of runs.
const RUNS_WHEN_FIXED: u64 = 10_000;

/// Explores `program`, which belongs to the package `<entry>-<variant>`, and prints the line, or the report.
pub fn main<Program>(package: &str, program: impl Fn() -> Program + Sync) -> ExitCode
where
    Program: Future<Output = ()> + 'static,
{
    let report = match env::args().nth(1).as_deref() {
        None => false,
        Some("--report") => true,
        Some(other) => {
            eprintln!("unknown argument `{other}`: the only one is `--report`");
            return ExitCode::FAILURE;
        }
    };
    let Some((entry, variant)) = package.rsplit_once('-') else {
        panic!("expected a package called `<entry>-<variant>`, this is `{package}`")
    };

    let campaign = match variant {
        "fixed" => reveille::explore().name(package).runs(RUNS_WHEN_FIXED),
        _ => reveille::explore().name(package),
    };
    #[allow(clippy::disallowed_methods, reason = "the time that matters here is that of whoever waits for the answer")]
    let started = Instant::now();
    let outcome = campaign.run(program);
    let took_ms = started.elapsed().as_secs_f64() * 1e3;

    match &outcome {
        Ok(passed) if report => println!("{passed}"),
        Err(failure) if report => println!("{failure}"),
        Ok(passed) => println!("{entry}\t{variant}\tclean\t{}\t-\t{took_ms:.1}", passed.runs),
        Err(failure) => {
            let kind = failure.kind().map_or("no answer".to_owned(), |kind| kind.to_string());
            let runs = failure.run().map_or("-".to_owned(), |run| (run + 1).to_string());
            println!("{entry}\t{variant}\t{kind}\t{runs}\t{}\t{took_ms:.1}", place(failure));
        }
    }
    ExitCode::SUCCESS
}

/// Audits an operation of `package` and prints a line of the same six fields: the finding is what the cuts broke, the runs
/// are those with a cut, and the place is where the smallest failing run has its finding. With `--report` the table comes instead.
pub fn audited<World, Output>(package: &str, audit: Audit<World, Output>) -> ExitCode
where
    World: Clone + 'static,
    Output: 'static,
{
    let Some((entry, variant)) = package.rsplit_once('-') else {
        panic!("expected a package called `<entry>-<variant>`, this is `{package}`")
    };
    #[allow(clippy::disallowed_methods, reason = "the time that matters here is that of whoever waits for the answer")]
    let started = Instant::now();
    let report = match audit.run() {
        Ok(report) => report,
        Err(failure) => {
            eprintln!("{failure}");
            return ExitCode::FAILURE;
        }
    };
    let took_ms = started.elapsed().as_secs_f64() * 1e3;
    if env::args().any(|argument| argument == "--report") {
        println!("{report}");
        return ExitCode::SUCCESS;
    }
    let faults: BTreeSet<String> =
        report.rows().iter().flat_map(|row| row.faults.keys().map(ToString::to_string)).collect();
    let faults: Vec<String> = faults.into_iter().collect();
    let found = if report.is_clean() { "clean".to_owned() } else { faults.join(", ") };
    let place = report.failure().map_or("-".to_owned(), place);
    println!("{entry}\t{variant}\t{found}\t{}\t{place}\t{took_ms:.1}", report.cut_runs());
    ExitCode::SUCCESS
}

/// The line of the program that the report is about: where the guilty task waits, where the first panic was, or what the
/// report names first.
fn place(failure: &Failure) -> String {
    // Where no line is known, the report names where the task was spawned.
    let at = failure.place().unwrap_or_else(|| failure.to_string());
    let found = ["program.rs", "audit.rs"].into_iter().find_map(|file| Some((file, at.split_once(file)?.1)));
    let Some((file, rest)) = found else { return "-".to_owned() };
    let line: String = rest.trim_start_matches(':').chars().take_while(char::is_ascii_digit).collect();
    format!("{file}:{line}")
}
